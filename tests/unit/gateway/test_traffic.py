"""Weights, pins, mirrors."""

import random
from collections import Counter

import pytest

from modelyard.gateway.routing import DeploymentRoute, EndpointRoute, InstanceAddress
from modelyard.gateway.traffic import NoDeployment, choose, mirror


def endpoint(traffic: dict[str, int], *, down: str = "", mirrored: dict[str, int] | None = None) -> EndpointRoute:
    def route(name: str) -> DeploymentRoute:
        return DeploymentRoute(name, () if name == down else (InstanceAddress(name, f"/s/{name}"),))

    names = {**traffic, "spare": 0}
    return EndpointRoute("ws/e", "key", (), traffic, mirrored or {}, {name: route(name) for name in names})


def test_requests_are_split_by_weight() -> None:
    draw = random.Random(1)
    found = Counter(choose(endpoint({"blue": 90, "green": 10}), None, draw).name for _ in range(5000))

    assert 0.08 < found["green"] / 5000 < 0.12
    assert set(found) == {"blue", "green"}


def test_zero_weight_gets_nothing() -> None:
    draw = random.Random(1)

    assert {choose(endpoint({"blue": 100, "green": 0}), None, draw).name for _ in range(200)} == {"blue"}


def test_others_answer_for_a_deployment_without_instances() -> None:
    draw = random.Random(1)
    route = endpoint({"blue": 90, "green": 10}, down="blue")

    assert {choose(route, None, draw).name for _ in range(50)} == {"green"}


def test_pin_goes_round_the_weights() -> None:
    assert choose(endpoint({"blue": 100}), "spare", random.Random(1)).name == "spare"


@pytest.mark.parametrize(
    ("route", "pinned", "temporary", "said"),
    [
        (endpoint({}), None, False, "receives traffic"),
        (endpoint({"blue": 100}, down="blue"), None, True, "is ready"),
        (endpoint({"blue": 100}), "red", False, "no such deployment"),
        (endpoint({"blue": 100}, down="blue"), "blue", True, "'blue' is ready"),
    ],
)
def test_nothing_to_route_to(route: EndpointRoute, pinned: str | None, temporary: bool, said: str) -> None:
    with pytest.raises(NoDeployment, match=said) as caught:
        choose(route, pinned, random.Random(1))
    assert caught.value.temporary is temporary


def test_share_of_copies() -> None:
    draw = random.Random(1)
    route = endpoint({"blue": 100}, mirrored={"spare": 30})
    copies = sum(mirror(route, "blue", draw) is not None for _ in range(3000))

    assert 0.26 < copies / 3000 < 0.34
    assert mirror(route, "spare", draw) is None
    assert mirror(endpoint({"blue": 100}, mirrored={"spare": 100}, down="spare"), "blue", draw) is None
