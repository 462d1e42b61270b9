"""Functions that build jobs in Python, with the arguments of Azure ML's SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import PrivateAttr

from modelyard.domain.data import Data
from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.expressions import find, renamed
from modelyard.domain.job_io import Input
from modelyard.domain.model import Model
from modelyard.domain.search_policy import Objective
from modelyard.domain.search_space import AnyDistribution, member
from modelyard.kinds.command import CommandJob
from modelyard.kinds.sweep import ParameterizedCommand, SweepJob, SweepJobLimits

_RESOURCES = ("instance_count", "instance_type", "locations", "docker_args", "shm_size")
_DISTRIBUTIONS = get_args(AnyDistribution)
# What a sweep takes over from its command as it is.
_OF_TRIAL = ("code", "environment", "distribution")
_OF_SWEEP = ("outputs", "display_name", "description", "experiment_name", "tags", "properties", "identity", "resources")
_SPACE = "search_space."


class Command(CommandJob):
    """A command that can be called with other inputs, and swept.

    An input that is given a distribution is searched: `${{inputs.x}}` becomes `${{search_space.x}}`. A command with
    such an expression is for `sweep`; submitted alone it is refused.
    """

    _drawn: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init__(self, /, **fields: Any) -> None:
        given = dict(fields.pop("inputs", None) or {})
        drawn = {name: value for name, value in given.items() if isinstance(value, _DISTRIBUTIONS)}
        names = _names(drawn, "inputs.", _SPACE)
        fields["command"] = renamed(str(fields.get("command") or ""), names)
        if fields.get("environment_variables"):
            fields["environment_variables"] = _all_renamed(fields["environment_variables"], names)
        inputs = {name: _input(value) for name, value in given.items() if name not in drawn}
        super().__init__(inputs=inputs, **fields)
        self._drawn = drawn

    def __call__(self, **inputs: Any) -> Command:
        """A copy with these inputs; what is given a distribution is searched by `sweep`."""
        known = {*self.inputs, *self._drawn, *self._searched_names()}
        for name in inputs:
            if name not in known:
                mend = did_you_mean(name, known) or f"its inputs: {', '.join(sorted(known)) or 'none'}"
                raise InvalidInput(f"the command has no input '{name}'", field=f"inputs.{name}", mend=mend)
        copy = self.model_copy(deep=True)
        drawn = {name: value for name, value in inputs.items() if isinstance(value, _DISTRIBUTIONS)}
        literal = {name: _input(value) for name, value in inputs.items() if name not in drawn}
        copy._rename(_names(drawn, "inputs.", _SPACE) | _names(literal, _SPACE, "inputs."))
        copy.inputs = {name: value for name, value in {**copy.inputs, **literal}.items() if name not in drawn}
        copy._drawn = {name: value for name, value in copy._drawn.items() if name not in literal} | drawn
        return copy

    def sweep(
        self,
        *,
        primary_metric: str,
        goal: str,
        sampling_algorithm: Any = "random",
        compute: str | None = None,
        max_concurrent_trials: int | None = None,
        max_total_trials: int | None = None,
        timeout: int | None = None,
        trial_timeout: int | None = None,
        early_termination_policy: Any = None,
        search_space: Mapping[str, Any] | None = None,
        queue_settings: Any = None,
        job_tier: str | None = None,
        priority: str | None = None,
    ) -> SweepJob:
        """Search this command's parameters for the best `primary_metric`.

        The space is `search_space` and every input that was given a distribution. Limits may also follow by
        `set_limits`; a sweep that has no `max_total_trials` when it is submitted is refused.
        """
        ready = self._searching(search_space or {})
        job = SweepJob(
            trial=ready._trial(),
            inputs=ready.inputs,
            compute=compute or self.compute,
            search_space=ready._drawn,
            sampling_algorithm=sampling_algorithm,
            objective=Objective(goal=goal, primary_metric=primary_metric),
            early_termination=early_termination_policy,
            limits=SweepJobLimits(max_total_trials=max_total_trials or max_concurrent_trials or 1),
            queue_settings=queue_settings or _queue(job_tier, priority) or self.queue_settings,
            **_given(self, _OF_SWEEP),
        )
        own_timeout = self.limits.timeout if self.limits else None
        job.drop_limits()
        job.set_limits(
            max_concurrent_trials=max_concurrent_trials,
            max_total_trials=max_total_trials,
            timeout=timeout,
            trial_timeout=own_timeout if trial_timeout is None else trial_timeout,
        )
        return job

    def expression_names(self) -> list[str]:
        return [*super().expression_names(), *(f"{_SPACE}{name}" for name in self._searched_names())]

    def _searched_names(self) -> list[str]:
        names = (found.name for text in self._texts() for found in find(text))
        return [name.removeprefix(_SPACE) for name in names if name.startswith(_SPACE)]

    def _texts(self) -> list[str]:
        return [self.command, *self.environment_variables.values()]

    def _searching(self, space: Mapping[str, Any]) -> Command:
        """A copy in which the parameters of `space` are searched too, in the place of inputs of the same name."""
        own = [name for name in space if name in self.inputs and name not in self._searched_names()]
        copy = self(**{name: member(space[name]) for name in own})
        copy._drawn = {**copy._drawn, **space}
        return copy

    def _trial(self) -> ParameterizedCommand:
        variables = self.environment_variables
        return ParameterizedCommand(command=self.command, environment_variables=variables, **_given(self, _OF_TRIAL))

    def _rename(self, names: Mapping[str, str]) -> None:
        self.command = renamed(self.command, names)
        self.environment_variables = _all_renamed(self.environment_variables, names)


def command(
    *,
    timeout: int | None = None,
    job_tier: str | None = None,
    priority: str | None = None,
    is_deterministic: bool = True,
    **fields: Any,
) -> Command:
    """A command job. Takes the fields of CommandJob, and resources, limits and queue settings flat.

    An input may also be data or a model that was read from the platform, or a distribution for `sweep`.
    `is_deterministic` belongs to pipeline nodes and is accepted for their sake.
    """
    resources = {key: fields.pop(key) for key in _RESOURCES if fields.get(key) is not None}
    if resources:
        given = fields.get("resources") or {}
        fields["resources"] = {**(given if isinstance(given, dict) else given.to_dict()), **resources}
    if timeout is not None:
        fields["limits"] = {"timeout": timeout}
    queue = _queue(job_tier, priority)
    if queue:
        fields["queue_settings"] = queue
    return Command(**fields)


def _queue(job_tier: str | None, priority: str | None) -> dict[str, str]:
    return {key: value for key, value in (("job_tier", job_tier), ("priority", priority)) if value is not None}


def _given(job: CommandJob, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(job, name)) not in (None, {})}


def _names(inputs: Mapping[str, Any], old: str, new: str) -> dict[str, str]:
    return {f"{old}{name}": f"{new}{name}" for name in inputs}


def _all_renamed(texts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    return {key: renamed(str(text), names) for key, text in texts.items()}


def _input(value: Any) -> Any:
    """An input of a job; data and models of the platform by their reference."""
    if not isinstance(value, Data | Model):
        return value
    path = f"azureml:{value.name}:{value.version}" if value.name and value.version else value.path
    return Input(type=value.type.value, path=path)
