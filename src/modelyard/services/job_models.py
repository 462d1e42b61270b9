"""Models as inputs and outputs of jobs."""

from __future__ import annotations

from modelyard.domain.choices import ModelType
from modelyard.domain.job_plan import PlannedOutput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.model import Model
from modelyard.domain.references import AssetRef
from modelyard.services import lineage, models
from modelyard.store.records import LineageNode
from modelyard.store.transaction import Transaction


def locate_model(tx: Transaction, workspace: str, reference: AssetRef, field: str) -> tuple[str, str]:
    """The address of a model's files and its versioned reference."""
    found = models.resolve(tx, workspace, reference, field=field)
    return str(found.path), str(found.id)


def register_model(tx: Transaction, job: JobRecord, planned: PlannedOutput) -> LineageNode:
    """Register an output of a model type as a version of its name."""
    entity = Model(
        name=planned.asset_name,
        version=planned.asset_version,
        type=ModelType(planned.type),
        path=planned.uri,
        description=planned.description,
    )
    made = models.create(tx, job.workspace, entity, job_name=job.name)
    return lineage.asset_node("model", str(made.name), str(made.version))
