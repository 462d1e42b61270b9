"""Which commands are the plain start of one Python script."""

from __future__ import annotations

import shlex

import pytest

from modelyard.compute.python_command import NotPlain, python_call


@pytest.mark.parametrize(
    ("command", "module", "target", "arguments"),
    [
        ("python train.py", False, "train.py", []),
        ("  python3 src/train.py --rate 0.1\n", False, "src/train.py", ["--rate", "0.1"]),
        ("python3.11 -u train.py", False, "train.py", []),
        ("python -m pkg.train --a=b", True, "pkg.train", ["--a=b"]),
        ("python train.py \\\n   --rate 1 \\\n   --deep 2", False, "train.py", ["--rate", "1", "--deep", "2"]),
        ("/opt/env/bin/python train.py", False, "train.py", []),
        ("""python train.py 'a $b' "c d" '' e'f'"g" """, False, "train.py", ["a $b", "c d", "", "efg"]),
        ("python train.py -m x -c", False, "train.py", ["-m", "x", "-c"]),
    ],
)
def test_plain_starts(command: str, module: bool, target: str, arguments: list[str]) -> None:
    call = python_call(command)
    assert (call.module, call.target, list(call.arguments)) == (module, target, arguments)
    assert shlex.split(command.replace("\\\n", ""))[-1 - len(arguments) :] == [target, *arguments]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "python",
        "bash train.sh",
        "pythonic train.py",
        "./train.py",
        "RATE=1 python train.py",
        "cd src && python train.py",
        "python train.py; echo done",
        "python train.py | tee log",
        "python train.py > log",
        "python train.py &",
        "python train.py $RATE",
        'python train.py "$RATE"',
        "python train.py `rate`",
        "python train.py *.csv",
        "python train.py {1,2}",
        "python train.py ~/x",
        "python train.py # comment",
        "python train.py a\\ b",
        "python prepare.py\npython train.py",
        "python -c 'print(1)'",
        "python -O train.py",
        "python -",
        "python -m",
        "python -m ../x",
        "python train.py 'open",
        "exec python train.py",
    ],
)
def test_everything_else_is_the_shells(command: str) -> None:
    with pytest.raises(NotPlain):
        python_call(command)
