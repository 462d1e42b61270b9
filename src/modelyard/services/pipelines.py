"""Pipelines: submitted, their nodes made, their reuse explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modelyard.artifacts.storage import Storage
from modelyard.domain.errors import Conflict, InvalidInput, did_you_mean
from modelyard.domain.job import Job
from modelyard.domain.job_record import JobRecord
from modelyard.domain.pipeline_graph import Graph, NodePhase, effective_needs, node_of_instance
from modelyard.domain.pipeline_node import NodeRecord
from modelyard.domain.statuses import JobStatus
from modelyard.kinds.catalogue import parse
from modelyard.kinds.pipeline import PipelineJob
from modelyard.services.jobs import Jobs
from modelyard.services.pipeline_nodes import Prepared, explain, prepare
from modelyard.store.repositories.runs import FINISHED
from modelyard.store.transaction import Transaction

PIPELINE = "pipeline"


def submit_node(tx: Transaction, jobs: Jobs, pipeline: JobRecord, node: Prepared) -> str:
    """The child job of a node, in this transaction; its name."""
    return jobs.create_child(tx, pipeline, _job(node), name=_name(tx, pipeline, node), display_name=_label(node)).name


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
        tx, pipeline, body, name=_name(tx, pipeline, node), display_name=_label(node), properties=properties
    )
    tx.runs.end(record.run_id, FINISHED, tx.now)
    return record.name


def outlook(tx: Transaction, storage: Storage, workspace: str, jobs: Jobs, job: PipelineJob) -> list[dict[str, Any]]:
    """What submitting the pipeline would do, node by node: run, or be taken from which run; on which compute."""
    graph = jobs.graph(tx, workspace, job)
    known: dict[str, NodeRecord] = {}
    rows = []
    for name in graph.order:
        plan = graph.nodes[name]
        facts: dict[str, Any] = {"node": name, "kind": plan.kind, "needs": sorted(effective_needs(graph.nodes, name))}
        if plan.job:
            facts["compute"] = plan.job.get("compute") or "local"
        rows.append(facts | _fate(tx, storage, workspace, graph, known, name))
    return rows


def _fate(
    tx: Transaction, storage: Storage, workspace: str, graph: Graph, known: dict[str, NodeRecord], name: str
) -> dict[str, Any]:
    plan = graph.nodes[name]
    if plan.kind == "pipeline":
        return {"what": "nodes", "reason": "each node inside of it is looked at by itself"}
    if not plan.job:
        return {"what": "control"}
    if plan.body_of or plan.gate:
        return {"what": "perhaps", "reason": f"'{plan.body_of or plan.gate}' decides"}
    if any(binding.node not in known for binding in plan.bindings.values()):
        return {"what": "run", "reason": "what it reads is not known yet"}
    prepared = prepare(tx, storage, workspace, graph, known, name, name)
    if prepared.stands_in is None:
        return {"what": "run", "reason": _why(tx, workspace, prepared, graph)}
    source = prepared.stands_in.reused_from or prepared.stands_in.job_name
    known[name] = replace(prepared.stands_in, instance=name, phase=NodePhase.REUSED)
    return {"what": "reuse", "reused_from": source}


def _why(tx: Transaction, workspace: str, prepared: Prepared, graph: Graph) -> str:
    if graph.force_rerun:
        return "force_rerun is on"
    node = NodeRecord(
        workspace=workspace,
        pipeline_name="",
        instance=prepared.instance,
        job_name="",
        fingerprint=prepared.fingerprint,
        identity=dict(prepared.identity),
    )
    told = explain(node, list(tx.pipeline_nodes.recent(workspace, prepared.instance, before="")))
    parts = [change["part"] for change in told.get("changed", [])]
    return f"changed: {', '.join(parts)}" if parts else str(told["reason"])


def resume(tx: Transaction, workspace: str, name: str, node: str | None = None) -> JobRecord:
    """Let a pipeline that ended go on with the nodes that did not succeed; with `node`, run that one and what needs it.

    Conflict when nothing is left to run.
    """
    record = _pipeline(tx, workspace, name)
    if not record.status.terminal:
        raise Conflict(f"The pipeline '{name}' has not ended.", field="status", mend=f"modelyard job cancel -n {name}")
    graph = Graph.model_validate(record.state["graph"])
    rows = tx.pipeline_nodes.of_pipeline(workspace, record.name)
    again = _to_run(graph, rows, node)
    if node is None and record.status is JobStatus.COMPLETED:
        mend = f"modelyard job resume -n {record.name} --node <node>"
        raise Conflict(f"The pipeline '{name}' has completed.", field="status", mend=mend)
    tx.pipeline_nodes.forget(workspace, record.name, again)
    state = {key: value for key, value in record.state.items() if key not in ("failure", "plan", "anew")}
    reopened = tx.jobs.reopen(record, record.spec, state | ({"anew": [node]} if node else {}))
    tx.runs.begin(record.run_id, record.started_at or tx.now)
    return reopened


def _to_run(graph: Graph, rows: Sequence[NodeRecord], node: str | None) -> list[str]:
    """Instances whose rows go, so that they are looked at anew."""
    if node is None:
        return [row.instance for row in rows if not row.phase.succeeded]
    if node not in graph.nodes:
        mend = did_you_mean(node, graph.nodes) or f"its nodes: {', '.join(sorted(graph.nodes))[:200]}"
        raise InvalidInput(f"The pipeline has no node '{node}'.", field="node", mend=mend)
    behind = {node}
    for name in graph.order:
        if effective_needs(graph.nodes, name) & behind:
            behind.add(name)
    return [
        row.instance
        for row in rows
        if node_of_instance(row.instance) in behind
        or graph.nodes[node_of_instance(row.instance)].body_of in behind
        or not row.phase.succeeded
    ]


def nodes_of(tx: Transaction, workspace: str, name: str) -> list[dict[str, Any]]:
    """The nodes of a pipeline in their order, with what became of each; those of a loop's body by iteration."""
    record = _pipeline(tx, workspace, name)
    graph = Graph.model_validate(record.state["graph"])
    rows: dict[str, list[NodeRecord]] = {}
    for row in tx.pipeline_nodes.of_pipeline(workspace, record.name):
        rows.setdefault(node_of_instance(row.instance), []).append(row)
    found: list[dict[str, Any]] = []
    for node in graph.order:
        facts = {"kind": graph.nodes[node].kind, "needs": sorted(effective_needs(graph.nodes, node))}
        begun = rows.get(node)
        if begun is None:
            found.append({"node": node, **facts, "phase": "waiting"})
        found += [{"node": row.instance, **facts, **_row_facts(row)} for row in begun or ()]
    return found


