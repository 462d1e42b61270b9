"""A worker that runs and does not answer is found, and one that answers is left alone."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.controllers.liveness import Liveness, answers


@contextmanager
def worker(reply: bytes) -> Iterator[str]:
    """A socket whose every connection gets `reply`."""
    with tempfile.TemporaryDirectory(prefix="my-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"{folder}/s"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_what_counts_as_an_answer() -> None:
    with worker(b"HTTP/1.1 200 OK\r\n\r\n") as address:
        assert answers(address, 1.0)
    with worker(b"HTTP/1.1 503 Service Unavailable\r\n\r\n") as address:
        assert not answers(address, 1.0)
    assert not answers("/none/at/all", 1.0)


def stuck_within(liveness: Liveness, directory: Path, address: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if liveness.is_stuck(directory, address):
            return True
        time.sleep(0.002)
    return False


def test_failures_in_a_row_are_needed(tmp_path: Path) -> None:
    assert stuck_within(Liveness(0.0, failures=3), tmp_path, "/none/at/all", 5.0)
    with worker(b"HTTP/1.1 200 OK\r\n\r\n") as address:
        assert not stuck_within(Liveness(0.0, failures=3), tmp_path, address, 0.1)
