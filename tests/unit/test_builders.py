"""Jobs built in Python as Azure ML's SDK builds them."""

from __future__ import annotations

from typing import Any

import pytest

from modelyard import command, sweep
from modelyard.builders import Command
from modelyard.domain.errors import InvalidInput
from modelyard.entities import Data, Input, Model
from modelyard.kinds.catalogue import parse
from modelyard.kinds.sweep import SweepJob

TEXT = "python train.py --lr ${{inputs.lr}} --rows ${{inputs.rows}}"


@pytest.fixture
def train() -> Command:
    return command(
        command=TEXT,
        inputs={"lr": 0.1, "rows": 10},
        environment_variables={"LR": "${{inputs.lr}}"},
        experiment_name="tuning",
        timeout=30,
        instance_count=1,
        compute="cpu",
    )


def test_a_call_changes_inputs_of_a_copy(train: Command) -> None:
    other = train(rows=20)
    assert (train.inputs, other.inputs) == ({"lr": 0.1, "rows": 10}, {"lr": 0.1, "rows": 20})
    assert other.command == TEXT
    with pytest.raises(InvalidInput, match=r"no input 'row'.*did you mean 'rows'"):
        train(row=3)


def test_inputs_given_distributions_are_searched(train: Command) -> None:
    job = train(lr=sweep.Uniform(0.01, 0.9)).sweep(primary_metric="auc", goal="Maximize", max_total_trials=4)
    assert job.trial.command == "python train.py --lr ${{search_space.lr}} --rows ${{inputs.rows}}"
    assert job.trial.environment_variables == {"LR": "${{search_space.lr}}"}
    assert (list(job.inputs), list(job.search_space)) == (["rows"], ["lr"])
    assert job.limits.trial_timeout == 30
    assert (job.compute, job.experiment_name, job.objective.goal) == ("cpu", "tuning", "maximize")
    assert isinstance(parse("job", job.to_dict()), SweepJob)


def test_a_distribution_can_be_given_at_once_and_taken_back() -> None:
    cmd = command(command="echo ${{inputs.x}}", inputs={"x": sweep.choice(1, 2)})
    assert cmd.command == "echo ${{search_space.x}}"
    fixed = cmd(x=3)
    assert (fixed.command, fixed.inputs) == ("echo ${{inputs.x}}", {"x": 3})
    with pytest.raises(InvalidInput, match="the search space is empty"):
        fixed.sweep(primary_metric="m", goal="minimize", max_total_trials=1)


def test_a_space_may_name_an_input_or_be_named_in_the_command(train: Command) -> None:
    job = train.sweep(
        primary_metric="auc",
        goal="maximize",
        max_total_trials=1,
        search_space={"lr": {"type": "choice", "values": [1]}},
    )
    assert "${{search_space.lr}}" in job.trial.command
    direct = command(command="echo ${{search_space.x}}").sweep(
        primary_metric="auc", goal="maximize", max_total_trials=1, search_space={"x": sweep.Choice(values=[1])}
    )
    assert list(direct.search_space) == ["x"]


def test_a_command_with_open_parameters_is_refused_by_itself() -> None:
    open_command = command(command="echo ${{search_space.x}}")
    with pytest.raises(InvalidInput, match="not declared"):
        parse("job", open_command.to_dict())


def test_limits_either_way(train: Command) -> None:
    job = train(lr=sweep.Normal(0, 1)).sweep(primary_metric="auc", goal="minimize", max_concurrent_trials=2)
    with pytest.raises(InvalidInput, match="max_total_trials"):
        parse("job", job.to_dict())
    with pytest.raises(InvalidInput, match="above max_total_trials"):
        job.set_limits(max_total_trials=1)
    job.set_limits(max_total_trials=8, timeout=60)
    limits = {"max_total_trials": 8, "max_concurrent_trials": 2, "timeout": 60, "trial_timeout": 30}
    assert job.limits.to_dict() == limits
    job.set_objective(goal="maximize")
    job.set_resources(instance_count=1, properties={"cpus": 2})
    job.early_termination = sweep.BanditPolicy(slack_factor=0.1, evaluation_interval=2)
    again = parse("job", job.to_dict())
    assert again.to_dict() == job.to_dict()


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("grid", "grid"),
        (sweep.BayesianParameterSampling(), "bayesian"),
        (sweep.RandomSamplingAlgorithm(rule="sobol", seed=1, logbase=10), "random"),
        ({"type": "CMA-ES"}, "cma_es"),
    ],
)
def test_algorithms_by_word_class_or_mapping(algorithm: Any, kind: str) -> None:
    cmd = command(command="echo ${{inputs.x}}", inputs={"x": sweep.choice([1, 2])})
    job = cmd.sweep(primary_metric="m", goal="minimize", sampling_algorithm=algorithm, max_total_trials=2)
    assert job.sampling_algorithm.type == kind


def test_functions_of_the_first_sdk_mean_the_same() -> None:
    assert sweep.choice(range(3)) == sweep.Choice(values=[0, 1, 2])
    assert sweep.qloguniform(-4, -1, 0.1) == sweep.QLogUniform(min_value=-4, max_value=-1, q=0.1)
    assert sweep.randint(4) == sweep.Randint(upper=4)
    assert sweep.PrimaryMetricGoal.MAXIMIZE == "maximize"


def test_data_and_models_of_the_platform_are_inputs() -> None:
    data = Data(name="rows", version="2", type="uri_file", path="azureml://datastores/d/paths/x.csv")
    model = Model(path="azureml://jobs/j/outputs/m", type="mlflow_model")
    cmd = command(command="cat ${{inputs.a}} ${{inputs.b}}", inputs={"a": data, "b": model})
    assert cmd.inputs["a"] == Input(type="uri_file", path="azureml:rows:2")
    assert cmd.inputs["b"] == Input(type="mlflow_model", path="azureml://jobs/j/outputs/m")
