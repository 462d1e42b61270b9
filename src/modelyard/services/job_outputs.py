"""Named outputs of a job become assets, with their lineage, when the job completes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modelyard.artifacts.storage import Storage
from modelyard.domain.choices import DataType
from modelyard.domain.data import Data
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job_plan import JobPlan, PlannedOutput
from modelyard.domain.job_record import JobRecord
from modelyard.services import assets, lineage
from modelyard.services.files import locate
from modelyard.services.job_planning import MODEL_TYPES
from modelyard.store.records import AssetKind, LineageNode
from modelyard.store.transaction import Transaction

ModelRegistrar = Callable[[Transaction, JobRecord, PlannedOutput], LineageNode]
"""Registers an output of a model type as a version of `asset_name`; the node of that version."""


@dataclass(frozen=True)
class JobOutputs:
    storage: Storage
    register_model: ModelRegistrar

    def record(self, tx: Transaction, job: JobRecord) -> None:
        """Register every output that has a name. Raises what keeps one from being registered; keep nothing then."""
        for name, planned in JobPlan.of(job.state).outputs.items():
            if planned.asset_name is not None:
                self._check_written(tx, job, name, planned)
                lineage.record_produced(tx, job.workspace, job.name, self._register(tx, job, planned))

    def _register(self, tx: Transaction, job: JobRecord, planned: PlannedOutput) -> LineageNode:
        if planned.type in MODEL_TYPES:
            return self.register_model(tx, job, planned)
        data = Data(
            name=planned.asset_name,
            version=planned.asset_version,
            type=DataType(planned.type),
            path=planned.uri,
            description=planned.description,
        )
        made = assets.create(tx, job.workspace, AssetKind.DATA, data, job_name=job.name)
        return lineage.asset_node("data", str(made.name), str(made.version))

    def _check_written(self, tx: Transaction, job: JobRecord, name: str, planned: PlannedOutput) -> None:
        found = locate(tx, self.storage, job.workspace, planned.uri, field=f"outputs.{name}")
        there = found.is_file() if planned.type == "uri_file" else next(iter(found.store.list(found.path)), None)
        if not there:
            raise InvalidInput(
                f"The command wrote nothing to its output '{name}', which is to be registered.",
                field=f"outputs.{name}",
                mend=f"write to ${{{{outputs.{name}}}}}",
            )
