"""What holds for the gateway as a whole."""

import asyncio
import json
from pathlib import Path

import pytest

from modelyard.gateway.process import Gateway
from modelyard.gateway.settings import GatewaySettings
from modelyard.kit.http_message import Request


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "endpoints").mkdir()
    return tmp_path


def write_routing(home: Path, version: int, *keys: str) -> None:
    endpoint = {"auth_mode": "key", "key_hashes": [], "traffic": {}, "mirror_traffic": {}, "deployments": {}}
    document = {"version": version, "endpoints": dict.fromkeys(keys, endpoint)}
    (home / "endpoints" / "routing.json").write_text(json.dumps(document))


async def status(gateway: Gateway) -> int:
    request = Request("POST", b"/default/iris/score", [(b"authorization", b"Bearer x")], b"{}")
    answer = gateway.handle(request)
    response = await answer if asyncio.iscoroutine(answer) else answer
    return response.status


def test_an_endpoint_is_known_as_soon_as_its_routing_is_written(home: Path) -> None:
    async def scenario() -> list[int]:
        gateway = Gateway(GatewaySettings(home=home))
        write_routing(home, 1)
        before = await status(gateway)
        write_routing(home, 2, "default/iris")
        return [before, await status(gateway)]

    # 401: it is there, and its key is another.
    assert asyncio.run(scenario()) == [404, 401]
