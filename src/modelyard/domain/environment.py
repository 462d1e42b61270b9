"""Environments: what a job or a deployment runs in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from modelyard.domain.asset import Asset, IntellectualProperty
from modelyard.domain.choices import OsType
from modelyard.domain.entity import Part, problem, read_only


class BuildContext(Part):
    """A folder with a Dockerfile."""

    local_paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str | None = None
    """The folder, or a URL."""
    dockerfile_path: str | None = None
    """The Dockerfile in it; `Dockerfile` when left out."""


class Route(Part):
    """Where an image's server answers."""

    port: int
    path: str


class InferenceConfig(Part):
    """The routes of an image that brings its own scoring server."""

    liveness_route: Route
    readiness_route: Route
    scoring_route: Route


class Environment(Asset):
    """Exactly one of an image and a build context; a conda file goes on top of an image."""

    local_paths: ClassVar[tuple[str, ...]] = ("path", "conda_file")

    image: str | None = None
    """A container image."""
    conda_file: dict[str, Any] | str | None = None
    """A conda specification: a mapping, or the path of a file."""
    build: BuildContext | None = None
    """A folder with a Dockerfile, instead of an image."""
    inference_config: InferenceConfig | None = None
    os_type: OsType | None = None
    datastore: str | None = None
    intellectual_property: IntellectualProperty | None = read_only()

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        if self.image and self.build:
            yield problem("build", "an environment has an image or a build context, not both", "remove one of them")
        if self.conda_file and self.build:
            yield problem("conda_file", "a conda file goes on top of an image, not of a build context")
