"""Assets: immutable versions without gaps, labels, archiving, lists."""

import threading

import pytest

from modelyard.domain.errors import Conflict, InvalidInput, NotFound
from modelyard.kit.paging import Page
from modelyard.store.records import AssetKind
from modelyard.store.repositories.assets import AssetFilter, NewVersion

W = "default"
DATA, ENVIRONMENT = AssetKind.DATA, AssetKind.ENVIRONMENT


@pytest.fixture
def create(yard):
    def make(name, version=None, kind=DATA, **values):
        with yard.transaction("ann") as tx:
            return tx.assets.create_version(W, kind, NewVersion(name=name, version=version, **{"spec": {}, **values}))

    return make


def in_threads(*calls):
    """Run at the same moment; answer what each returned or raised."""
    results: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(index, call):
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_versions_count_up_per_name_and_kind(create):
    assert [create("iris").version for _ in range(3)] == ["1", "2", "3"]
    assert create("wine").version == "1"
    assert create("iris", kind=ENVIRONMENT).version == "1"


@pytest.mark.parametrize(
    ("given", "following"),
    [("7", "8"), ("007", "8"), ("2024-01", "1"), ("v9", "1"), ("1.5", "1"), ("9" * 30, "1"), ("²", "1")],
)
def test_counting_goes_on_from_the_highest_number(create, given, following):
    assert create("iris", given).version == given
    assert create("iris").version == following


def test_a_lower_number_does_not_turn_the_count_back(create):
    create("iris", "5")
    create("iris", "2")
    assert create("iris").version == "6"


def test_a_version_comes_back_as_it_was_written(yard, create, clock):
    create(
        "iris", spec={"b": 1, "a": [None]}, description="d", tags={"t": "1"}, properties={"p": "2"}, content_hash="h"
    )
    with yard.snapshot() as tx:
        found = tx.assets.get(W, DATA, "iris", "1")
    assert (found.spec, list(found.spec)) == ({"b": 1, "a": [None]}, ["b", "a"])
    assert (found.description, found.tags, found.properties, found.content_hash) == ("d", {"t": "1"}, {"p": "2"}, "h")
    assert (found.created_by, found.created_at, found.archived) == ("ann", clock.now(), False)


def test_a_version_does_not_change(create):
    create("iris", "1")
    with pytest.raises(Conflict, match="versions do not change") as conflict:
        create("iris", "1")
    assert (conflict.value.field, conflict.value.mend) == (
        "version",
        "leave the version out to get 2, or choose another",
    )


def test_a_number_that_was_taken_by_hand_is_not_stumbled_over(create):
    create("iris", "1")
    create("iris", "3")
    create("iris", "2")
    assert create("iris").version == "4"


def test_of_two_clients_that_create_the_same_version_exactly_one_wins(yard, create):
    results = in_threads(*[lambda n=n: create("iris", "5", spec={"from": n}) for n in range(4)])
    won = [result for result in results if not isinstance(result, Exception)]
    assert len(won) == 1
    assert all(isinstance(result, Conflict) for result in results if result is not won[0])
    with yard.snapshot() as tx:
        assert tx.assets.get(W, DATA, "iris", "5").spec == won[0].spec
        assert len(tx.assets.list_versions(W, DATA, "iris", Page())) == 1


def test_numbers_have_no_gaps_under_concurrency_and_rollback(yard, create):
    def fail():
        with yard.transaction() as tx:
            tx.assets.create_version(W, DATA, NewVersion(name="iris", spec={}))
            raise RuntimeError("the client died")

    in_threads(*[call for _ in range(4) for call in (lambda: create("iris"), fail)])
    with yard.snapshot() as tx:
        versions = [record.version for record in tx.assets.list_versions(W, DATA, "iris", Page())]
    assert versions == ["4", "3", "2", "1"]


def test_an_anonymous_version_is_made_once(create):
    def again():
        return create("anonymous", "abc", kind=ENVIRONMENT, anonymous=True, content_hash="abc")

    assert len({record.id for record in in_threads(again, again, again)}) == 1
    with pytest.raises(Conflict):
        create("anonymous", "abc", kind=ENVIRONMENT, anonymous=True, content_hash="other")


def test_what_is_missing_is_named_with_what_there_is(yard, create):
    create("iris", "1")
    create("iris", "2")
    with yard.snapshot() as tx:
        with pytest.raises(NotFound, match=r"no version '3'\. There are: 2, 1\."):
            tx.assets.get(W, DATA, "iris", "3")
        with pytest.raises(NotFound, match="no data asset 'irs'") as missing:
            tx.assets.get(W, DATA, "irs", "1")
        assert missing.value.mend == "did you mean 'iris'?"
        with pytest.raises(NotFound, match="no label 'prod'"):
            tx.assets.by_label(W, DATA, "iris", "prod")
        with pytest.raises(NotFound, match="no environment asset 'iris'"):
            tx.assets.container(W, ENVIRONMENT, "iris")


def test_latest_is_the_newest_that_is_not_archived(yard, create):
    for version in ("10", "2", "text"):
        create("iris", version)
    with yard.transaction() as tx:
        assert tx.assets.by_label(W, DATA, "iris", "latest").version == "text"
        tx.assets.set_archived(W, DATA, "iris", "text", archived=True)
        assert tx.assets.by_label(W, DATA, "iris", "latest").version == "2"
        assert tx.assets.get(W, DATA, "iris", "text").archived, "a reference by version goes on working"
        for version in ("2", "10"):
            tx.assets.set_archived(W, DATA, "iris", version, archived=True)
        assert tx.assets.container(W, DATA, "iris").latest is None
        with pytest.raises(NotFound, match="archived"):
            tx.assets.by_label(W, DATA, "iris", "latest")
        tx.assets.set_archived(W, DATA, "iris", "10", archived=False)
        assert tx.assets.by_label(W, DATA, "iris", "latest").version == "10"


