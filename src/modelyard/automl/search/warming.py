"""Loading in the background what this process needs at the end of a search, while it waits for its workers."""

from __future__ import annotations

import contextlib
import importlib
import threading
import warnings
from collections.abc import Iterable

# Seconds of imports that would otherwise fall between the last trial and the result.
NEEDED = ("lightgbm", "scipy.optimize", "optuna", "onnx.helper", "onnxruntime")


def warm(modules: Iterable[str]) -> threading.Thread:
    """Import them in a thread of its own; one that is missing is found missing by who needs it."""
    thread = threading.Thread(target=_load, args=(tuple(modules),), name="modelyard-automl-warming", daemon=True)
    thread.start()
    return thread


def _load(modules: tuple[str, ...]) -> None:
    for name in modules:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(name)
