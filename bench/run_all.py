"""Runs every bench of this folder, one after the other, and shows what they print: `make bench`.

`python bench/run_all.py [--quick] [name ...]`; with `--quick` a bench that knows the flag measures less.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benches to run, all when none is named")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    scripts = [path for path in sorted(HERE.glob("*.py")) if path.name != Path(__file__).name]
    chosen = [path for path in scripts if not arguments.names or path.stem in arguments.names]
    if not chosen:
        print(f"no such bench; there are: {', '.join(path.stem for path in scripts)}", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    return max([bench(path, quick=arguments.quick) for path in chosen])


def bench(path: Path, *, quick: bool) -> int:
    source = path.read_text("utf-8")
    if "__main__" not in source:
        return 0
    flags = ["--quick"] if quick and "--quick" in source else []
    print(f"\n== {path.stem} {' '.join(flags)}", flush=True)
    started = time.perf_counter()
    code = subprocess.run([sys.executable, str(path), *flags], check=False).returncode
    print(f"-- {path.stem}: {time.perf_counter() - started:.0f} s{'' if code == 0 else f', ended with {code}'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
