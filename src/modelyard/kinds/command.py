"""The command job: one command line on one compute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from modelyard.domain.actions import (
    Action,
    BuildEnvironment,
    JobError,
    LaunchTask,
    RecordOutputs,
    SetStatus,
    StopTask,
    WakeAfter,
)
from modelyard.domain.entity import Text, problem, read_only
from modelyard.domain.expressions import check
from modelyard.domain.job import (
    CommandJobLimits,
    Distribution,
    Job,
    JobResourceConfiguration,
    QueueSettings,
)
from modelyard.domain.job_io import PATH_NAMES, JobInput, JobOutput, port_name_problems
from modelyard.domain.job_plan import MAX_RETRIES_PROPERTY, JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.domain.job_view import EnvironmentPhase, JobView
from modelyard.domain.online_deployment import EnvironmentOrReference
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import ExitRecord, TaskObservation, TaskPhase

STOP_CHECK_SECONDS = 15.0
TASK_CHECK_SECONDS = 30.0
RETRY_PAUSE_SECONDS = 1.0
_PAUSABLE = frozenset({JobStatus.STARTING, JobStatus.RUNNING})
_BEFORE_THE_TASK = frozenset({JobStatus.NOT_STARTED, JobStatus.QUEUED, JobStatus.PREPARING, JobStatus.PAUSED})


class CommandJob(Job):
    """Run a command in an environment, with named inputs and outputs."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)

    type: Literal["command"] = "command"
    command: str
    """A bash text; `${{inputs.x}}` and `${{outputs.y}}` are replaced."""
    code: str | None = None
    """A folder or file, uploaded and put into the working directory."""
    environment: EnvironmentOrReference | None = None
    """`azureml:<environment>:<version>`, or an inline environment; the server's own Python when left out."""
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    inputs: dict[str, JobInput] = Field(default_factory=dict)
    """By name: literals, or what to read."""
    outputs: dict[str, JobOutput] = Field(default_factory=dict)
    """By name: what is written."""
    resources: JobResourceConfiguration | None = None
    distribution: Distribution | None = None
    """How several processes are started and find each other."""
    limits: CommandJobLimits | None = None
    queue_settings: QueueSettings | None = None
    parent_job_name: str | None = None
    parameters: dict[str, Any] | None = read_only()

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from port_name_problems("inputs", self.inputs)
        yield from port_name_problems("outputs", self.outputs)
        if not self.command.strip():
            yield problem("command", "the command is empty", "write what to run")
        known = self.expression_names()
        yield from check(self.command, known, field="command")
        for name, text in self.environment_variables.items():
            yield from check(text, known, field=f"environment_variables.{name}")
        for name, output in self.outputs.items():
            yield from check(output.path or "", PATH_NAMES, field=f"outputs.{name}.path")

    def expression_names(self) -> list[str]:
        """What `${{ }}` may name in the command and in the environment's variables."""
        return [f"inputs.{name}" for name in self.inputs] + [f"outputs.{name}" for name in self.outputs]

    def set_limits(self, *, timeout: int) -> None:
        """Stop the job after `timeout` seconds."""
        self.limits = CommandJobLimits(timeout=timeout)

    def set_resources(self, **resources: Any) -> None:
        """Change some of the fields of `resources`."""
        before = self.resources.to_dict() if self.resources else {}
        self.resources = JobResourceConfiguration(**(before | resources))


def decide(job: JobRecord, view: JobView) -> list[Action]:
    """What to do about a command job now. Pure: the same record and view give the same actions.

    The order of the actions is the order in which they are to be done.
    """
    if job.status.terminal:
        return []
    if job.status in _BEFORE_THE_TASK:
        return _before(job, view)
    if job.status is JobStatus.CANCEL_REQUESTED:
        return _canceling(view)
    if job.cancel_requested and job.status is not JobStatus.FINALIZING:
        return [SetStatus(JobStatus.CANCEL_REQUESTED), StopTask(), WakeAfter(STOP_CHECK_SECONDS)]
    return _with_task(job, view)


def _before(job: JobRecord, view: JobView) -> list[Action]:
    if job.cancel_requested:
        return [SetStatus(JobStatus.CANCELED)]
    if job.status is JobStatus.PAUSED and job.pause_requested:
        return []
    if view.broken is not None:
        return [SetStatus(JobStatus.FAILED, view.broken)]
    queued: list[Action]
    if view.environment is EnvironmentPhase.FAILED:
        return [SetStatus(JobStatus.FAILED, view.environment_error)]
    if view.environment is EnvironmentPhase.BUILDING:
        queued = [SetStatus(JobStatus.QUEUED)] if job.status is JobStatus.PAUSED else []
        preparing: list[Action] = [] if job.status is JobStatus.PREPARING else [SetStatus(JobStatus.PREPARING)]
        return [*queued, *preparing, BuildEnvironment(), WakeAfter(TASK_CHECK_SECONDS)]
    queued = [] if job.status is JobStatus.QUEUED else [SetStatus(JobStatus.QUEUED)]
    if not view.fits:
        return queued
    return [*queued, SetStatus(JobStatus.STARTING), LaunchTask(job.attempt + 1), WakeAfter(TASK_CHECK_SECONDS)]


