"""The sweep job: many trials of one command, each with its own parameters, as child jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from modelyard.domain.actions import (
    Action,
    CopyTrial,
    JobError,
    PauseTrial,
    ResumeTrial,
    SetStatus,
    StartTrials,
    StopTrial,
    WakeAfter,
)
from modelyard.domain.entity import Part, Text, problem
from modelyard.domain.expressions import check, find
from modelyard.domain.job import Distribution, Job, JobResourceConfiguration, QueueSettings
from modelyard.domain.job_io import JobInput, JobOutput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.online_deployment import EnvironmentOrReference
from modelyard.domain.search_policy import (
    EarlyTermination,
    GridSampling,
    Objective,
    PbtPolicy,
    SamplingAlgorithmOrName,
)
from modelyard.domain.search_space import (
    SearchDistribution,
    base_problems,
    is_discrete,
    parameter_names,
    space_problems,
)
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase

DEFAULT_CONCURRENT_TRIALS = 4
_STOP_CHECK_SECONDS = 5.0
_STOPPABLE = (TrialPhase.ACTIVE, TrialPhase.PAUSING, TrialPhase.PAUSED, TrialPhase.COPYING)


class SweepJobLimits(Part):
    """Walls of a sweep."""

    max_total_trials: int = Field(ge=1, le=1_000_000)
    max_concurrent_trials: int | None = Field(default=None, ge=1)
    """Trials at one time; what the compute takes, at most four, when left out."""
    timeout: int | None = Field(default=None, ge=1)
    """Seconds for the whole sweep."""
    trial_timeout: int | None = Field(default=None, ge=1)
    """Seconds for each trial."""
    max_cost: float | None = Field(default=None, gt=0)
    """Core-seconds that all trials may take together."""

    def problems(self) -> Iterable[dict[str, str]]:
        most = self.max_concurrent_trials
        if most is not None and most > self.max_total_trials:
            text = f"max_concurrent_trials {most} is above max_total_trials {self.max_total_trials}"
            yield problem("max_concurrent_trials", text, "lower it, or allow more trials")


class ParameterizedCommand(Part):
    """The command of every trial; `${{search_space.x}}` is replaced by what was drawn."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)

    command: str
    code: str | None = None
    environment: EnvironmentOrReference | None = None
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    resources: JobResourceConfiguration | None = None
    distribution: Distribution | None = None
    queue_settings: QueueSettings | None = None


