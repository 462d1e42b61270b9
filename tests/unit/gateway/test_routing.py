"""The routing file: read when it is replaced, kept when it is broken."""

import json
from pathlib import Path

from modelyard.gateway.routing import RoutingFile, RoutingTable

DEPLOYMENT = {"instances": [{"id": "a", "socket": "/s/a"}], "request_timeout_ms": 100, "max_queue_wait_ms": 0}
SNAPSHOT = {
    "version": 3,
    "endpoints": {"ws/iris": {"key_hashes": ["ab"], "traffic": {"blue": 100}, "deployments": {"blue": DEPLOYMENT}}},
}


def test_snapshot_is_read_with_its_defaults() -> None:
    endpoint = RoutingTable.from_dict(SNAPSHOT).endpoints["ws/iris"]

    assert endpoint.auth_mode == "key"
    assert endpoint.mirror_traffic == {}
    assert endpoint.deployments["blue"].patience_seconds == 0.6
    assert endpoint.deployments["blue"].max_concurrent_requests_per_instance == 1


def test_file_is_read_once_for_each_replacement(tmp_path: Path) -> None:
    path = tmp_path / "routing.json"
    seen: list[int] = []
    file = RoutingFile(path, lambda table: seen.append(table.version))

    assert not file.read_if_changed()  # there is none yet
    path.write_text(json.dumps(SNAPSHOT))
    assert file.read_if_changed()
    assert not file.read_if_changed()
    (tmp_path / "next").write_text(json.dumps({"version": 4, "endpoints": {}}))
    (tmp_path / "next").replace(path)
    assert file.read_if_changed()
    assert seen == [3, 4]


def test_broken_or_vanished_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "routing.json"
    seen: list[int] = []
    file = RoutingFile(path, lambda table: seen.append(table.version))
    path.write_text(json.dumps(SNAPSHOT))
    file.read_if_changed()

    for broken in ("{", "[]", '{"version": 5}', '{"version": 5, "endpoints": {"a/b": {}}}'):
        path.write_text(broken)
        assert not file.read_if_changed()
    path.unlink()
    assert not file.read_if_changed()
    assert seen == [3]
