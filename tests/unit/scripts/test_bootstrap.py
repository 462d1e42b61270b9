"""Set-up on a bare machine: the right wheel, pip's own index, a wheel that was tampered with."""

import hashlib
import importlib.util
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "bootstrap.py"
spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
assert spec and spec.loader
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)

PAGE = "".join(
    f'<a href="../../files/{name}#sha256=00">{name}</a>'
    for name in (
        "uv-0.9.2-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "uv-0.10.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "uv-0.10.0-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "uv-0.10.0-py3-none-macosx_11_0_arm64.whl",
        "uv-0.10.0-py3-none-win_amd64.whl",
        "uv-0.10.0.tar.gz",
    )
)


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "uv-0.10.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        ("linux", "AMD64", "uv-0.10.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        ("linux", "aarch64", "uv-0.10.0-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"),
        ("darwin", "arm64", "uv-0.10.0-py3-none-macosx_11_0_arm64.whl"),
    ],
)
def test_newest_wheel_of_this_machine(system: str, machine: str, expected: str) -> None:
    assert bootstrap.newest_wheel(PAGE, system, machine) == f"../../files/{expected}#sha256=00"


def test_no_wheel_for_this_machine_says_what_to_install() -> None:
    with pytest.raises(bootstrap.Refused, match="install python3-venv"):
        bootstrap.newest_wheel(PAGE, "linux", "sparc64")


def test_uv_uses_the_index_pip_is_set_up_for(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://mirror.example/simple\ncert = /etc/mirror.pem\n")
    found = bootstrap.index_settings({"PIP_CONFIG_FILE": str(config), "HOME": str(tmp_path)})
    assert found == {"UV_DEFAULT_INDEX": "https://mirror.example/simple", "SSL_CERT_FILE": "/etc/mirror.pem"}


def test_uv_settings_of_the_user_win(tmp_path: Path) -> None:
    environment = {
        "UV_DEFAULT_INDEX": "https://own.example",
        "PIP_INDEX_URL": "https://other.example",
        "HOME": str(tmp_path),
    }
    assert "UV_DEFAULT_INDEX" not in bootstrap.index_settings(environment)


@contextmanager
def index_serving(wheel: bytes, sha256: str) -> Iterator[str]:
    """A package index of one wheel on loopback."""
    link = f"/files/uv-1.0-py3-none-manylinux_2_17_{bootstrap.platform.machine()}.whl"
    answers = {"/simple/uv/": f'<a href="{link}#sha256={sha256}">uv</a>'.encode(), link: wheel}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wheel_with(binary: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("uv-1.0.data/scripts/uv", binary)
    return buffer.getvalue()


@pytest.mark.skipif(not bootstrap.sys.platform.startswith("linux"), reason="the wheel served is a Linux one")
def test_uv_comes_out_of_the_wheel_of_the_index(tmp_path: Path) -> None:
    wheel = wheel_with(b"#!/bin/sh\necho uv 1.0\n")
    with index_serving(wheel, hashlib.sha256(wheel).hexdigest()) as index:
        uv = bootstrap.fetch_uv(tmp_path, {"UV_DEFAULT_INDEX": index})
    assert bootstrap.subprocess.check_output([uv], text=True) == "uv 1.0\n"


@pytest.mark.skipif(not bootstrap.sys.platform.startswith("linux"), reason="the wheel served is a Linux one")
def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    with (
        index_serving(wheel_with(b"evil"), "0" * 64) as index,
        pytest.raises(bootstrap.Refused, match="does not have the hash"),
    ):
        bootstrap.fetch_uv(tmp_path, {"UV_DEFAULT_INDEX": index})


def test_what_the_processes_import_has_bytecode_even_where_python_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src/modelyard").mkdir(parents=True)
    (tmp_path / "src/modelyard/own.py").touch()
    (tmp_path / "found.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bootstrap, "COMPILED", "found")
    bootstrap.compile_bytecode(Path(bootstrap.sys.executable), {"PYTHONDONTWRITEBYTECODE": "1"})
    assert len(list(tmp_path.rglob("*.pyc"))) == 2
