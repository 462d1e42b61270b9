"""Which tasks may be forked from one warm process, and which must be started anew, told from a task's document."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.compute.python_command import NotPlain, PythonCall, python_call
from modelyard.compute.script_imports import imported_modules

# Variables that the loader, the interpreter or a library reads once, when it is loaded: tasks that differ in one of
# them have no warm process in common. All others are set in each task after the fork.
READ_AT_IMPORT = frozenset("LANG LANGUAGE TZ HOME TMPDIR PATH".split())
READ_AT_IMPORT_PREFIXES = (
    *("PYTHON", "LD_", "GLIBC_", "MALLOC_", "LC_", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "NUMEXPR_"),
    *("NUMBA_", "NPY_", "NUMPY_", "SCIPY_", "SKLEARN_", "ARROW_", "PANDAS_", "POLARS_", "DASK_", "RAY_", "MPL"),
    *("CUDA_", "NVIDIA_", "HIP_", "ROCR_", "NCCL_", "TORCH", "PYTORCH_", "TF_", "XLA_", "JAX_", "KERAS_", "HF_"),
    *("TRANSFORMERS_", "LIGHTGBM_", "XGBOOST_", "CATBOOST_", "OPTUNA_"),
)
SWITCHES = ("MLFLOW_DISABLE_TELEMETRY",)
CHANGES_THE_SHELL = ("BASH_ENV", "BASH_FUNC_", "PYTHONINSPECT", "PYTHONSTARTUP")
MARKER_ROOM = 1024


@dataclass(frozen=True)
class WarmKind:
    """One warm process serves one of these: never two workspaces, two environments or two lists of imports."""

    workspace: str
    python: str
    modules: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """What its process is started with: nothing of any one task, and room for the mark of each."""
        variables = {**base, **dict(self.variables)}
        path = f"{Path(self.python).parent}:{variables.get('PATH', os.defpath)}"
        return {**variables, "PATH": path, "PYTHONUNBUFFERED": "1", "MODELYARD_TASK_ID": " " * MARKER_ROOM}


@dataclass(frozen=True)
class WarmTask:
    kind: WarmKind
    call: PythonCall

    def document(self) -> dict[str, Any]:
        """What the launcher is to run: `warm` of the task's document."""
        return {
            "python": self.kind.python,
            "word": self.call.word,
            "flags": list(self.call.flags),
            "module": self.call.module,
            "target": self.call.target,
            "arguments": list(self.call.arguments),
        }


def warm_task(document: Mapping[str, Any]) -> WarmTask:
    """Raises NotPlain, which says why the task must be started anew."""
    if document.get("container"):
        raise NotPlain("the command runs in a container")
    if document.get("distribution") or int(document.get("processes") or 1) > 1:
        raise NotPlain("the job has several processes")
    _check_variables(document["env"])
    call = python_call(document["command"])
    code = (document.get("code") or {}).get("path")
    if not code or not Path(code).is_dir():
        raise NotPlain("the job has no folder of code to find the script in")
    given = document["warm"].get("imports")
    modules = imported_modules(Path(code), call) if given is None else tuple(given)
    kind = WarmKind(document["workspace"], _python(document, call), modules, _variables(document["env"]))
    return WarmTask(kind, call)


def _check_variables(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if name.startswith(CHANGES_THE_SHELL):
            raise NotPlain(f"the variable {name} changes how the command is started")
        if name == "PYTHONPATH" and any(not part.startswith("/") for part in value.split(":")):
            raise NotPlain("PYTHONPATH names a folder relative to the job's own")


def _python(document: Mapping[str, Any], call: PythonCall) -> str:
    folder = document.get("interpreter_bin")
    path = call.word if call.word.startswith("/") else f"{folder}/{call.word}"
    if folder is None or not os.access(path, os.X_OK):
        raise NotPlain(f"'{call.word}' is not the interpreter of the job's environment")
    return path


def _variables(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (name, value)
            for name, value in environment.items()
            if name in READ_AT_IMPORT or name in SWITCHES or name.startswith(READ_AT_IMPORT_PREFIXES)
        )
    )
