"""The tools, and an environment for each: the peers' are made with uv when they are first asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_PYTHON = "3.11"


@dataclass(frozen=True)
class Tool:
    script: str
    arguments: tuple[str, ...] = ()
    environment: str | None = None
    """None: ours."""
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


# First, so that a build for processors is taken where `BENCH_TORCH` names one: what comes by itself holds CUDA.
_TORCH = os.environ.get("BENCH_TORCH", "torch")
_AUTOGLUON = (_TORCH, "autogluon.tabular[lightgbm,catboost,xgboost,fastai]>=1.4", "pyarrow")
TOOLS = {
    "ours": Tool("ours"),
    "lightgbm": Tool("lightgbm"),
    "flaml": Tool("flaml", (), "flaml", ("flaml[automl]>=2.3", "pyarrow")),
    "autogluon-medium": Tool("autogluon", ("medium_quality",), "autogluon", _AUTOGLUON),
    "autogluon-good": Tool("autogluon", ("good_quality",), "autogluon", _AUTOGLUON),
    "autogluon-best": Tool("autogluon", ("best_quality",), "autogluon", _AUTOGLUON),
    "h2o": Tool("h2o", (), "h2o", ("h2o", "pandas", "pyarrow", "polars"), ("java",)),
}


class NotThere(Exception):
    """A tool that cannot be had here; the message says why."""


def command_of(name: str, root: Path) -> list[str]:
    """What runs the tool, its environment made if need be.

    Raises:
        NotThere: it cannot be installed.
    """
    tool = TOOLS[name]
    missing = [program for program in tool.programs if shutil.which(program) is None]
    if missing:
        raise NotThere(f"needs {missing[0]}")
    python = sys.executable if tool.environment is None else str(_made(tool, root / tool.environment))
    return [python, str(HERE / "tools" / f"run_{tool.script}.py")]


def _made(tool: Tool, folder: Path) -> Path:
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if ready.exists():
        return python
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    try:
        _run([uv, "venv", "--quiet", "--seed", "--clear", "--python", _PYTHON, str(folder)])
        for package in tool.packages:
            _run([*pip, package])
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or str(error)
        raise NotThere(
            f"cannot be installed: {told.strip().splitlines()[-1][:200] if told.strip() else error}"
        ) from error
    ready.touch()
    return python


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
