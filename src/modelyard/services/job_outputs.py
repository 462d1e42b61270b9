"""Named outputs of a job become assets, with their lineage, when the job completes."""

from __future__ import annotations

from dataclasses import dataclass

from modelyard.artifacts.storage import Storage
from modelyard.domain.data import Data
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job_plan import JobPlan, PlannedOutput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.model import Model
from modelyard.services import assets, lineage, models
from modelyard.services.files import locate
from modelyard.services.job_planning import MODEL_TYPES
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction


@dataclass(frozen=True)
class JobOutputs:
    storage: Storage

    def record(self, tx: Transaction, job: JobRecord) -> None:
        """Register every output that has a name. Raises what keeps one from being registered; keep nothing then."""
        for name, planned in JobPlan.of(job.state).outputs.items():
            if planned.asset_name is not None:
                self._check_written(tx, job, name, planned)
                _register(tx, job, planned)

    def _check_written(self, tx: Transaction, job: JobRecord, name: str, planned: PlannedOutput) -> None:
        found = locate(tx, self.storage, job.workspace, planned.uri, field=f"outputs.{name}")
        there = found.is_file() if planned.type == "uri_file" else next(iter(found.store.list(found.path)), None)
        if not there:
            raise InvalidInput(
                f"The command wrote nothing to its output '{name}', which is to be registered.",
                field=f"outputs.{name}",
                mend=f"write to ${{{{outputs.{name}}}}}",
            )


def _register(tx: Transaction, job: JobRecord, planned: PlannedOutput) -> None:
    facts = {
        "name": planned.asset_name,
        "version": planned.asset_version,
        "type": planned.type,
        "path": planned.uri,
        "description": planned.description,
    }
    if planned.type in MODEL_TYPES:
        models.create(tx, job.workspace, Model(**facts), job_name=job.name)
        return
    made = assets.create(tx, job.workspace, AssetKind.DATA, Data(**facts), job_name=job.name)
    node = lineage.asset_node("data", str(made.name), str(made.version))
    lineage.record_produced(tx, job.workspace, job.name, node)
