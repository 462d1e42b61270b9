"""Nodes that run: their inputs made concrete, earlier runs that may stand for them, what they left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.artifacts.storage import Storage
from modelyard.domain.choices import InputType
from modelyard.domain.errors import ModelyardError
from modelyard.domain.job_plan import JobPlan, PlannedOutput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.pipeline_graph import Graph, NodePhase, NodePlan, producer
from modelyard.domain.pipeline_node import NodeRecord
from modelyard.domain.references import AssetRef, parse_reference
from modelyard.domain.statuses import JobStatus
from modelyard.services.files import Location, locate
from modelyard.services.job_entities import outputs_of
from modelyard.services.pipeline_plans import with_inputs
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction

# Outputs up to this size are told apart by their content; larger ones by the run that wrote them.
CONTENT_BYTES = 256 << 20
CONTENT_FILES = 2000
_LITERAL_BYTES = 64 << 10
# What does not change what a node writes.
_INDIFFERENT = frozenset(
    {"compute", "display_name", "description", "tags", "properties", "limits", "queue_settings", "services", "identity"}
    | {"resources", "settings", "outputs", "inputs", "type"}
)


@dataclass(frozen=True)
class Prepared:
    """A node that is to begin: the body of its job, and who it is."""

    instance: str
    plan: NodePlan
    body: dict[str, Any]
    identity: dict[str, str]
    fingerprint: str | None
    stands_in: NodeRecord | None = None
    """An earlier run with the same fingerprint whose outputs are still there."""


def prepare(
    tx: Transaction,
    storage: Storage,
    workspace: str,
    graph: Graph,
    nodes: Mapping[str, NodeRecord],
    instance: str,
    node: str,
    *,
    previous: str | None = None,
    item: int | None = None,
    anew: bool = False,
) -> Prepared:
    """Everything about a node that is to begin, read through `tx`; nothing is written.

    `anew`: it runs, whatever there is of it.
    """
    plan = graph.nodes[node]
    values = {}
    contents = {}
    phases = {name: record.phase for name, record in nodes.items()}
    for place, binding in plan.bindings.items():
        source = nodes[producer(graph, phases, binding.node)]
        written = source.outputs.get(binding.output, {})
        values[place] = _value(written, binding.type, binding.mode)
        contents[place] = str(written.get("content") or f"{source.fingerprint or source.job_name}/{binding.output}")
    own = graph.nodes.get(plan.body_of or "")
    if own is not None and own.loop is not None and item is not None:
        for name, value in own.loop.items[item].items():
            values[f"inputs.{name}"] = value
            contents.pop(f"inputs.{name}", None)
    if own is not None and own.loop is not None and previous is not None:
        for name, output in own.loop.feeds.items():
            written = nodes[previous].outputs.get(output, {})
            values[f"inputs.{name}"] = _value(written, str(written.get("type", "uri_folder")), None)
            contents[f"inputs.{name}"] = str(written.get("content") or f"{nodes[previous].job_name}/{output}")
    body = with_inputs(plan.job, values)
    identity = _identity(tx, storage, workspace, plan, body, contents)
    fingerprint = _digest(identity) if plan.deterministic and plan.kind != "pipeline" else None
    prepared = Prepared(instance, plan, body, identity, fingerprint)
    if fingerprint is None or graph.force_rerun or anew:
        return prepared
    earlier = _standing(tx, storage, workspace, fingerprint)
    return Prepared(instance, plan, body, identity, fingerprint, earlier)


def node_outputs(tx: Transaction, storage: Storage, child: JobRecord, plan: NodePlan) -> dict[str, dict[str, Any]]:
    """What an ended child left, by output: its place, its type, its content, the text of a literal."""
    found: dict[str, dict[str, Any]] = {}
    places = outputs_of(child)
    for name, kind in plan.outputs.items():
        path = str((places.get(name) or {}).get("path") or "")
        if not path and name == "artifacts":
            path = f"azureml://jobs/{child.name}/outputs/artifacts/paths/"
        facts: dict[str, Any] = {"path": path, "type": kind}
        if path:
            facts |= _facts(tx, storage, child.workspace, path, literal=InputType(kind).literal)
        found[name] = facts
    return found


def pipeline_outputs(graph: Graph, nodes: Mapping[str, NodeRecord]) -> JobPlan:
    """The outputs of a pipeline that is over, as a plan: its own places and the names to register them under."""
    phases = {name: record.phase for name, record in nodes.items()}
    planned = {}
    for name, bound in graph.outputs.items():
        record = nodes.get(producer(graph, phases, bound.node))
        written = record.outputs.get(bound.output) if record else None
        if written and written.get("path"):
            planned[name] = PlannedOutput(
                type="uri_file" if InputType(bound.type).literal else bound.type,
                uri=str(written["path"]),
                own_place=False,
                asset_name=bound.asset_name,
                asset_version=bound.asset_version,
                description=bound.description,
            )
    return JobPlan(outputs=planned)


def phase_of(status: JobStatus) -> NodePhase:
    """The phase of a node whose child job ended."""
    ended = {JobStatus.COMPLETED: NodePhase.COMPLETED, JobStatus.CANCELED: NodePhase.CANCELED}
    return ended.get(status, NodePhase.FAILED)


def explain(record: NodeRecord, earlier: list[NodeRecord]) -> dict[str, Any]:
    """Why a node ran, or what stood for it: `{"node", "reused_from", "changed": [{"part", "before", "now"}], ...}`.

    It is held against the earlier run that differs least.
    """
    facts: dict[str, Any] = {"node": record.instance, "phase": record.phase.value, "job": record.job_name}
    if record.reused_from is not None:
        return {**facts, "reused_from": record.reused_from, "reason": "nothing that it is made of has changed"}
    if record.identity.get("kind") == "pipeline":
        return {**facts, "reason": "each node inside of it is looked at by itself"}
    if record.job_name is None:
        return {**facts, "reason": record.reason}
    if record.fingerprint is None:
        return {**facts, "reason": record.reason or "its component says that it is not deterministic"}
    if not earlier:
        return {**facts, "reason": "no node of this name has finished before"}
    nearest = min(earlier, key=lambda other: len(_changes(other.identity, record.identity)))
    changed = _changes(nearest.identity, record.identity)
    reason = "these parts have changed" if changed else "nothing has changed: reuse was off, or its outputs were gone"
    return {**facts, "reason": reason, "compared_with": nearest.job_name, "changed": changed}


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[dict[str, str | None]]:
    parts = sorted({*before, *now})
    return [
        {"part": part, "before": before.get(part), "now": now.get(part)}
        for part in parts
        if before.get(part) != now.get(part)
    ]


def _value(written: Mapping[str, Any], kind: str, mode: str | None) -> Any:
    """What an output of another node is as an input of type `kind`."""
    if InputType(kind).literal:
        return _literal(kind, str(written.get("value") or "").strip())
    held = {"type": kind, "path": written.get("path")}
    return held | ({"mode": mode} if mode else {})


def _literal(kind: str, text: str) -> Any:
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return text
    return text.lower() in ("true", "1", "yes") if kind == "boolean" else text


def _identity(
    tx: Transaction,
    storage: Storage,
    workspace: str,
    plan: NodePlan,
    body: Mapping[str, Any],
    contents: Mapping[str, str],
) -> dict[str, str]:
    parts = {"kind": plan.kind}
    if plan.component:
        parts["component"] = plan.component
    for key, value in body.items():
        if key in contents:
            parts[key] = contents[key]
        elif key not in _INDIFFERENT:
            parts[key] = _short(value)
    for name, value in (body.get("inputs") or {}).items():
        place = f"inputs.{name}"
        parts[place] = contents.get(place) or _input_content(tx, storage, workspace, value)
    for name, kind in plan.outputs.items():
        parts[f"outputs.{name}"] = kind
    return parts


def _short(value: Any) -> str:
    """A value as text; its digest where that is long."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= 200 else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _digest(identity: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _input_content(tx: Transaction, storage: Storage, workspace: str, value: Any) -> str:
    """What an input of the pipeline holds: the content hash of an asset, else sizes and times of its files."""
    path = value.get("path") if isinstance(value, Mapping) else None
    if path is None:
        return _short(value.get("value", value.get("default")) if isinstance(value, Mapping) else value)
    reference = parse_reference(str(path))
    if isinstance(reference, AssetRef) and reference.kind == "data" and reference.version is not None:
        hashed = tx.assets.get(workspace, AssetKind.DATA, reference.name, reference.version).content_hash
        uri = str(tx.assets.get(workspace, AssetKind.DATA, reference.name, reference.version).spec.get("path") or "")
        if hashed is not None and hashed in uri:
            return hashed
    try:
        location = locate(tx, storage, workspace, str(path))
        return _listing(location, str(path))
    except ModelyardError:
        return str(path)


