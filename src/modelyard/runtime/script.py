"""The script of a forked process: the interpreter's state as a plain start would have left it, then the script."""

from __future__ import annotations

import builtins
import importlib.machinery
import io
import os
import sys
import time
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Hook = Callable[[type[BaseException], BaseException, types.TracebackType | None], object]


class Script:
    """`call` has `python`, `module` (true for `-m`), `target` and `arguments`, as the command says them."""

    def __init__(self, call: dict[str, Any], environment: dict[str, str], printed: bytes) -> None:
        self._call = call
        self._environment = environment
        self._printed = printed

    def run(self) -> None:
        """Run it as `__main__`. Returns, or raises, as the script does; the caller is the top of the process."""
        self._settle()
        try:
            if self._call["module"]:
                self._run_module()
            else:
                self._run_file()
        except SystemExit:
            raise
        except BaseException:
            sys.excepthook = _told_by(sys.excepthook)
            raise

    def _settle(self) -> None:
        where = os.getcwd()
        own = {"PWD": where, "SHLVL": "0", "_": self._call["python"]}  # what the shell would have added
        os.environ.clear()
        os.environ.update({**self._environment, **own})
        target, arguments = self._call["target"], self._call["arguments"]
        flags = self._call["flags"]
        if hasattr(sys, "orig_argv"):  # an environment's Python may be older than ours
            option = ["-m"] if self._call["module"] else []
            sys.orig_argv[:] = [self._call["word"], *flags, *option, target, *arguments]
        sys.argv[:] = ["-m" if self._call["module"] else target, *arguments]
        folder = where if self._call["module"] else os.path.dirname(os.path.realpath(target))
        if not getattr(sys.flags, "safe_path", False):
            sys.path.insert(0, folder)
        sys.path_importer_cache.pop(folder, None)
        _renew(where)
        if self._printed:
            os.write(1, self._printed)

    def _run_file(self) -> None:
        path = os.path.abspath(self._call["target"])
        main = _main_module()
        main.__dict__.update(__file__=path, __cached__=None)
        with io.open_code(path) as stream:
            source = stream.read()
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102 - it is the task

    def _run_module(self) -> None:
        import runpy

        _main_module()
        runpy._run_module_as_main(self._call["target"])  # type: ignore[attr-defined]


def _main_module() -> types.ModuleType:
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = main
    return main


def _renew(where: str) -> None:
    """What must not be the same in two processes, or was noted when a module was imported."""
    loaded: dict[str, Any] = dict(sys.modules)
    if "numpy.random" in loaded:
        loaded["numpy.random"].seed()
    if "multiprocessing.process" in loaded:
        loaded["multiprocessing.process"].ORIGINAL_DIR = where
        loaded["multiprocessing.process"].current_process().authkey = os.urandom(32)
    if "logging" in loaded:
        loaded["logging"]._startTime = time.time()


def _told_by(hook: Hook) -> Hook:
    """The same hook, for an exception that shows nothing of what stands above the script."""

    def told(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        short = _without_own_frames(trace)
        hook(kind, error.with_traceback(short), short)

    return told


def _without_own_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback from the script's first frame on."""
    own = os.path.dirname(os.path.abspath(__file__))
    while trace is not None and os.path.dirname(os.path.abspath(trace.tb_frame.f_code.co_filename)) == own:
        trace = trace.tb_next
    return trace
