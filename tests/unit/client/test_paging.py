from itertools import islice

import httpx

from modelyard.client.paging import listed

from .wire import transport_over


class Numbers:
    """Pages of two numbers without end, counting its requests."""

    def __init__(self, last: int = 10**9) -> None:
        self.asked: list[int] = []
        self.last = last

    def __call__(self, request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("page_token", 0))
        self.asked.append(start)
        value = [{"n": start}, {"n": start + 1}]
        return httpx.Response(
            200, json={"value": value, "next_page_token": str(start + 2) if start < self.last else None}
        )


def test_pages_are_asked_for_when_the_reader_gets_there() -> None:
    numbers = Numbers()
    items = listed(transport_over(numbers), "/n")
    assert numbers.asked == []
    assert [item["n"] for item in islice(items, 3)] == [0, 1, 2]
    assert numbers.asked == [0, 2]


def test_the_last_page_ends_the_list() -> None:
    assert [item["n"] for item in listed(transport_over(Numbers(last=2)), "/n")] == [0, 1, 2, 3]


def test_map_and_filter_stay_lazy_and_combine() -> None:
    numbers = Numbers()
    even = listed(transport_over(numbers), "/n").map(lambda item: item["n"]).filter(lambda n: n % 2 == 0)
    assert list(islice(even.map(str), 2)) == ["0", "2"]
    assert numbers.asked == [0, 2]


def test_by_page_gives_whole_pages() -> None:
    pages = listed(transport_over(Numbers(last=2)), "/n").by_page()
    assert [[item["n"] for item in page] for page in pages] == [[0, 1], [2, 3]]


def test_the_first_of_a_list_ask_for_no_page_that_is_not_needed() -> None:
    numbers = Numbers()
    assert [item["n"] for item in listed(transport_over(numbers), "/n").first(3)] == [0, 1, 2]
    assert numbers.asked == [0, 2]
    assert list(listed(transport_over(numbers), "/n").first(0)) == []
    assert len(list(listed(transport_over(Numbers(last=2)), "/n").first(None))) == 4
    assert len(list(listed(transport_over(Numbers(last=2)), "/n").first(9))) == 4