class SweepJob(Job):
    """Search the parameters of a command for the best value of a metric that it logs."""

    type: Literal["sweep"] = "sweep"
    trial: ParameterizedCommand
    search_space: dict[str, SearchDistribution]
    """By parameter: what it may be."""
    sampling_algorithm: SamplingAlgorithmOrName = Field(
        default_factory=lambda: {"type": "random"}, validate_default=True
    )
    """`random`, `grid`, `bayesian`, `gp`, `cma_es`, `nsga2`, or a mapping with its settings."""
    objective: Objective
    more_objectives: list[Objective] = Field(default_factory=list)
    """Further metrics, for a front of best trade-offs instead of one best trial."""
    early_termination: EarlyTermination | None = None
    limits: SweepJobLimits
    inputs: dict[str, JobInput] = Field(default_factory=dict)
    outputs: dict[str, JobOutput] = Field(default_factory=dict)
    resources: JobResourceConfiguration | None = None
    queue_settings: QueueSettings | None = None
    warm_start_from: list[str] = Field(default_factory=list)
    """Earlier sweeps over the same space whose trials teach this one."""

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from space_problems(self.search_space)
        if isinstance(self.sampling_algorithm, GridSampling):
            yield from (_not_listable(name) for name, value in self.search_space.items() if not is_discrete(value))
        yield from base_problems(self.search_space, getattr(self.sampling_algorithm, "logbase", "e"))
        if self.more_objectives and self.early_termination is not None:
            yield problem("early_termination", "a policy needs one objective, not several", "remove it")
        yield from self._fixed_problems()
        yield from self._command_problems()

    def set_limits(
        self,
        *,
        max_concurrent_trials: int | None = None,
        max_total_trials: int | None = None,
        timeout: int | None = None,
        trial_timeout: int | None = None,
        max_cost: float | None = None,
    ) -> None:
        """Change some of the limits; None stays."""
        given = {
            "max_concurrent_trials": max_concurrent_trials,
            "max_total_trials": max_total_trials,
            "timeout": timeout,
            "trial_timeout": trial_timeout,
            "max_cost": max_cost,
        }
        limits = self.limits.to_dict() | {name: value for name, value in given.items() if value is not None}
        if "max_total_trials" in limits:
            self.limits = SweepJobLimits(**limits)
        else:
            self.__dict__["limits"] = SweepJobLimits.model_construct(**limits)

    def drop_limits(self) -> None:
        """Begin anew with `set_limits`. A sweep without `max_total_trials` is refused when it is submitted."""
        nothing: dict[str, Any] = {}
        self.__dict__["limits"] = SweepJobLimits.model_construct(**nothing)

    def set_objective(self, *, goal: str | None = None, primary_metric: str | None = None) -> None:
        """Change the goal or the metric; None stays."""
        given = {"goal": goal, "primary_metric": primary_metric}
        before = self.objective.to_dict()
        self.objective = Objective(**before | {name: value for name, value in given.items() if value is not None})

    def set_resources(self, **resources: Any) -> None:
        """Change some of the fields of `resources`, which every trial has."""
        before = self.resources.to_dict() if self.resources else {}
        self.resources = JobResourceConfiguration(**(before | resources))

    def _fixed_problems(self) -> Iterable[dict[str, str]]:
        if isinstance(self.early_termination, PbtPolicy):
            names = {name.rpartition(".")[2] for name in parameter_names(self.search_space)}
            for place, name in enumerate(self.early_termination.fixed):
                if name not in names:
                    field = f"early_termination.fixed.{place}"
                    yield problem(field, f"no parameter is named '{name}'", f"use one of {', '.join(sorted(names))}")

    def _command_problems(self) -> Iterable[dict[str, str]]:
        drawn = [f"search_space.{name}" for name in parameter_names(self.search_space)]
        ports = [f"inputs.{name}" for name in self.inputs] + [f"outputs.{name}" for name in self.outputs]
        texts = {"trial.command": self.trial.command} | {
            f"trial.environment_variables.{name}": text for name, text in self.trial.environment_variables.items()
        }
        used: set[str] = set()
        for place, text in texts.items():
            yield from check(text, [*ports, *drawn], field=place)
            used |= {expression.parts[1] for expression in find(text) if expression.parts[0] == "search_space"}
        for name in self.search_space:
            if name not in used:
                mend = f"write ${{{{search_space.{name}}}}} into trial.command, or remove the parameter"
                yield problem(f"search_space.{name}", f"'{name}' is drawn, and the command does not use it", mend)


def _not_listable(name: str) -> dict[str, str]:
    return problem(
        f"search_space.{name}",
        f"a grid needs values that can be listed; '{name}' is continuous",
        "make it a choice of values, or use the sampling algorithm 'random' or 'bayesian'",
    )


@dataclass(frozen=True)
class SweepView:
    """What a sweep looks at when it decides. `verdicts` are the policy's on active trials: number -> reason."""

    now: datetime
    phases: Mapping[int, TrialPhase]
    limits: SweepJobLimits
    places: int
    """Trials that may be active at one time."""
    verdicts: Mapping[int, str]
    pauses: Mapping[int, str] = field(default_factory=dict)
    """Active trials that the policy lets wait at a rung: number -> reason."""
    resumable: Sequence[int] = ()
    """Paused trials that deserve the next free places, in that order."""
    sources: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Of those, the ones that go on from another's checkpoint: number -> (that trial, reason)."""
    new_first: bool = False
    """Whether trials that were not begun come before them."""
    leader: int | None = None
    """The paused trial that is better than all that have ended, if there is one."""
    best: int | None = None
    """The trial with the best objective so far."""
    exhausted: bool = False
    cost: float = 0.0
    failure: JobError | None = None
    """Why no further trial can be made at all."""


