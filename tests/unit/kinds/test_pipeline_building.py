"""Pipelines by Python functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelyard import Input, dsl, load_component
from modelyard.domain.errors import InvalidInput
from modelyard.kinds.components import CommandComponent, Component
from modelyard.kinds.pipeline import PipelineJob
from modelyard.sweep import Choice


@pytest.fixture
def train() -> Component:
    return CommandComponent(
        name="train",
        inputs={"data": {"type": "uri_folder"}, "rate": {"type": "number", "default": 0.1}},
        outputs={"model": {"type": "mlflow_model"}, "more": {"type": "boolean"}},
        command="echo ${{inputs.data}} ${{inputs.rate}} > ${{outputs.model}}/m; echo 1 > ${{outputs.more}}",
    )


def test_a_function_becomes_a_job_with_nodes_named_by_its_variables(train: Component) -> None:
    @dsl.pipeline(compute="local", description="two steps")
    def steps(data: Any, rate: float = 0.5) -> dict[str, Any]:
        first = train(data=data, rate=rate)
        second = train(data=first.outputs.model)
        second.compute = "other"
        second.set_limits(timeout=60)
        second.outputs.model.name = "best"
        return {"model": second.outputs.model}

    job = steps(data=Input(type="uri_folder", path="azureml:rows:1"))
    assert isinstance(job, PipelineJob)
    body = job.to_dict()
    assert list(body["jobs"]) == ["first", "second"]
    assert body["inputs"]["rate"] == 0.5
    assert body["jobs"]["first"]["inputs"] == {"data": "${{parent.inputs.data}}", "rate": "${{parent.inputs.rate}}"}
    assert body["jobs"]["second"]["inputs"]["data"] == "${{parent.jobs.first.outputs.model}}"
    assert body["jobs"]["second"]["compute"] == "other"
    assert body["jobs"]["second"]["limits"] == {"timeout": 60}
    assert body["outputs"] == {"model": {"type": "mlflow_model", "name": "best"}}
    assert body["settings"]["default_compute"] == "local"
    assert body["description"] == "two steps"


def test_nodes_without_a_variable_are_numbered(train: Component) -> None:
    @dsl.pipeline
    def three(data: Any) -> None:
        for _ in range(3):
            train(data=data)

    assert list(three(data="azureml:rows:1").jobs) == ["train", "train_1", "train_2"]


def test_a_pipeline_function_inside_another_is_a_pipeline_node(train: Component) -> None:
    @dsl.pipeline
    def inner(data: Any, rate: float = 0.2) -> dict[str, Any]:
        only = train(data=data, rate=rate)
        return {"model": only.outputs.model}

    @dsl.pipeline
    def outer(data: Any) -> dict[str, Any]:
        left = inner(data=data)
        right = train(data=left.outputs.model)
        return {"model": right.outputs.model}

    job = outer(data=Input(type="uri_folder", path="azureml:rows:1"))
    body = job.to_dict()["jobs"]["left"]
    assert body["type"] == "pipeline"
    assert set(body["component"]["inputs"]) == {"data", "rate"}
    assert body["component"]["inputs"]["rate"]["type"] == "number"
    assert body["component"]["outputs"]["model"]["type"] == "mlflow_model"


def test_branches_and_loops(train: Component) -> None:
    @dsl.pipeline
    def flow(data: Any) -> None:
        ask = train(data=data)
        yes = train(data=data)
        no = train(data=data)
        choose = dsl.condition(condition=ask.outputs.more, true_block=yes, false_block=[no])
        step = train(data=data)
        again = dsl.do_while(
            step, mapping={step.outputs.model: "data"}, condition=step.outputs.more, max_iteration_count=3
        )
        body = train(data=data)
        each = dsl.parallel_for(body, items=[{"rate": 0.1}, {"rate": 0.2}], max_concurrency=1)
        assert choose and again and each

    body = flow(data="azureml:rows:1").to_dict()["jobs"]
    assert body["choose"]["condition"] == "${{parent.jobs.ask.outputs.more}}"
    assert body["choose"]["false_block"] == ["${{parent.jobs.no}}"]
    assert body["again"]["mapping"] == {"model": ["data"]}
    assert body["again"]["limits"] == {"max_iteration_count": 3}
    assert body["each"]["body"] == "${{parent.jobs.body}}"


def test_a_component_is_swept(train: Component) -> None:
    @dsl.pipeline
    def search(data: Any) -> None:
        best = train(data=data, rate=Choice([0.1, 0.2])).sweep(primary_metric="loss", goal="minimize")
        best.set_limits(max_total_trials=2)

    body = search(data="azureml:rows:1").to_dict()["jobs"]
    assert list(body) == ["best"]
    assert body["best"]["search_space"]["rate"]["values"] == [0.1, 0.2]
    assert body["best"]["trial"]["name"] == "train"


def test_names_that_a_component_does_not_have_are_refused(train: Component) -> None:
    @dsl.pipeline
    def wrong_input(data: Any) -> None:
        train(dta=data)

    @dsl.pipeline
    def wrong_output(data: Any) -> None:
        first = train(data=data)
        train(data=first.outputs.modle)

    with pytest.raises(InvalidInput, match="no input 'dta'"):
        wrong_input(data="azureml:rows:1")
    with pytest.raises(InvalidInput, match="no output 'modle'"):
        wrong_output(data="azureml:rows:1")


def test_a_loop_without_a_bound_is_refused(train: Component) -> None:
    @dsl.pipeline
    def endless(data: Any) -> None:
        step = train(data=data)
        dsl.do_while(step, mapping={}, condition=step.outputs.more)

    with pytest.raises(InvalidInput, match="limits"):
        endless(data="azureml:rows:1")


def test_a_component_file_is_a_function(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text("name: say\ncommand: echo ${{inputs.word}}\ninputs: {word: {type: string}}\n")
    say = load_component(file)

    @dsl.pipeline
    def hello(word: str = "hi") -> None:
        one = say(word=word)
        assert one

    assert hello().to_dict()["jobs"]["one"]["component"]["command"] == "echo ${{inputs.word}}"
