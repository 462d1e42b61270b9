"""Models as inputs and outputs of jobs."""

from __future__ import annotations

from modelyard.domain.errors import Unsupported
from modelyard.domain.job_plan import PlannedOutput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.references import AssetRef
from modelyard.store.records import LineageNode
from modelyard.store.transaction import Transaction


def locate_model(tx: Transaction, workspace: str, reference: AssetRef, field: str) -> tuple[str, str]:
    """The address of a model's files and its versioned reference."""
    raise Unsupported(
        f"The model '{reference}' cannot be an input yet.", field=field, mend="name its files by their address"
    )


def register_model(tx: Transaction, job: JobRecord, planned: PlannedOutput) -> LineageNode:
    """Register an output of a model type as a version of its name."""
    raise Unsupported(
        f"The output cannot be registered as the model '{planned.asset_name}' yet.",
        field="outputs",
        mend="register it from the finished job: azureml://jobs/<job>/outputs/<output>",
    )
