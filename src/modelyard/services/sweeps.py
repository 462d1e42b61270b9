"""Sweeps: submitted, their trials made, their results read."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.domain.errors import InvalidInput, NotFound, did_you_mean
from modelyard.domain.expressions import find, substitute
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.domain.search_policy import Goal, Objective
from modelyard.domain.search_space import describe
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import Resources
from modelyard.domain.trial import TrialRecord
from modelyard.kinds.command import CommandJob
from modelyard.kinds.sweep import DEFAULT_CONCURRENT_TRIALS, SweepJob
from modelyard.kit.paging import Page
from modelyard.services.job_planning import Planner
from modelyard.services.stored import spec_of
from modelyard.store.repositories.jobs import JobFilter, NewJob
from modelyard.store.transaction import Transaction
from modelyard.tuning.sampling_strategy import SamplingStrategy, SearchProblem, make_strategy
from modelyard.tuning.search import Proposal
from modelyard.tuning.space import flatten

# Stands for the trial's name in the addresses of a plan that is made once for all trials.
TRIAL_NAME = "modelyard-trial-name"
_DEFAULT_SEED_BITS = 31
_NEAR_SWEEPS = 200


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep keeps in its state: the plan of every trial, and the seed that fixes the search."""

    trial: JobPlan
    seed: int
    places: int

    def to_state(self) -> dict[str, Any]:
        trial = self.trial.model_dump(mode="json", exclude_defaults=True)
        return {"trial_plan": trial, "seed": self.seed, "places": self.places}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> SweepPlan:
        return cls(JobPlan.model_validate(state["trial_plan"]), int(state["seed"]), int(state["places"]))


def plan_sweep(tx: Transaction, workspace: str, job: SweepJob, planner: Planner, capacity: Resources) -> SweepPlan:
    """Everything that can be known to fail about a sweep and its trials is refused here, with field and mend."""
    seed = getattr(job.sampling_algorithm, "seed", None)
    seed = secrets.randbits(_DEFAULT_SEED_BITS) if seed is None else seed
    strategy_of(job, seed)
    _check_teachers(tx, workspace, job.warm_start_from)
    plan = planner.plan(tx, workspace, TRIAL_NAME, _example(job), capacity)
    for name, planned in plan.outputs.items():
        if TRIAL_NAME not in planned.uri:
            mend = "put ${{name}}, the trial's name, into it, or leave the path out"
            raise InvalidInput("All trials would write to the same place.", field=f"outputs.{name}.path", mend=mend)
    metrics = tuple(objective.primary_metric for objective in objectives_of(job))
    # The winner's outputs become the sweep's: a trial registers nothing.
    outputs = {
        name: planned.model_copy(update={"asset_name": None, "asset_version": None})
        for name, planned in plan.outputs.items()
    }
    trial = plan.model_copy(update={"required_metrics": metrics, "outputs": outputs})
    return SweepPlan(trial, seed, places_of(job, trial, capacity))


def _check_teachers(tx: Transaction, workspace: str, names: Sequence[str]) -> None:
    """The trials of each named sweep can be learned from."""
    for name in names:
        try:
            kind = tx.jobs.get(workspace, name).kind
        except NotFound as error:
            newest = tx.jobs.list(workspace, Page(_NEAR_SWEEPS), JobFilter(kinds=["sweep"])).items
            near = did_you_mean(name, [record.name for record in newest])
            raise NotFound(
                f"There is no sweep '{name[:200]}' to learn from.",
                field="warm_start_from",
                mend=near or "modelyard job list shows which there are",
            ) from error
        if kind != "sweep":
            raise InvalidInput(
                f"'{name}' is a {kind} job, which has no trials to learn from.",
                field="warm_start_from",
                mend="name the sweep itself",
            )


def objectives_of(job: SweepJob) -> list[Objective]:
    return [job.objective, *job.more_objectives]


def goals_of(job: SweepJob) -> list[Goal]:
    return [objective.goal for objective in objectives_of(job)]


def strategy_of(job: SweepJob, seed: int) -> SamplingStrategy:
    """The strategy of a sweep; InvalidInput when it does not suit the space or the objectives."""
    base = getattr(job.sampling_algorithm, "logbase", "e")
    problem = SearchProblem(job.search_space, goals_of(job), seed, math.e if base == "e" else float(base))
    return make_strategy(job.sampling_algorithm, problem)