def _listing(location: Location, path: str) -> str:
    stats = [location.store.stat(location.path)] if location.is_file() else location.store.list(location.path)
    digest = hashlib.sha256(path.encode())
    for count, stat in enumerate(stats):
        if count >= CONTENT_FILES:
            break
        digest.update(f"{stat.path}\0{stat.size}\0{stat.modified_at}\n".encode())
    return digest.hexdigest()


def _facts(tx: Transaction, storage: Storage, workspace: str, path: str, *, literal: bool) -> dict[str, Any]:
    """Content hash and, of a literal, the text; nothing where the files are too large or cannot be read."""
    try:
        location = locate(tx, storage, workspace, path)
        single = location.is_file()
        stats = [location.store.stat(location.path)] if single else list(location.store.list(location.path))
    except ModelyardError:
        return {}
    if sum(stat.size for stat in stats) > CONTENT_BYTES or len(stats) > CONTENT_FILES:
        return {}
    digest = hashlib.sha256()
    text = b""
    for stat in stats:
        digest.update(b"" if single else f"{stat.path.removeprefix(location.path)}\0".encode())
        inner = hashlib.sha256()
        for chunk in location.store.open_read(stat.path):
            inner.update(chunk)
            text = text + chunk if literal and len(text) < _LITERAL_BYTES else text
        digest.update(inner.digest())
    found: dict[str, Any] = {"content": digest.hexdigest()}
    if literal:
        found["value"] = text.decode("utf-8", "replace").strip()
    return found


def _standing(tx: Transaction, storage: Storage, workspace: str, fingerprint: str) -> NodeRecord | None:
    """The newest finished run of this fingerprint whose outputs are all still there."""
    for record in tx.pipeline_nodes.earlier(workspace, fingerprint):
        if all(_there(tx, storage, workspace, output) for output in record.outputs.values()):
            return record
    return None


def _there(tx: Transaction, storage: Storage, workspace: str, output: Mapping[str, Any]) -> bool:
    path = output.get("path")
    if not path or output.get("content") == hashlib.sha256(b"").hexdigest():  # it wrote nothing there
        return True
    try:
        location = locate(tx, storage, workspace, str(path))
        return location.is_file() or next(iter(location.store.list(location.path)), None) is not None
    except ModelyardError:
        return False
