"""Lineage: which data, code, environment and job made this, and what was made from it."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.references import AssetRef, JobOutputUri, parse_reference
from modelyard.store.records import AssetKind, LineageEdge, LineageGraph, LineageNode
from modelyard.store.repositories.assets import LATEST
from modelyard.store.repositories.lineage import Direction
from modelyard.store.transaction import Transaction

KINDS = ("data", "model", "environment", "component", "code", "job", "deployment")
_PLURALS = {"models": "model", "environments": "environment", "components": "component", "codes": "code"}
_PLURALS |= {"jobs": "job", "deployments": "deployment"}


def job_node(name: str) -> LineageNode:
    return LineageNode("job", name)


def asset_node(kind: str, name: str, version: str) -> LineageNode:
    return LineageNode(kind, name, version)


def deployment_node(endpoint: str, deployment: str) -> LineageNode:
    return LineageNode("deployment", f"{endpoint}/{deployment}")


def node_of(reference: str) -> LineageNode | None:
    """The node of a full reference (an entity's `id`), or of a job's output; None for what has no version."""
    parsed = parse_reference(reference)
    if isinstance(parsed, JobOutputUri):
        return job_node(parsed.job)
    if isinstance(parsed, AssetRef) and parsed.kind is not None and parsed.version is not None:
        return LineageNode(parsed.kind, parsed.name, parsed.version)
    return None


def record_consumed(tx: Transaction, workspace: str, job: str, node: LineageNode) -> None:
    """A job read an asset."""
    tx.lineage.add(workspace, node, job_node(job), "consumed")


def record_produced(tx: Transaction, workspace: str, job: str, node: LineageNode) -> None:
    """A job made an asset, a model among them."""
    tx.lineage.add(workspace, job_node(job), node, "produced")


def record_deployed(tx: Transaction, workspace: str, endpoint: str, deployment: str, node: LineageNode) -> None:
    """A deployment serves a model, or runs on an environment or code."""
    tx.lineage.add(workspace, node, deployment_node(endpoint, deployment), "deployed")


def graph(
    tx: Transaction,
    workspace: str,
    kind: str,
    name: str,
    version: str | None = None,
    *,
    direction: Direction = "both",
    depth: int = 10,
) -> dict[str, Any]:
    """Nodes and edges around one thing: `{"root", "nodes", "edges", "truncated"}`, edges in the order of making.

    Without a version an asset's latest is meant; a deployment is named `<endpoint>/<deployment>`. NotFound when the
    thing is not there.
    """
    root = _existing(tx, workspace, kind, name, version)
    found = tx.lineage.graph(workspace, root, direction=direction, depth=depth)
    return _body(root, found)


def _existing(tx: Transaction, workspace: str, kind: str, name: str, version: str | None) -> LineageNode:
    singular = _PLURALS.get(kind, kind)
    if singular not in KINDS:
        raise InvalidInput(f"There is no lineage of '{kind}'.", field="kind", mend=did_you_mean(kind, KINDS))
    if singular == "job":
        return job_node(tx.jobs.get(workspace, name).name)
    if singular == "deployment":
        return _deployment(tx, workspace, name)
    if version is None:
        return asset_node(singular, name, _latest(tx, workspace, singular, name))
    if singular == "model":
        return asset_node(singular, name, tx.models.get(workspace, name, version).version)
    return asset_node(singular, name, tx.assets.get(workspace, AssetKind(singular), name, version).version)


def _latest(tx: Transaction, workspace: str, kind: str, name: str) -> str:
    if kind == "model":
        return tx.models.by_label(workspace, name, LATEST).version
    return tx.assets.by_label(workspace, AssetKind(kind), name, LATEST).version


def _deployment(tx: Transaction, workspace: str, name: str) -> LineageNode:
    """A deployment that is there, or that was and left its edges."""
    node = LineageNode("deployment", name)
    endpoint, _, deployment = name.partition("/")
    if not tx.lineage.neighbours(workspace, node):
        tx.deployments.get(workspace, endpoint, deployment)
    return node


def _body(root: LineageNode, found: LineageGraph) -> dict[str, Any]:
    return {
        "root": _node(root),
        "nodes": [_node(node) for node in found.nodes],
        "edges": [_edge(edge) for edge in sorted(found.edges, key=lambda edge: edge.created_at)],
        "truncated": found.truncated,
    }


def _node(node: LineageNode) -> dict[str, str]:
    body = {"kind": node.kind, "name": node.name}
    return body | {"version": node.version} if node.version else body


def _edge(edge: LineageEdge) -> dict[str, Any]:
    return {
        "source": _node(edge.source),
        "target": _node(edge.target),
        "relation": edge.relation,
        "time": edge.created_at.isoformat(),
    }
