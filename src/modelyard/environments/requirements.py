"""What an environment asks for, read from its conda specification: Python packages and a Python version."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from modelyard.domain.errors import InvalidInput

FIELD = "environment.conda_file"
# Conda packages that have another name on the Python package index.
PYPI_NAMES: Mapping[str, str] = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "matplotlib-base": "matplotlib",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost-cpu",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "tensorflow-base": "tensorflow",
    "tensorflow-cpu": "tensorflow",
    "dask-core": "dask",
    "python-graphviz": "graphviz",
    "msgpack-python": "msgpack",
    "ruamel_yaml": "ruamel.yaml",
    "seaborn-base": "seaborn",
    "holidays": "holidays",
}
# Conda packages that bring no Python package, and are the wheels' own business or the machine's.
IGNORED = frozenset({"pip", "setuptools", "wheel", "cpuonly", "libgcc", "libgomp", "openmp", "mkl", "blas", "nomkl"})
# Conda packages that the Python package index cannot bring.
NOT_ON_PYPI = frozenset(
    "cudatoolkit cudnn nccl openmpi mpich gcc gxx gcc_linux-64 gxx_linux-64 cmake make git nodejs r-base openjdk "
    "ffmpeg graphviz libffi openssl ca-certificates gdal geos proj hdf5 poppler tesseract".split()
)
_CONDA = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)\s*(?P<spec>[=<>!~*\s].*)?$")


@dataclass(frozen=True)
class PythonRequirements:
    """`python` is a specifier such as `==3.10.*` or empty; the rest are lines of a requirements file."""

    python: str = ""
    packages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """Names what is built of it: the content, and the interpreter that it is built with when none is asked for."""
        base = self.python or f"{sys.version_info.major}.{sys.version_info.minor}"
        content = json.dumps([1, base, sorted(self.packages), sorted(self.options), sys.platform])
        return hashlib.sha256(content.encode()).hexdigest()[:24]


def read(definition: Mapping[str, Any]) -> PythonRequirements | None:
    """The requirements of a stored environment; None when it names none (an image alone, or nothing at all).

    InvalidInput names each entry that cannot be read, or that has no equivalent on the Python package index.
    """
    conda = definition.get("conda_file")
    if not conda:
        return None
    if not isinstance(conda, Mapping):
        raise InvalidInput(
            "The conda file was not sent with the environment.", field=FIELD, mend="submit it with the client"
        )
    entries = conda.get("dependencies") or []
    if not isinstance(entries, list):
        raise InvalidInput("'dependencies' is not a list.", field=f"{FIELD}.dependencies")
    return _collect(entries)


def _collect(entries: Iterable[Any]) -> PythonRequirements:
    python = ""
    packages: list[str] = []
    options: list[str] = []
    for entry in entries:
        if isinstance(entry, Mapping):
            for line in _pip_lines(entry):
                (options if line.startswith("-") else packages).append(line)
            continue
        name, specifier = _conda_entry(str(entry))
        if name == "python":
            python = specifier
        elif name not in IGNORED:
            packages.append(_from_conda(name, specifier))
    return PythonRequirements(python, tuple(dict.fromkeys(packages)), tuple(dict.fromkeys(options)))


def _pip_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    for kind, lines in entry.items():
        if kind != "pip" or not isinstance(lines, list):
            raise InvalidInput(f"'{kind}' is not a list of pip requirements.", field=f"{FIELD}.dependencies")
        for raw in lines:
            line = re.sub(r"(^|\s)#.*$", "", str(raw)).strip()
            if line.startswith(("-r", "-c", "-e", "--requirement", "--constraint", "--editable")):
                raise InvalidInput(
                    f"'{line}' points at another file.",
                    field=f"{FIELD}.dependencies.pip",
                    mend="write the requirements into the conda file itself",
                )
            if line:
                yield line if line.startswith("-") else _checked(line)


def _checked(line: str) -> str:
    if "://" in line and " @ " not in line:
        return line  # a bare URL or git+https: the resolver reads it
    try:
        return str(Requirement(line))
    except InvalidRequirement as error:
        raise InvalidInput(
            f"'{line[:100]}' is not a requirement: {str(error).splitlines()[0]}",
            field=f"{FIELD}.dependencies.pip",
            mend="write it as pip does, such as pandas>=2.2",
        ) from error


def _conda_entry(entry: str) -> tuple[str, str]:
    """Name and specifier of a conda entry: `numpy=1.26`, `numpy==1.26.4`, `python >=3.10,<3.12`, `channel::name`."""
    bare = re.sub(r"\[[^\]]*\]$", "", entry.rpartition("::")[2].strip())
    match = _CONDA.match(bare)
    if match is None:
        raise InvalidInput(f"'{entry[:100]}' is not a conda requirement.", field=f"{FIELD}.dependencies")
    return match["name"].lower(), _specifier(entry, (match["spec"] or "").strip())


def _specifier(entry: str, spec: str) -> str:
    """Conda's `=1.2` is a prefix; a build after a second `=` has no meaning here."""
    text = spec.replace(" ", "")
    if not text or text == "*":
        return ""
    if text.startswith("=") and not text.startswith("=="):
        version = text[1:].partition("=")[0].rstrip("*").rstrip(".")
        text = f"=={version}.*"
    elif re.match(r"^\d", text):
        text = f"=={text}"
    elif text.startswith("==") and "=" in text[2:]:
        text = "==" + text[2:].partition("=")[0]
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier as error:
        raise InvalidInput(
            f"'{entry[:100]}' has no version that can be read.", field=f"{FIELD}.dependencies"
        ) from error


def _from_conda(name: str, specifier: str) -> str:
    if name in NOT_ON_PYPI or name.startswith(("lib", "_")):
        raise InvalidInput(
            f"The conda package '{name}' has no equivalent on the Python package index.",
            field=f"{FIELD}.dependencies",
            mend="install it on the machine and remove it here, or use an image",
        )
    return f"{PYPI_NAMES.get(name, name)}{specifier}"
