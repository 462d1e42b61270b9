"""`python -m modelyard.scorer <instance_dir>`, or by this file's path in an environment without the package."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m modelyard.scorer <instance_dir>\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    _find_package()
    directory = Path(arguments[0]).absolute()
    process = importlib.import_module("modelyard.scorer.process")
    instances = importlib.import_module("modelyard.scorer.instance")
    try:
        instance = instances.Instance.read(directory)
    except (OSError, ValueError, KeyError, TypeError) as error:
        logging.getLogger("modelyard.scorer").exception("instance.json cannot be read")
        process.report_failure(directory, error)
        return 1
    os.environ.update(instance.env)
    try:
        uvloop = importlib.import_module("uvloop")
    except ModuleNotFoundError:
        return int(asyncio.run(process.serve(instance)))
    return int(uvloop.run(process.serve(instance)))


def _find_package() -> None:
    """Make this very package importable, and nothing else of where it is installed: the environment is the user's."""
    # Started by path, Python looks here first, where a user's `model` or `script` would find ours.
    sys.path[:] = [entry for entry in sys.path if entry != str(_PACKAGE / "scorer")]
    if "modelyard" in sys.modules or importlib.util.find_spec("modelyard") is not None:
        return
    spec = importlib.util.spec_from_file_location(
        "modelyard", _PACKAGE / "__init__.py", submodule_search_locations=[str(_PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["modelyard"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    # Threads of a model's libraries must not keep a drained worker from ending.
    os._exit(code)
