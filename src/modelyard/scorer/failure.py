"""An exception in the words of whoever must mend it: type, message, where in their code, and a hint."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = str(Path(__file__).resolve().parents[1])
_MESSAGE_CHARACTERS = 2000


def describe(error: BaseException) -> dict[str, str]:
    """`{"type", "message", "where", "hint"}` of an exception; `where` is the last frame outside this package."""
    found = {"type": type(error).__name__, "message": str(error)[:_MESSAGE_CHARACTERS] or type(error).__name__}
    where = _where(error)
    hint = _hint(error)
    return found | ({"where": where} if where else {}) | ({"hint": hint} if hint else {})


def _where(error: BaseException) -> str | None:
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    theirs = [frame for frame in frames if not frame.filename.startswith((_PACKAGE, "<"))]
    own = [frame for frame in theirs if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    for frame in reversed(own or theirs or frames):
        return f"{frame.filename}:{frame.lineno} in {frame.name}"
    return None


def _hint(error: BaseException) -> str | None:
    if isinstance(error, ModuleNotFoundError):
        return f"add '{(error.name or '?').split('.')[0]}' to the deployment's environment"
    if isinstance(error, FileNotFoundError):
        return "the model's files stand in the folder that AZUREML_MODEL_DIR names"
    if isinstance(error, MemoryError):
        return "the model needs more memory than there is: use fewer instances or a smaller model"
    if isinstance(error, SyntaxError):
        return "correct the script; `python -m py_compile <script>` shows the same error"
    return None