def _row_facts(row: NodeRecord) -> dict[str, Any]:
    facts = {
        "phase": row.phase.value,
        "job": row.job_name,
        "reused_from": row.reused_from,
        "reason": row.reason,
        "outputs": {name: output.get("value", output.get("path")) for name, output in row.outputs.items()},
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }
    return {key: value for key, value in facts.items() if value is not None}


def explain_reuse(tx: Transaction, workspace: str, name: str, node: str | None = None) -> list[dict[str, Any]]:
    """For each node of a pipeline, or for one: what stood for it, or which of its parts had changed."""
    record = _pipeline(tx, workspace, name)
    rows = tx.pipeline_nodes.of_pipeline(workspace, record.name)
    wanted = [row for row in rows if node in (None, row.instance)]
    if node is not None and not wanted:
        raise InvalidInput(f"The pipeline '{name}' has no node '{node}' that has begun.", field="node")
    return [explain(row, list(tx.pipeline_nodes.recent(workspace, row.instance, before=record.name))) for row in wanted]


def _pipeline(tx: Transaction, workspace: str, name: str) -> JobRecord:
    record = tx.jobs.get(workspace, name)
    if record.kind != PIPELINE:
        raise InvalidInput(f"The job '{name}' is not a pipeline, it is a {record.kind}.", field="name")
    return record


def _job(node: Prepared) -> Job:
    job = parse("job", node.body)
    assert isinstance(job, Job)
    return job


def _name(tx: Transaction, pipeline: JobRecord, node: Prepared) -> str:
    """`<pipeline>_<node>`; a node that runs again gets a number."""
    name = f"{pipeline.name}_{node.instance}"
    count = 1
    while tx.jobs.find(pipeline.workspace, name if count == 1 else f"{name}-{count}") is not None:
        count += 1
    return name if count == 1 else f"{name}-{count}"


def _label(node: Prepared) -> str:
    return str(node.body.get("display_name") or node.instance)