def test_labels_move_and_latest_is_not_one_of_them(yard, create):
    create("iris")
    create("iris")
    with yard.transaction() as tx:
        tx.assets.set_label(W, DATA, "iris", "prod", "1")
        tx.assets.set_label(W, DATA, "iris", "prod", "2")
        tx.assets.set_label(W, DATA, "iris", "test", "1")
        assert tx.assets.labels(W, DATA, "iris") == {"prod": "2", "test": "1"}
        assert tx.assets.by_label(W, DATA, "iris", "prod").version == "2"
        tx.assets.remove_label(W, DATA, "iris", "test")
        assert tx.assets.labels(W, DATA, "iris") == {"prod": "2"}
        for call in (
            lambda: tx.assets.set_label(W, DATA, "iris", "latest", "1"),
            lambda: tx.assets.remove_label(W, DATA, "iris", "latest"),
        ):
            with pytest.raises(InvalidInput, match="computed"):
                call()
        with pytest.raises(NotFound):
            tx.assets.remove_label(W, DATA, "iris", "test")
        with pytest.raises(NotFound):
            tx.assets.set_label(W, DATA, "iris", "prod", "9")


def test_a_list_has_one_row_for_each_name(yard, create):
    for name in ("a", "b", "a", "c"):
        create(name)
    create("hidden", anonymous=True, version="x", content_hash="x")
    create("a", kind=ENVIRONMENT)
    with yard.snapshot() as tx:
        first = tx.assets.list(W, DATA, Page(2))
        rest = tx.assets.list(W, DATA, Page(2, first.next_token))
    assert [(row.name, row.latest.version) for row in [*first, *rest]] == [("c", "1"), ("b", "1"), ("a", "2")]
    assert rest.next_token is None
    assert rest.items[0].next_version == "3"


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (AssetFilter(), {"iris", "wine"}),
        (AssetFilter(text="IR"), {"iris"}),
        (AssetFilter(text="%"), set()),
        (AssetFilter(tags={"kind": "flower"}), {"iris"}),
        (AssetFilter(tags={"owner": None}), {"wine"}),
        (AssetFilter(tags={"kind": "old"}), set()),
        (AssetFilter(archived=True), {"gone"}),
        (AssetFilter(archived=None), {"iris", "wine", "gone"}),
        (AssetFilter(created_by="bob"), set()),
    ],
)
def test_filters_of_names(yard, create, filter, expected):
    create("iris", tags={"kind": "old"})
    create("iris", tags={"kind": "flower"})
    create("wine")
    create("gone")
    with yard.transaction() as tx:
        tx.assets.set_archived(W, DATA, "gone", archived=True)
        tx.assets.edit(W, DATA, "wine", tags={"owner": "ann"})
    with yard.snapshot() as tx:
        assert {row.name for row in tx.assets.list(W, DATA, Page(), filter)} == expected


def test_filters_of_versions(yard, create, clock):
    create("iris", "2023-a", tags={"x": "1"})
    early = clock.now()
    clock.advance(60)
    create("iris", "2024-a")
    with yard.transaction() as tx:
        tx.assets.set_archived(W, DATA, "iris", "2024-a", archived=True)

    def versions(**values):
        with yard.snapshot() as tx:
            return [row.version for row in tx.assets.list_versions(W, DATA, "iris", Page(), AssetFilter(**values))]

    assert versions() == ["2023-a"]
    assert versions(archived=None) == ["2024-a", "2023-a"]
    assert versions(archived=None, text="2024") == ["2024-a"]
    assert versions(archived=None, tags={"x": "1"}) == ["2023-a"]
    assert versions(archived=None, created_after=early, created_before=clock.now()) == ["2023-a"]


def test_what_is_not_content_may_change(yard, create):
    create("iris", tags={"a": "1"}, spec={"path": "p"})
    with yard.transaction() as tx:
        tx.assets.edit(W, DATA, "iris", "1", description="new", tags={"b": "2"})
        found = tx.assets.get(W, DATA, "iris", "1")
        assert (found.description, found.tags, found.spec) == ("new", {"b": "2"}, {"path": "p"})
        tx.assets.edit(W, DATA, "iris", description="of the name")
        assert tx.assets.container(W, DATA, "iris").description == "of the name"


def test_content_is_found_by_its_hash(yard, create):
    create("iris", content_hash="h1")
    create("copy", content_hash="h1")
    with yard.snapshot() as tx:
        assert tx.assets.by_hash(W, DATA, "h1").name == "copy"
        assert tx.assets.by_hash(W, ENVIRONMENT, "h1") is None


def test_each_change_has_its_event(yard, create):
    create("iris")
    with yard.transaction() as tx:
        tx.assets.set_label(W, DATA, "iris", "prod", "1")
        tx.assets.edit(W, DATA, "iris", "1", tags={})
        tx.assets.set_archived(W, DATA, "iris", archived=True)
        tx.assets.set_archived(W, DATA, "iris", archived=False)
    with yard.snapshot() as tx:
        found = [(e.event.type, e.event.subject) for e in tx.events.after(0, types=["modelyard.data.*"])]
    assert found == [
        ("modelyard.data.created", "data/iris/versions/1"),
        ("modelyard.data.labeled", "data/iris/versions/1"),
        ("modelyard.data.updated", "data/iris/versions/1"),
        ("modelyard.data.archived", "data/iris"),
        ("modelyard.data.restored", "data/iris"),
    ]