def _with_task(job: JobRecord, view: JobView) -> list[Action]:
    task = view.task
    if view.broken is not None:
        return [SetStatus(JobStatus.FAILED, view.broken)]
    if task is None or task.phase is TaskPhase.ABSENT:
        return [LaunchTask(job.attempt), WakeAfter(TASK_CHECK_SECONDS)]
    if job.pause_requested and job.status in _PAUSABLE:
        pausing = _pausing(job, task)
        if pausing:
            return pausing
    if task.phase is TaskPhase.EXITED and task.exit is not None:
        return _ended(job, task.exit)
    if task.phase is TaskPhase.LOST:
        return _lost(job, task)
    if task.phase is TaskPhase.RUNNING and job.status is JobStatus.STARTING:
        return [SetStatus(JobStatus.RUNNING), WakeAfter(TASK_CHECK_SECONDS)]
    return [WakeAfter(TASK_CHECK_SECONDS)]


def _pausing(job: JobRecord, task: TaskObservation) -> list[Action]:
    """End the task of a job that is to pause; its checkpoint waits in `./outputs`. Empty when it ended by itself."""
    stopped = task.phase is TaskPhase.LOST or (task.exit is not None and task.exit.cancelled)
    if stopped:
        running: list[Action] = [SetStatus(JobStatus.RUNNING)] if job.status is JobStatus.STARTING else []
        return [*running, SetStatus(JobStatus.PAUSED)]
    if task.phase is TaskPhase.EXITED:
        return []
    return [StopTask(), WakeAfter(STOP_CHECK_SECONDS)]


def _ended(job: JobRecord, record: ExitRecord) -> list[Action]:
    if record.succeeded:
        finalizing: list[Action] = [] if job.status is JobStatus.FINALIZING else [SetStatus(JobStatus.FINALIZING)]
        return [*finalizing, RecordOutputs(), SetStatus(JobStatus.COMPLETED)]
    error = error_of(record)
    if not record.timed_out and not record.cancelled and _may_retry(job, "failure"):
        return _retry(error)
    return [SetStatus(JobStatus.FAILED, error)]


def _lost(job: JobRecord, task: TaskObservation) -> list[Action]:
    error = JobError(
        "LauncherLost",
        f"The task ended without a record. {task.reason or ''}".strip(),
        hint=f"Set the property {MAX_RETRIES_PROPERTY} to have such a job run again.",
    )
    if job.status is not JobStatus.FINALIZING and _may_retry(job, "lost"):
        return _retry(error)
    return [SetStatus(JobStatus.FAILED, error)]


def _retry(error: JobError) -> list[Action]:
    return [SetStatus(JobStatus.QUEUED, error), WakeAfter(RETRY_PAUSE_SECONDS)]


def _may_retry(job: JobRecord, cause: str) -> bool:
    plan = JobPlan.of(job.state)
    return cause in plan.retry_on and job.attempt - int(job.state.get("pauses", 0)) <= plan.max_retries


def _canceling(view: JobView) -> list[Action]:
    task = view.task
    if task is None or task.phase in (TaskPhase.ABSENT, TaskPhase.LOST):
        return [StopTask(0), SetStatus(JobStatus.CANCELED)]
    if task.phase is not TaskPhase.EXITED or task.exit is None:
        return [StopTask(), WakeAfter(STOP_CHECK_SECONDS)]
    if task.exit.succeeded:
        return [RecordOutputs(), SetStatus(JobStatus.COMPLETED)]
    if task.exit.cancelled:
        return [SetStatus(JobStatus.CANCELED)]
    return [SetStatus(JobStatus.FAILED, error_of(task.exit))]


def error_of(record: ExitRecord) -> JobError:
    """The error of a task that did not succeed, as its owner sees it."""
    if record.error is None:
        what = "was stopped from outside the platform" if record.cancelled else "failed"
        return JobError("CommandFailed", f"The command {what}.", exit_code=record.exit_code)
    return JobError(
        str(record.error.get("type", "CommandFailed")),
        str(record.error.get("message", "")),
        record.error.get("where"),
        record.error.get("hint"),
        record.exit_code,
    )
