"""Whether the interpreter that runs the server satisfies requirements as it is."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from modelyard.environments.requirements import PythonRequirements


@lru_cache(maxsize=256)
def satisfied(requirements: PythonRequirements) -> bool:
    """True when no build is needed.

    Remembered: what is installed changes only under a stopped server. Options, URLs and extras that are not
    installed count as not satisfied.
    """
    if requirements.options:
        return False
    if requirements.python and not SpecifierSet(requirements.python).contains(_python_version()):
        return False
    return all(_has(line, frozenset()) for line in requirements.packages)


def _has(line: str, seen: frozenset[str]) -> bool:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return False
    if wanted.url:
        return False
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return True
    try:
        found = metadata.distribution(wanted.name)
    except metadata.PackageNotFoundError:
        return False
    if not wanted.specifier.contains(found.version, prereleases=True):
        return False
    key = f"{canonicalize_name(wanted.name)}[{','.join(sorted(wanted.extras))}]"
    if not wanted.extras or key in seen:
        return True
    return all(_extra_has(found, extra, seen | {key}) for extra in wanted.extras)


def _extra_has(found: metadata.Distribution, extra: str, seen: frozenset[str]) -> bool:
    """Whether everything that `extra` adds is installed too."""
    if extra not in (found.metadata.get_all("Provides-Extra") or []):
        return False
    for line in found.requires or []:
        wanted = Requirement(line)
        added = wanted.marker is not None and wanted.marker.evaluate({"extra": extra})
        if added and not wanted.marker.evaluate({"extra": ""}):  # type: ignore[union-attr]
            wanted.marker = None
            if not _has(str(wanted), seen):
                return False
    return True


def _python_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])
