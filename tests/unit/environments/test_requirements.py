"""Conda specifications as Python requirements."""

from __future__ import annotations

from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.environments.requirements import PythonRequirements, read


def conda(*dependencies: Any) -> dict[str, Any]:
    return {
        "image": "ignored",
        "conda_file": {"name": "x", "channels": ["conda-forge"], "dependencies": [*dependencies]},
    }


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        (["python=3.10"], PythonRequirements("==3.10.*")),
        (["python>=3.10,<3.13"], PythonRequirements("<3.13,>=3.10")),
        (["python 3.11.*"], PythonRequirements("==3.11.*")),
        (["pip=23", "setuptools"], PythonRequirements()),
        (["numpy=1.26.4=py310_0"], PythonRequirements(packages=("numpy==1.26.4.*",))),
        (["conda-forge::pandas==2.2.1"], PythonRequirements(packages=("pandas==2.2.1",))),
        (["pytorch>=2", "matplotlib-base"], PythonRequirements(packages=("torch>=2", "matplotlib"))),
        (
            [{"pip": ["mlflow", "scikit-learn >= 1.5 # why"]}],
            PythonRequirements(packages=("mlflow", "scikit-learn>=1.5")),
        ),
        (
            [{"pip": ["--index-url https://x.example", "six"]}],
            PythonRequirements("", ("six",), ("--index-url https://x.example",)),
        ),
        (
            [{"pip": ["pywin32; sys_platform == 'win32'"]}],
            PythonRequirements(packages=('pywin32; sys_platform == "win32"',)),
        ),
    ],
)
def test_what_is_asked_for(dependencies: list[Any], expected: PythonRequirements) -> None:
    assert read(conda(*dependencies)) == expected


@pytest.mark.parametrize("definition", [{}, {"image": "ubuntu"}, {"build": {"path": "x"}}])
def test_no_requirements_at_all(definition: dict[str, Any]) -> None:
    assert read(definition) is None


@pytest.mark.parametrize(
    ("dependencies", "words"),
    [
        (["cudatoolkit=11.8"], "no equivalent"),
        (["libxml2"], "no equivalent"),
        (["numpy=="], "no version that can be read"),
        (["!!"], "not a conda requirement"),
        ([{"pip": ["-r requirements.txt"]}], "another file"),
        ([{"pip": ["not a requirement"]}], "not a requirement"),
        ([{"pip": "six"}], "not a list"),
        ([{"npm": ["left-pad"]}], "not a list"),
    ],
)
def test_what_cannot_be_had_is_refused_with_its_field(dependencies: list[Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        read(conda(*dependencies))
    assert str(caught.value.field).startswith("environment.conda_file")


def test_a_conda_file_that_was_not_sent() -> None:
    with pytest.raises(InvalidInput, match="not sent"):
        read({"image": "x", "conda_file": "./conda.yml"})


def test_the_hash_is_of_the_content() -> None:
    one, two = read(conda({"pip": ["a", "b"]})), read(conda({"pip": ["b", "a"]}))
    other = read(conda("python=3.9", {"pip": ["a", "b"]}))
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.hash == two.hash != other.hash
