"""The access log: written together, bounded, never in the way."""

import json
from pathlib import Path

import pytest

from modelyard.gateway.access_log import AccessLog


def test_lines_are_written_together(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "logs" / "access.log")
    log.add(status=200)
    log.add(status=404)
    log.flush()
    log.flush()
    lines = [json.loads(line) for line in (tmp_path / "logs" / "access.log").read_text().splitlines()]

    assert [line["status"] for line in lines] == [200, 404]
    assert all(line["time"] > 0 for line in lines)


def test_full_file_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.gateway.access_log._FILE_BYTES", 100)
    log = AccessLog(tmp_path / "logs" / "access.log")
    for number in range(4):
        log.add(text="x" * 120, number=number)
        log.flush()

    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["access.1.log"]


def test_lines_beyond_the_waiting_room_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.gateway.access_log._WAITING_LINES", 2)
    log = AccessLog(tmp_path / "logs" / "access.log")
    for _ in range(5):
        log.add(status=200)
    log.flush()

    assert json.loads((tmp_path / "logs" / "access.log").read_text().splitlines()[-1])["dropped_lines"] == 3


def test_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    log = AccessLog(tmp_path / "logs" / "access.log")
    log.add(status=200)
    log.flush()
