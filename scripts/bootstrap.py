"""Makes the virtual environment from a bare Python: `python3 scripts/bootstrap.py .venv`.

Standard library alone. Three ways to get `uv`, tried in turn: the one on PATH; `venv` and `pip` of this Python;
where the distribution has split those off, the wheel straight from the package index. The index is the one that
pip is set up for, so that a company's mirror is honoured.
"""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

FLOOR = (3, 11)
INSTALL = ["--editable", ".[server,scorer,automl,examples]", "--group", "dev"]
PUBLIC_INDEX = "https://pypi.org/simple"
# What the platform's processes and nearly every job import. Compiled at set-up, the first start does not wait for it,
# and no start does where the environment keeps Python from writing bytecode.
COMPILED = (
    "modelyard.server.published, modelyard.server.process, modelyard.gateway.process, modelyard.scorer.process, "
    "modelyard.client, modelyard.cli.main, modelyard.yamlio, rich.live, alembic.command, uvloop, httptools, mlflow, "
    "sklearn.ensemble, sklearn.linear_model, lightgbm, xgboost, catboost, statsforecast.models, onnxruntime, skops.io"
)
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class Refused(Exception):
    """Set-up cannot go on; the text tells what to do."""


def main() -> int:
    venv = Path(sys.argv[1] if len(sys.argv) > 1 else ".venv").absolute()
    try:
        if sys.version_info < FLOOR:
            raise Refused(
                f"Python 3.11 or newer is needed, this is {platform.python_version()}: make PYTHON=python3.12"
            )
        environment = {**os.environ, **index_settings(os.environ)}
        uv = ensure_uv(venv, environment)
        run([str(uv), "pip", "install", "--quiet", "--python", str(python_of(venv)), *INSTALL], environment)
        compile_bytecode(python_of(venv), environment)
    except Refused as refusal:
        print(f"set-up stopped: {refusal}", file=sys.stderr)
        return 1
    (venv / ".ready").touch()
    return 0


def ensure_uv(venv: Path, environment: Mapping[str, str]) -> Path:
    """`<venv>/bin/uv`, with the environment around it."""
    inside = venv / "bin" / "uv"
    if inside.exists():
        return inside
    outside = shutil.which("uv")
    if outside is None and importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        run([sys.executable, "-m", "venv", str(venv)], environment)
        run(
            [str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.9"],
            environment,
        )
        return inside
    with tempfile.TemporaryDirectory() as folder:
        uv = outside or str(fetch_uv(Path(folder), environment))
        run([uv, "venv", "--quiet", "--allow-existing", "--seed", "--python", sys.executable, str(venv)], environment)
        run([uv, "pip", "install", "--quiet", "--python", str(python_of(venv)), "uv>=0.9"], environment)
    return inside


def compile_bytecode(python: Path, environment: Mapping[str, str]) -> None:
    """Leave bytecode of this package and of what it imports beside the sources. A failure costs time alone."""
    writing = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for command in (["-m", "compileall", "-q", "src/modelyard"], ["-c", f"import {COMPILED}"]):
        subprocess.run([str(python), *command], env=writing, check=False, stderr=subprocess.DEVNULL)


def fetch_uv(folder: Path, environment: Mapping[str, str]) -> Path:
    """The uv binary out of its wheel, checked against the hash that the index names."""
    index = environment.get("UV_DEFAULT_INDEX", PUBLIC_INDEX).rstrip("/")
    page_url = f"{index}/uv/"
    try:
        with urllib.request.urlopen(page_url, timeout=60) as answer:
            link = newest_wheel(answer.read().decode(), sys.platform, platform.machine())
        with urllib.request.urlopen(urllib.parse.urljoin(page_url, link), timeout=300) as answer:
            wheel = answer.read()
    except OSError as error:
        raise Refused(
            f"this Python has no venv module, and {page_url} does not answer ({error}); install python3-venv or uv"
        ) from error
    expected = urllib.parse.urlparse(link).fragment.removeprefix("sha256=")
    if expected and hashlib.sha256(wheel).hexdigest() != expected:
        raise Refused(f"the uv wheel of {index} does not have the hash that the index names")
    return unpack_binary(wheel, folder)


def newest_wheel(page: str, system: str, machine: str) -> str:
    """The link of the newest uv wheel for this machine on a simple-index page."""
    machine = MACHINES.get(machine.lower(), machine.lower())
    tag = f"macosx_.*{'arm64' if machine == 'aarch64' else machine}" if system == "darwin" else f"manylinux.*{machine}"
    wheels: dict[tuple[int, ...], str] = {}
    for link in re.findall(r'href="([^"]+)"', page):
        if found := re.search(rf"/?uv-(\d+(?:\.\d+)*)-py3-none-{tag}[^/]*\.whl", link):
            wheels[tuple(int(part) for part in found[1].split("."))] = link
    if not wheels:
        raise Refused(f"the package index has no uv for {system} on {machine}; install python3-venv")
    return wheels[max(wheels)]


def unpack_binary(wheel: bytes, folder: Path) -> Path:
    archive_path = folder / "uv.whl"
    archive_path.write_bytes(wheel)
    with zipfile.ZipFile(archive_path) as archive:
        member = next(name for name in archive.namelist() if re.fullmatch(r"uv-[^/]*\.data/scripts/uv", name))
        target = folder / "uv"
        target.write_bytes(archive.read(member))
    target.chmod(0o755)
    return target


def index_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What uv must be told of pip's own settings, which it does not read."""
    settings: dict[str, str] = {}
    if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE"} & environment.keys():
        index = environment.get("PIP_INDEX_URL") or pip_option("index-url", environment)
        if index:
            settings["UV_DEFAULT_INDEX"] = index
    certificate = environment.get("PIP_CERT") or pip_option("cert", environment)
    if certificate and "SSL_CERT_FILE" not in environment:
        settings["SSL_CERT_FILE"] = certificate
    return settings


def pip_option(name: str, environment: Mapping[str, str]) -> str | None:
    home = Path(environment.get("HOME", "/"))
    named = environment.get("PIP_CONFIG_FILE")
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    files += [Path(named)] if named else []
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read([path for path in files if path.is_file()])
    except configparser.Error:
        return None
    return parser.get("install", name, fallback=None) or parser.get("global", name, fallback=None)


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=dict(environment), check=False)
    if done.returncode:
        raise Refused(f"`{' '.join(command[:4])} ...` ended with {done.returncode}; its message stands above")


if __name__ == "__main__":
    sys.exit(main())
