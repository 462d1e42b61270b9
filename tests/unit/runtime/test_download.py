"""Inputs by http, from a server of this test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from modelyard.runtime.download import fetch
from modelyard.runtime.task import TaskError


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "ftp://example.org/data" if "ftp" in self.path else "/data.csv")
            self.end_headers()
        elif self.path.startswith("/data.csv"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a,b\n1,2\n")
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/data.csv", "/elsewhere"])
def test_a_file_arrives_whole(address: str, tmp_path: Path, path: str) -> None:
    target = tmp_path / "inputs" / "data.csv"
    fetch(address + path, str(target))
    assert target.read_text() == "a,b\n1,2\n"
    assert [found.name for found in target.parent.iterdir()] == ["data.csv"]


@pytest.mark.parametrize(
    ("path", "type_"),
    [("/none", "DownloadFailed"), ("/elsewhere?ftp", "DownloadRefused")],
)
def test_what_cannot_be_had_is_said(address: str, tmp_path: Path, path: str, type_: str) -> None:
    with pytest.raises(TaskError) as caught:
        fetch(address + path, str(tmp_path / "x"))
    assert caught.value.type == type_
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_large_is_not_kept(address: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError) as caught:
        fetch(address + "/data.csv?signature=secret", str(tmp_path / "x"), max_bytes=4)
    assert caught.value.type == "DownloadTooLarge"
    assert "secret" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "http:///x"])
def test_addresses_that_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(TaskError) as caught:
        fetch(url, str(tmp_path / "x"))
    assert caught.value.type == "DownloadRefused"


def test_a_host_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="could not be fetched"):
        fetch("http://127.0.0.1:9/x", str(tmp_path / "x"))


def test_an_address_is_named_with_its_port_and_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"http://127\.0\.0\.1:9/x could"):
        fetch("http://me:secret@127.0.0.1:9/x?signature=secret", str(tmp_path / "x"))
