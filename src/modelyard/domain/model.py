"""Models as assets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modelyard.domain.asset import Asset, IntellectualProperty
from modelyard.domain.choices import ModelType
from modelyard.domain.entity import Part, read_only


class DeploymentTemplateReference(Part):
    """Accepted as Azure ML's registries write it."""

    asset_id: str | None = None


class Model(Asset):
    """A version of a model: files of any kind, an MLflow model, or a Triton repository."""

    type: ModelType = ModelType.CUSTOM_MODEL
    """How the files are to be read."""
    path: str | None = None
    """A local path, a job's output (`azureml://jobs/<job>/outputs/...`), `runs:/...` or another URI."""
    stage: str | None = None
    """A free word such as Development or Production."""
    flavors: dict[str, Any] | None = None
    """What an MLflow model can be loaded as."""
    datastore: str | None = None
    """The datastore that a local path is uploaded to."""
    system_metadata: dict[str, Any] | None = None
    default_deployment_template: DeploymentTemplateReference | None = None
    allowed_deployment_templates: list[DeploymentTemplateReference] | None = None
    intellectual_property: IntellectualProperty | None = read_only()
    utc_time_created: datetime | None = read_only()
    run_id: str | None = read_only()