def decide(job: JobRecord, view: SweepView) -> list[Action]:
    """What to do about a sweep now. Pure: the same record and view give the same actions."""
    if job.status.terminal:
        return []
    starting: list[Action] = [SetStatus(JobStatus.RUNNING)] if job.status is JobStatus.NOT_STARTED else []
    running = [number for number, phase in view.phases.items() if phase.running]
    wall = wall_of(job, view)
    if wall is not None:
        return [*starting, *_ending(job, view, wall)]
    verdicts: list[Action] = [StopTrial(number, reason) for number, reason in view.verdicts.items()]
    verdicts += [PauseTrial(number, reason) for number, reason in view.pauses.items()]
    free = max(0, view.places - len(running))
    left = 0 if view.exhausted else view.limits.max_total_trials - len(view.phases)
    kept = min(free, left) if view.new_first else 0
    resumes = _resumes(view, free - kept)
    copied: list[Action] = [ResumeTrial(number) for number, phase in view.phases.items() if phase is TrialPhase.COPYING]
    verdicts += copied
    wanted = min(free - len(resumes), left)
    if wanted > 0:
        return [*starting, *verdicts, *resumes, StartTrials(wanted), *_until_wall(job, view)]
    if running or resumes or left > 0:
        return [*starting, *verdicts, *resumes, *_until_wall(job, view)]
    if view.leader is not None:  # a rung with few trials has no top share: the best of all goes on to its own end
        return [*starting, ResumeTrial(view.leader), *_until_wall(job, view)]
    return [*starting, *(_give_up_paused(view) or _finish(job, view))]


def _resumes(view: SweepView, places: int) -> list[Action]:
    """Paused trials that go on. Whom one copies is written down first; the copy is made at the next look."""
    going = view.resumable[: max(0, places)]
    copies: list[Action] = [CopyTrial(number, *view.sources[number]) for number in going if number in view.sources]
    plain: list[Action] = [ResumeTrial(number) for number in going if number not in view.sources]
    return [*plain, *copies, *([WakeAfter(0.0)] if copies else [])]


def _give_up_paused(view: SweepView) -> list[Action]:
    """Trials that wait at a rung when nothing else can run: they have been outdone, and what they logged counts."""
    paused = [number for number, phase in view.phases.items() if phase is TrialPhase.PAUSED]
    return [StopTrial(number, "it waited at a rung, and no trial was left to take it beyond") for number in paused]


def wall_of(job: JobRecord, view: SweepView) -> str | None:
    """Why nothing more may start, or None."""
    if job.cancel_requested:
        return "the sweep was cancelled"
    if view.failure is not None:
        return view.failure.message
    if view.limits.timeout is not None and _age(job, view) >= view.limits.timeout:
        return f"the sweep reached its timeout of {view.limits.timeout} s"
    if view.limits.max_cost is not None and view.cost >= view.limits.max_cost:
        return f"the sweep used its budget of {view.limits.max_cost:g} core-seconds"
    return None


def _ending(job: JobRecord, view: SweepView, wall: str) -> list[Action]:
    """At a wall running trials end, and what finished counts."""
    active = [number for number, phase in view.phases.items() if phase in _STOPPABLE]
    stops: list[Action] = [StopTrial(number, wall, by_policy=False) for number in active]
    if stops or any(phase.running for phase in view.phases.values()):
        return [*stops, WakeAfter(_STOP_CHECK_SECONDS)]
    return _finish(job, view)


def _finish(job: JobRecord, view: SweepView) -> list[Action]:
    if job.cancel_requested:
        return [SetStatus(JobStatus.CANCEL_REQUESTED), SetStatus(JobStatus.CANCELED)]
    if view.best is not None and view.failure is None:
        return [SetStatus(JobStatus.FINALIZING), SetStatus(JobStatus.COMPLETED)]
    error = view.failure or JobError(
        "NoTrialCompleted",
        f"None of the {len(view.phases)} trials gave a usable value of the objective."
        if view.phases
        else "No trial was run.",
        hint="Look at the error of a trial: its job says what happened.",
    )
    return [SetStatus(JobStatus.FAILED, error)]


def _until_wall(job: JobRecord, view: SweepView) -> list[Action]:
    if view.limits.timeout is None:
        return []
    return [WakeAfter(max(0.1, view.limits.timeout - _age(job, view)))]


def _age(job: JobRecord, view: SweepView) -> float:
    """Seconds since it began, or began anew."""
    reopened = job.state.get("reopened_at")
    began = datetime.fromisoformat(reopened) if reopened else job.started_at or view.now
    return (view.now - began).total_seconds()
