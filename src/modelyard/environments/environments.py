"""From the definition of an environment to what a task runs in: the server's interpreter, a venv or a container."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.environments.engine import EngineFinder, build_image, has_image
from modelyard.environments.installed import satisfied
from modelyard.environments.requirements import PythonRequirements, read
from modelyard.environments.venv import VenvCache


@dataclass(frozen=True)
class Runtime:
    """Where a command runs: `bin` comes first on PATH; with an `image` it runs in that by `engine`."""

    bin: Path | None
    image: str | None = None
    engine: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        return (self.bin or Path(sys.executable).parent) / "python"


class Environments:
    """Knows which environments need a build, and builds them. Every method may be called from any thread."""

    def __init__(self, root: Path, *, search_path: str | None = None) -> None:
        self._venvs = VenvCache(root)
        self._root = root
        self._finder = EngineFinder(search_path)

    @property
    def _engine(self) -> str | None:
        return self._finder.engine()

    def key(self, definition: Mapping[str, Any]) -> str:
        """The same for definitions that need the same build; empty when there is none to make."""
        requirements = read(definition)
        if requirements is not None:
            return "" if satisfied(requirements) else requirements.hash
        if definition.get("build") and self._engine:
            return hashlib.sha256(json.dumps(definition["build"], sort_keys=True).encode()).hexdigest()[:24]
        return ""

    def ready(self, definition: Mapping[str, Any]) -> bool:
        """Whether a command could start in it now. InvalidInput when it never could."""
        requirements = read(definition)
        if requirements is not None:
            return satisfied(requirements) or self._venvs.ready(requirements)
        if definition.get("build") and self._engine:
            return has_image(self._engine, self._tag(definition))
        return True

    def runtime(self, definition: Mapping[str, Any]) -> Runtime:
        """What a ready environment runs in, with notes for the system log."""
        here = Path(sys.executable).parent
        requirements = read(definition)
        image = definition.get("image")
        if requirements is not None:
            notes = (f"the image {image} is not used: the requirements are met on the host",) if image else ()
            if satisfied(requirements):
                return Runtime(here, notes=(*notes, "the server's own interpreter satisfies the environment"))
            return Runtime(self._venvs.path(requirements) / "bin", notes=notes)
        if definition.get("build"):
            image = self._tag(definition)
        if image and self._engine:
            return Runtime(None, image=image, engine=self._engine, notes=(f"image {image} in {self._engine}",))
        if image:
            what = "the build context" if definition.get("build") else f"the image {image}"
            return Runtime(
                here, notes=(f"no container engine is here: {what} is not used, the command runs on the host",)
            )
        return Runtime(here)

    def log(self, definition: Mapping[str, Any]) -> Path:
        """The log of its build, whether there is one yet or not."""
        requirements = read(definition)
        return self._venvs.log(requirements) if requirements else self._root / f"{self.key(definition) or 'none'}.log"

    def build(self, definition: Mapping[str, Any], context: Path | None = None) -> None:
        """Make it ready; returns at once when it is. `context` is the folder of a build context.

        Takes minutes. InvalidInput with the resolver's reason, StorageFull, or Unavailable with the engine's words.
        """
        requirements = read(definition)
        if requirements is not None:
            if not satisfied(requirements):
                self._venvs.build(requirements)
            return
        build = definition.get("build")
        if not build or not self._engine:
            return
        if context is None:
            raise InvalidInput("The build context is not on this machine.", field="environment.build.path")
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        dockerfile = str(build.get("dockerfile_path") or "Dockerfile")
        build_image(self._engine, context, dockerfile, self._tag(definition), self.log(definition))

    def _tag(self, definition: Mapping[str, Any]) -> str:
        return f"modelyard-env:{self.key(definition) or 'none'}"


__all__ = ["Environments", "PythonRequirements", "Runtime"]
