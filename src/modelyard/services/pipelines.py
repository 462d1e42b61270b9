"""Pipelines: submitted, their nodes made, their reuse explained."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.domain.job import Job
from modelyard.domain.job_record import JobRecord
from modelyard.kinds.catalogue import parse
from modelyard.services.jobs import Jobs
from modelyard.services.pipeline_nodes import Prepared, explain
from modelyard.store.repositories.runs import FINISHED
from modelyard.store.transaction import Transaction

PIPELINE = "pipeline"


def submit_node(tx: Transaction, jobs: Jobs, pipeline: JobRecord, node: Prepared) -> str:
    """The child job of a node, in this transaction; its name."""
    return jobs.create_child(tx, pipeline, _job(node), name=_name(pipeline, node), display_name=_label(node)).name


def submit_reused(tx: Transaction, jobs: Jobs, pipeline: JobRecord, node: Prepared) -> str:
    """A child job that is over at once: an earlier run stands for it."""
    assert node.stands_in is not None
    source = node.stands_in.reused_from or node.stands_in.job_name
    outputs = {name: {"path": facts["path"]} for name, facts in node.stands_in.outputs.items() if facts.get("path")}
    body = {
        **node.body,
        "outputs": {name: {**node.body.get("outputs", {}).get(name, {}), **place} for name, place in outputs.items()},
    }
    properties = {"azureml.isreused": "true", "azureml.reusedrunid": str(source)}
    record = jobs.create_ended_child(
        tx, pipeline, body, name=_name(pipeline, node), display_name=_label(node), properties=properties
    )
    tx.runs.end(record.run_id, FINISHED, tx.now)
    return record.name


def explain_reuse(tx: Transaction, workspace: str, name: str, node: str | None = None) -> list[dict[str, Any]]:
    """For each node of a pipeline, or for one: what stood for it, or which of its parts had changed."""
    record = tx.jobs.get(workspace, name)
    if record.kind != PIPELINE:
        raise InvalidInput(f"The job '{name}' is not a pipeline, it is a {record.kind}.", field="name")
    rows = tx.pipeline_nodes.of_pipeline(workspace, record.name)
    wanted = [row for row in rows if node in (None, row.instance)]
    if node is not None and not wanted:
        raise InvalidInput(f"The pipeline '{name}' has no node '{node}' that has begun.", field="node")
    return [explain(row, list(tx.pipeline_nodes.recent(workspace, row.instance, before=record.name))) for row in wanted]


def _job(node: Prepared) -> Job:
    job = parse("job", node.body)
    assert isinstance(job, Job)
    return job


def _name(pipeline: JobRecord, node: Prepared) -> str:
    return f"{pipeline.name}_{node.instance}"


def _label(node: Prepared) -> str:
    return str(node.body.get("display_name") or node.instance)