def places_of(job: SweepJob, plan: JobPlan, capacity: Resources) -> int:
    """How many trials may run at one time: what was asked for, else what the compute takes at once."""
    if job.limits.max_concurrent_trials is not None:
        return job.limits.max_concurrent_trials
    fitting = int(capacity.cpus // plan.cpus) if plan.cpus > 0 else DEFAULT_CONCURRENT_TRIALS
    return max(1, min(fitting, DEFAULT_CONCURRENT_TRIALS, job.limits.max_total_trials))


def trial_name(sweep: JobRecord, number: int) -> str:
    """The name of a trial's job, `<sweep>_<number>` as in Azure ML."""
    return f"{sweep.name}_{number}"


def submit_trial(tx: Transaction, sweep: JobRecord, job: SweepJob, plan: SweepPlan, proposal: Proposal) -> TrialRecord:
    """The row of a trial, its job and its run, in this transaction."""
    name = trial_name(sweep, proposal.number)
    mine = _named_plan(plan.trial, name)
    hyperparameters = json.dumps(proposal.parameters, default=str)
    record = tx.jobs.create(
        NewJob(
            workspace=sweep.workspace,
            name=name,
            run_id=name if _fits_run_id(tx, name) else secrets.token_hex(16),
            kind="command",
            spec=_trial_spec(job, mine, proposal.parameters),
            status=JobStatus.QUEUED,
            experiment_name=sweep.experiment_name,
            display_name=f"{sweep.display_name}_{proposal.number}",
            compute=sweep.compute,
            priority=sweep.priority,
            parent_name=sweep.name,
            tags={"hyperparameters": hyperparameters},
            properties={"modelyard.sweep": sweep.name, "modelyard.trial": str(proposal.number)},
            state={"plan": mine.model_dump(mode="json", exclude_defaults=True)},
            due_now=False,
        )
    )
    tx.runs.create_for_job(
        sweep.workspace,
        sweep.experiment_name,
        record.run_id,
        record.display_name,
        parent_run_id=sweep.run_id,
        user=sweep.created_by,
        tags={"hyperparameters": hyperparameters, "modelyard.job": name},
    )
    return tx.trials.create(
        TrialRecord(
            workspace=sweep.workspace,
            sweep_name=sweep.name,
            number=proposal.number,
            job_name=name,
            run_id=record.run_id,
            parameters=proposal.parameters,
            memento=proposal.memento,
        )
    )


def change_trial(tx: Transaction, sweep: JobRecord, job: SweepJob, plan: SweepPlan, trial: TrialRecord) -> None:
    """The paused job of a trial, and its run, get the parameters that the trial has now."""
    record = tx.jobs.get(sweep.workspace, trial.job_name)
    mine = _named_plan(plan.trial, trial.job_name)
    tags = {"hyperparameters": json.dumps(trial.parameters, default=str)}
    tx.jobs.change_spec(record, _trial_spec(job, mine, trial.parameters))
    tx.jobs.edit(sweep.workspace, record.name, tags={**record.tags, **tags})
    tx.runs.restate(trial.run_id, tags)


def final_state(sweep: JobRecord, job: SweepJob, plan: SweepPlan, best: TrialRecord) -> dict[str, Any]:
    """The state of a sweep that is over: its outputs are those of its best trial, under the names it gives them."""
    outputs = {}
    for name, planned in _named_plan(plan.trial, best.job_name).outputs.items():
        wanted = job.outputs[name]
        outputs[name] = planned.model_copy(update={"asset_name": wanted.name, "asset_version": wanted.version})
    finished = JobPlan(outputs=outputs).model_dump(mode="json", exclude_defaults=True)
    return {**sweep.state, "plan": finished}


def range_notes(job: SweepJob) -> list[str]:
    """What is searched of each parameter, in words: the bounds of a log distribution are of the logarithm."""
    base = getattr(job.sampling_algorithm, "logbase", "e")
    return [f"{name}: {describe(distribution, base)}" for name, distribution in job.search_space.items()]


def _example(job: SweepJob) -> CommandJob:
    """A command job that stands for every trial when references are resolved and needs are checked."""
    trial = job.trial
    names = {expression.name for text in _texts(job) for expression in find(text)}
    scope: dict[str, str | None] = {name: _kept(name) for name in names}
    return CommandJob(
        command=substitute(trial.command, scope),
        code=trial.code,
        environment=trial.environment,
        environment_variables={key: substitute(text, scope) for key, text in trial.environment_variables.items()},
        inputs=dict(job.inputs),
        outputs=dict(job.outputs),
        compute=job.compute,
        resources=trial.resources or job.resources,
        distribution=trial.distribution,
        properties=dict(job.properties),
    )


def _texts(job: SweepJob) -> list[str]:
    return [job.trial.command, *job.trial.environment_variables.values()]


def _kept(name: str) -> str:
    """Inputs and outputs keep their expressions, which the task replaces; a parameter gets a stand-in."""
    return "0" if name.startswith("search_space.") else f"${{{{{name}}}}}"


def _named_plan(plan: JobPlan, name: str) -> JobPlan:
    outputs = {
        key: planned.model_copy(update={"uri": planned.uri.replace(TRIAL_NAME, name)})
        for key, planned in plan.outputs.items()
    }
    return plan.model_copy(update={"outputs": outputs})


def _trial_spec(job: SweepJob, plan: JobPlan, parameters: Mapping[str, Any]) -> dict[str, Any]:
    drawn = flatten(parameters)
    scope: dict[str, str | None] = {}
    for expression in (expression for text in _texts(job) for expression in find(text)):
        section, _, rest = expression.name.partition(".")
        if section == "search_space":
            scope[expression.name] = drawn.get(rest)  # None: a member of a branch that was not drawn
        else:
            planned = plan.inputs.get(rest)
            unset = section == "inputs" and planned is not None and planned.text is None and planned.uri is None
            scope[expression.name] = None if unset else _kept(expression.name)
    spec = {key: value for key, value in spec_of(job).items() if key in ("inputs", "outputs")}
    trial = job.trial.to_dict()
    spec |= {key: trial[key] for key in ("code", "environment", "distribution") if key in trial}
    spec["command"] = substitute(job.trial.command, scope, field="trial.command")
    variables = job.trial.environment_variables
    if variables:
        spec["environment_variables"] = {key: substitute(text, scope) for key, text in variables.items()}
    resources = job.trial.resources or job.resources
    if resources is not None:
        spec["resources"] = resources.to_dict()
    if job.limits.trial_timeout is not None:
        spec["limits"] = {"timeout": job.limits.trial_timeout}
    if "outputs" in spec:
        spec["outputs"] = {
            name: {**(spec["outputs"].get(name) or {}), "path": planned.uri} for name, planned in plan.outputs.items()
        }
        for output in spec["outputs"].values():
            output.pop("name", None)
            output.pop("version", None)
    return spec


def _fits_run_id(tx: Transaction, name: str) -> bool:
    return len(name) <= 32 and tx.jobs.by_run_id(name) is None and not tx.runs.exists(name)
