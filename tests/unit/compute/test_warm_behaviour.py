"""A forked script cannot tell, by what it sees or does, that it was forked: a table of behaviours, warm beside cold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.compute.local import LocalBackend
from tests.unit.runtime.tasks import until

from .warm_tasks import PATIENCE_SECONDS, Workbench

BEHAVIOURS = {
    "arguments": ("import sys; print(sys.argv, sys.orig_argv[1:])", "python script.py --rate 0.1 'a b' \"c\" ''"),
    "several lines": ("import sys; print(sys.argv)", "python script.py \\\n  --rate 1 \\\n  --deep 2\n"),
    "main module": (
        "'doc'\nimport sys\nprint(__name__, __file__, __doc__, __spec__, __package__, type(__loader__).__name__)\n"
        "print(sorted(globals()), sys.modules['__main__'].__dict__ is globals())",
        "python script.py",
    ),
    "search path": (
        "import sys, os; print(sys.path, sys.executable, sys.prefix, sys.flags, os.getcwd())",
        "python script.py",
    ),
    "a script in a folder": ("", "python deep/inner.py"),
    "module": ("import sys; print(sys.argv, sys.path[0], __spec__.name, __package__, __file__)", "python -m script a"),
    "module of a package": ("", "python -m deep.inner x"),
    "environment": (
        "import os\nfor name in sorted(os.environ):\n"
        "    if name not in ('MODELYARD_TASK_ID', '_', 'LC_CTYPE'): print(name, os.environ[name])",
        "python script.py",
    ),
    "the environment as a C library sees it": (
        "import ctypes; f = ctypes.CDLL(None).getenv; f.restype = ctypes.c_char_p; print(f(b'GIVEN'), f(b'NOT_GIVEN'))",
        "python script.py",
    ),
    "exit code": ("import sys; sys.exit(7)", "python script.py"),
    "exit text": ("import sys; sys.exit('that was it')", "python script.py"),
    "no exit code": ("raise SystemExit", "python script.py"),
    "immediate exit": ("import os; os._exit(9)", "python script.py"),
    "exception": ("def work():\n    raise ValueError('bad rate')\nwork()", "python script.py"),
    "exception in a module": ("raise KeyError('x')", "python -m script"),
    "chained exception": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise RuntimeError('late') from error",
        "python script.py",
    ),
    "own exception hook": (
        "import sys; sys.excepthook = lambda kind, error, trace: print('hook', kind.__name__, trace.tb_lineno)\n1 / 0",
        "python script.py",
    ),
    "syntax error": ("def broken(:\n", "python script.py"),
    "interrupt": ("raise KeyboardInterrupt", "python script.py"),
    "missing import": ("import no_such_module_anywhere", "python script.py"),
    "killed by a signal": ("import os; os.kill(os.getpid(), 9)", "python script.py"),
    "terminated": ("import os; os.kill(os.getpid(), 15)", "python script.py"),
    "signals": (
        "import signal\nfor n in (1, 2, 13, 15, 17): print(n, signal.getsignal(n))\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.set_wakeup_fd(-1))",
        "python script.py",
    ),
    "exit functions and threads": (
        "import atexit, threading, time\natexit.register(print, 'first'); atexit.register(print, 'second')\n"
        "def late(): time.sleep(0.05); print('thread')\n"
        "threading.Thread(target=late).start(); print(threading.current_thread() is threading.main_thread())",
        "python script.py",
    ),
    "a daemon thread that imports to the end": (
        "import threading, time\n"
        "def work():\n    while True:\n        import numpy\n        import logging\n"
        "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.05); print('end')",
        "python script.py",
    ),
    "files left open": ("kept = open('outputs/left.txt', 'w'); kept.write('flushed')", "python script.py"),
    "finalizers": (
        "import os\nclass Thing:\n    def __del__(self): os.write(1, b'gone\\n')\nthing = Thing()",
        "python script.py",
    ),
    "descriptors": (
        "import os\nprint(sorted(n for n in map(int, os.listdir('/proc/self/fd')) if n < 3 or os.path.exists("
        "f'/proc/self/fd/{n}')))\nprint(os.readlink('/proc/self/fd/0'), os.path.samestat(os.fstat(1), os.fstat(2)))",
        "python script.py",
    ),
    "streams": (
        "import sys\nfor s in (sys.stdin, sys.stdout, sys.stderr):\n"
        "    print(s.encoding, s.errors, s.isatty(), s.line_buffering, s.write_through, s.name)\n"
        "print(sys.stdin.read())",
        "python script.py",
    ),
    "process": (
        "import os, resource\nfrom resource import getrlimit\nprint(os.umask(0), os.nice(0), os.sched_getaffinity(0))\n"
        "print(os.getsid(0) == os.getpid() == os.getpgrp())\n"
        "print(getrlimit(resource.RLIMIT_NOFILE), getrlimit(resource.RLIMIT_CORE))",
        "python script.py",
    ),
    "read-only files": (
        "import os\nopen('f', 'w').close(); os.chmod('f', 0o444)\n"
        "try: open('f', 'w'); print('written')\nexcept PermissionError: print('refused')",
        "python script.py",
    ),
    "spawned processes": (
        "import multiprocessing as mp\ndef square(x): return x * x\n"
        "if __name__ == '__main__':\n    with mp.get_context('spawn').Pool(1) as pool: print(pool.map(square, [3]))",
        "python script.py",
    ),
    "forked processes": (
        "import multiprocessing as mp\ndef square(x): return x * x\n"
        "with mp.get_context('fork').Pool(2) as pool: print(pool.map(square, [3, 4]))",
        "python script.py",
    ),
    "pickles of the main module": (
        "import pickle\nclass Thing: pass\nprint(type(pickle.loads(pickle.dumps(Thing()))) is Thing, Thing.__module__)",
        "python script.py",
    ),
    "children": (
        "import subprocess, sys, os\nasked = 'import os; print(os.environ[\"GIVEN\"], os.getcwd())'\n"
        "print(subprocess.run([sys.executable, '-c', asked], capture_output=True, text=True).stdout)\n"
        "print(os.environ['MODELYARD_TASK_ID'] != '')",
        "python script.py",
    ),
    "own module of the script's folder": ("import own; print(own.VALUE, own.__file__)", "python script.py"),
    "matrix work": ("import numpy as np; print((np.ones((300, 300)) @ np.ones((300, 300)))[0, 0])", "python script.py"),
    "log of the standard library": (
        "import logging; logging.warning('careful'); logging.getLogger('x').error('bad')",
        "python script.py",
    ),
    "warnings": ("import warnings; warnings.warn('old')", "python script.py"),
    "not utf-8": ("# -*- coding: latin-1 -*-\nprint(ascii('\u00e9'))", "python script.py"),
}
FILES = {
    "own.py": "VALUE = 'own'",
    "deep/__init__.py": "",
    "deep/inner.py": "import sys; print(sys.argv, sys.path[0], __name__, __package__, __file__)",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    backend = LocalBackend(warm_idle_seconds=60)
    modules = ["numpy", "multiprocessing", "logging", "subprocess", "threading", "unittest.mock"]
    yield Workbench(backend, tmp_path_factory.mktemp("warm"), imports=modules, files=FILES)
    backend.close()


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_warm_is_as_cold(bench: Workbench, name: str) -> None:
    script, command = BEHAVIOURS[name]
    cold, warm = (bench.run(script, command=command, warm=how, env={"GIVEN": "yes"}) for how in (False, True))
    assert warm.warm, warm.system_log
    assert not cold.warm
    assert warm.told == cold.told


@pytest.mark.parametrize("how", [False, True], ids=["cold", "warm"])
def test_a_script_hears_that_it_is_to_end_and_has_its_grace(bench: Workbench, how: bool) -> None:
    script = (
        "import signal, time\ndef end(*_):\n    print('asked'); time.sleep(0.1); print('tidy'); raise SystemExit(3)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready')\ntime.sleep(60)"
    )
    spec, done, seen = bench.launch(script, warm=how, grace_seconds=20)
    log = Path(spec.document["artifacts_dir"]) / "user_logs" / "std_log.txt"
    until(lambda: log.exists() and log.read_text() == "ready\n")
    bench.backend.stop(bench.backend.handle(spec.directory), 20)
    assert done.wait(PATIENCE_SECONDS)
    ended = bench.seen(spec, seen[-1])
    assert (ended.log, ended.exit.exit_code, ended.exit.cancelled) == ("ready\nasked\ntidy\n", 3, True)


def test_files_left_open_are_flushed(bench: Workbench) -> None:
    seen = bench.run("kept = open('outputs/left.txt', 'w'); kept.write('flushed')")
    assert (seen.artifacts / "outputs" / "left.txt").read_text() == "flushed"


def test_random_numbers_differ_between_tasks(bench: Workbench) -> None:
    script = "import random, numpy, uuid; print(random.random(), numpy.random.rand(), uuid.uuid4())"
    lines = [bench.run(script).log.split() for _ in range(2)]
    assert not set(lines[0]) & set(lines[1])


def test_an_import_that_prints_is_heard_by_every_task(bench: Workbench) -> None:
    noisy = Workbench(bench.backend, bench.root / "noisy", imports=["this"])
    assert [noisy.run("print('own')").log.startswith("The Zen of Python") for _ in range(2)] == [True, True]
