"""`ml_client.jobs`"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.client.operations.validation import ValidationResult, refused
from modelyard.client.paging import ItemPaged
from modelyard.client.poller import LROPoller, Progress
from modelyard.client.resources.view import ListViewType
from modelyard.client.scope import Scope
from modelyard.client.streaming import JobStream, TextSink
from modelyard.client.uploads.local_files import LocalFiles
from modelyard.domain.errors import InvalidInput, ModelyardError, NotFound
from modelyard.domain.job import Job, JobService
from modelyard.domain.statuses import JobStatus
from modelyard.kinds.catalogue import parse_stored
from modelyard.kit.ids import job_name

_ARTIFACTS = frozenset({"artifacts", "default"})


class JobOperations:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._resource = scope.jobs

    def create_or_update(
        self,
        job: Job,
        *,
        description: str | None = None,
        compute: str | None = None,
        tags: dict[str, str] | None = None,
        experiment_name: str | None = None,
        skip_validation: bool = False,
        **_: Any,
    ) -> Job:
        """Submit a job (its code and local inputs are uploaded first); a job that came from here is updated."""
        if job.status is not None and job.name:
            words = description or job.description
            return self.update(job.name, display_name=job.display_name, description=words, tags=tags or job.tags)
        given = {"description": description, "compute": compute, "tags": tags, "experiment_name": experiment_name}
        changed = job.model_copy(update={key: value for key, value in given.items() if value is not None})
        prepared = LocalFiles(self._scope).uploaded(changed)
        return job_entity(self._resource.create(prepared.to_dict()))

    def validate(self, job: Job, *, raise_on_failure: bool = False, **_: Any) -> ValidationResult:
        """What submitting it would refuse. Nothing is created, and nothing uploaded that is there already."""
        try:
            prepared = LocalFiles(self._scope).uploaded(job)
            self._resource.validate(prepared.to_dict())
        except InvalidInput as error:
            if raise_on_failure:
                raise
            return refused(error)
        except ModelyardError as error:
            if raise_on_failure or error.status >= 500:
                raise
            return refused(error)
        return ValidationResult()

    def get(self, name: str) -> Job:
        return job_entity(self._resource.get(name))

    def list(
        self,
        *,
        parent_job_name: str | None = None,
        list_view_type: ListViewType = ListViewType.ACTIVE_ONLY,
        max_results: int | None = None,
        **filters: Any,
    ) -> ItemPaged[Job]:
        """Jobs, newest first, at most `max_results`. Filters are those of the server: status, kind, experiment, tag,
        q."""
        view = ListViewType(list_view_type)
        found = self._resource.list(parent=parent_job_name, archived=view.archived, **filters)
        return found.first(max_results).map(job_entity)

    def list_trials(self, name: str, *, order_by: str = "newest") -> ItemPaged[dict[str, Any]]:
        """Trials of a sweep with parameters, objectives and reasons; `newest`, `oldest` or `best` first."""
        return self._resource.trials(name, order_by).map(dict)

    def sweep_summary(self, name: str) -> dict[str, Any]:
        """Of a sweep: counts by phase, `best_trial`, `best_so_far`, `importances`, cost, time left, searched ranges."""
        return dict(self._resource.sweep(name))

    def leaderboard(self, name: str) -> ItemPaged[dict[str, Any]]:
        """Trials of an AutoML job with algorithm, score, parameters, times and sizes; best first."""
        return self._resource.leaderboard(name).map(dict)

    def begin_cancel(self, name: str, **_: Any) -> LROPoller[None]:
        """Ask it to stop, with its whole process tree; done when it has ended."""
        self._resource.cancel(name)

        def look() -> Progress[None]:
            status = JobStatus(self._resource.get(name)["status"])
            return Progress(status.value, status.terminal)

        return LROPoller(look)

    def cancel(self, name: str) -> None:
        """Ask it to stop and do not wait."""
        self._resource.cancel(name)

    def extend(self, name: str, *, max_total_trials: int, timeout: int | None = None) -> Job:
        """Give a sweep more trials, and `timeout` seconds from now on; one that has ended goes on."""
        body = {"max_total_trials": max_total_trials, "timeout": timeout}
        return job_entity(self._resource.extend(name, {key: value for key, value in body.items() if value is not None}))

    def resume(self, name: str, *, node: str | None = None) -> Job:
        """Let a sweep or pipeline that was cancelled or failed go on with what is left.

        `node`, of a pipeline that ended: run that node and all that need it.
        """
        return job_entity(self._resource.resume(name, node))

    def plan(self, job: Job) -> builtins.list[dict[str, Any]]:
        """What submitting a pipeline would do: each node with `what` (run, reuse, ...), why, and its compute."""
        return [dict(row) for row in self._resource.plan(LocalFiles(self._scope).uploaded(job).to_dict())]

    def list_nodes(self, name: str) -> builtins.list[dict[str, Any]]:
        """The nodes of a pipeline with phase, job, outputs and needs."""
        return [dict(row) for row in self._resource.nodes(name)]

    def explain_reuse(self, name: str, node: str | None = None) -> builtins.list[dict[str, Any]]:
        """For each node of a pipeline: which earlier run stands for it, or which of its parts have changed."""
        return [dict(row) for row in self._resource.reuse(name, node)]

    def clone(self, name: str, overrides: Mapping[str, Any] | None = None) -> Job:
        """Submit a job like that one, with changes by dotted path: `{"limits.max_total_trials": 50}`."""
        named = {"name": job_name(), **(overrides or {})}
        return job_entity(self._resource.clone(name, named))

    def stream(self, name: str, *, sink: TextSink | None = None) -> None:
        """Print its log while it runs, and its end; a failed job raises JobFailed with its last exception."""
        JobStream(self._scope, name, sink or sys.stdout).run()

    def download(
        self,
        name: str,
        *,
        download_path: str | os.PathLike[str] = ".",
        output_name: str | None = None,
        all: bool = False,
    ) -> None:
        """Artifacts to `download_path/artifacts`, a named output to `download_path/named-outputs/<name>`.

        Artifacts of a sweep are those of its best trial.
        """
        target, job = Path(download_path), self._resource.get(name)
        best = (job.get("properties") or {}).get("best_child_run_id") if job.get("type") == "sweep" else None
        outputs: Mapping[str, Any] = job.get("outputs") or {}
        wanted = {output_name} if output_name else set(outputs) | {"default"} if all else {"default"}
        for output in sorted(wanted):
            if output in _ARTIFACTS and output not in outputs:
                self._scope.files.download_artifacts(best or name, target / "artifacts")
            else:
                self._download_output(_output_uri(name, outputs, output), target / "named-outputs" / output, all)

    def _download_output(self, uri: str, target: Path, may_be_empty: bool) -> None:
        try:
            self._scope.files.download(uri, target)
        except NotFound:
            if not may_be_empty:
                raise
            self._scope.progress.warn(f"The output '{target.name}' is empty.")

    def archive(self, name: str) -> None:
        self._resource.patch(name, {"archived": True})

    def restore(self, name: str) -> None:
        self._resource.patch(name, {"archived": False})

    def update(
        self,
        name: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
    ) -> Job:
        given = {"display_name": display_name, "description": description, "tags": tags, "properties": properties}
        changes = {key: value for key, value in given.items() if value is not None}
        return job_entity(self._resource.patch(name, changes))

    def show_services(self, name: str, node_index: int = 0) -> dict[str, JobService] | None:
        """Addresses of the services inside the job, and of its pages."""
        return self.get(name).services


def job_entity(body: Mapping[str, Any]) -> Job:
    """A job of any kind; a kind that this client does not know has the fields that all jobs have."""
    try:
        found = parse_stored("job", body)
    except InvalidInput:
        return Job.from_stored(body)
    assert isinstance(found, Job)
    return found


def _output_uri(job: str, outputs: Mapping[str, Any], name: str) -> str:
    if name not in outputs:
        known = ", ".join(sorted(outputs)) or "none"
        raise NotFound(f"Job '{job}' has no output '{name}'.", field="output_name", mend=f"its outputs: {known}")
    found = outputs[name]
    path = found.get("path") if isinstance(found, Mapping) else found
    return str(path or f"azureml://jobs/{job}/outputs/{name}")
