"""`ml_client.schedules`"""

from __future__ import annotations

from typing import Any

from modelyard.client.operations.jobs import job_entity
from modelyard.client.operations.provisioning import until_gone, until_provisioned
from modelyard.client.paging import ItemPaged, listed
from modelyard.client.poller import LROPoller
from modelyard.client.scope import Scope
from modelyard.client.uploads.local_files import LocalFiles
from modelyard.domain.job import Job
from modelyard.kinds.catalogue import parse
from modelyard.kinds.schedule import Schedule


class ScheduleOperations:
    def __init__(self, scope: Scope) -> None:
        self._resource = scope.named("schedules")
        self._scope = scope

    def begin_create_or_update(self, schedule: Schedule, **_: Any) -> LROPoller[Schedule]:
        """Create it or replace what it was, enabled; code and local inputs of its job are uploaded."""
        name = str(schedule.name)
        first = self._resource.put(name, self._uploaded(schedule).to_dict())
        return until_provisioned("schedule", first, lambda: self._resource.get(name), Schedule.from_stored)

    def get(self, name: str) -> Schedule:
        return Schedule.from_stored(self._resource.get(name))

    def list(self, **_: Any) -> ItemPaged[Schedule]:
        return self._resource.list().map(Schedule.from_stored)

    def begin_delete(self, name: str, **_: Any) -> LROPoller[None]:
        self._resource.delete(name)
        return until_gone("schedule", lambda: self._resource.get(name))

    def begin_enable(self, name: str, **_: Any) -> LROPoller[Schedule]:
        """Let it fire, from now on."""
        return self._asked(name, "enable")

    def begin_disable(self, name: str, **_: Any) -> LROPoller[Schedule]:
        """Pause it."""
        return self._asked(name, "disable")

    def trigger(self, name: str, **_: Any) -> Job:
        """Submit its job now."""
        return job_entity(self._post(name, "trigger"))

    def history(self, name: str) -> ItemPaged[dict[str, Any]]:
        """Its firings, newest first: due_at, fired_at, outcome, job_name, reason."""
        return listed(self._scope.transport, self._resource.path(name, "history")).map(dict)

    def _asked(self, name: str, verb: str) -> LROPoller[Schedule]:
        first = self._post(name, verb)
        return until_provisioned("schedule", first, lambda: self._resource.get(name), Schedule.from_stored)

    def _post(self, name: str, verb: str) -> Any:
        return self._scope.transport.request("POST", self._resource.path(name, verb))

    def _uploaded(self, schedule: Schedule) -> Schedule:
        job = schedule.create_job
        if isinstance(job, str) or isinstance(job.get("job"), str):
            return schedule
        made = parse("job", job)
        body = LocalFiles(self._scope).uploaded(made).to_dict()
        return schedule.model_copy(update={"create_job": body})
