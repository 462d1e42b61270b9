"""Runs as the MLflow protocol shows them: dictionaries ready to be written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.store.tracking.connections import Row, TrackingConnection

Document = dict[str, Any]

RUN_COLUMNS = (
    "r.run_uuid, r.name, r.experiment_id, r.user_id, r.status, r.start_time, r.end_time, r.artifact_uri, "
    "r.lifecycle_stage"
)
_RUN = f"""
SELECT {RUN_COLUMNS} FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
WHERE r.run_uuid = ? AND e.workspace = ?"""
_RUNS = f"SELECT {RUN_COLUMNS} FROM runs r WHERE r.run_uuid IN "
_METRICS = "SELECT run_uuid, key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid IN "
_PARAMS = "SELECT run_uuid, key, value FROM params WHERE run_uuid IN "
_TAGS = "SELECT run_uuid, key, value FROM tags WHERE run_uuid IN "
_DATASETS = """
SELECT i.destination_id, d.dataset_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema,
       d.dataset_profile, t.name, t.value
FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid
WHERE i.destination_type = 'RUN' AND i.destination_id IN """
_MODELS = "SELECT source_id, destination_id, step FROM inputs WHERE source_type = ? AND source_id IN "
_CHUNK = 500


def read_run(connection: TrackingConnection, workspace: str, run_id: str) -> Document | None:
    """One run of `workspace` with its data, inputs and outputs; None when there is none."""
    row = connection.row(_RUN, (run_id, workspace))
    if row is None:
        return None
    document = _documents(connection, [row])[0]
    inputs = connection.rows(_MODELS + "(?)", ("RUN_INPUT", run_id))
    if inputs:
        document["inputs"]["model_inputs"] = [{"model_id": found[1]} for found in inputs]
    return document


def read_info(connection: TrackingConnection, workspace: str, run_id: str) -> Document | None:
    """The facts of one run without its data; None when there is none."""
    row = connection.row(_RUN, (run_id, workspace))
    return None if row is None else run_info(row)


def read_runs(connection: TrackingConnection, run_ids: Sequence[str]) -> list[Document]:
    """Runs in the order asked, as a search answers them (without model inputs, as MLflow does)."""
    documents: dict[str, Document] = {}
    for start in range(0, len(run_ids), _CHUNK):
        chunk = run_ids[start : start + _CHUNK]
        rows = connection.rows(_RUNS + marks(chunk), chunk)
        documents.update((found["info"]["run_id"], found) for found in _documents(connection, rows))
    return [documents[run_id] for run_id in run_ids if run_id in documents]


def run_info(row: Row) -> Document:
    """`RunInfo` of a row of RUN_COLUMNS."""
    run_id, name, experiment_id, user_id, status, start_time, end_time, artifact_uri, lifecycle_stage = row
    info = {"run_uuid": run_id, "run_id": run_id, "run_name": name or "", "experiment_id": str(experiment_id)}
    info |= {"user_id": user_id or "", "status": status, "start_time": start_time or 0}
    if end_time:
        info["end_time"] = end_time
    if artifact_uri:
        info["artifact_uri"] = artifact_uri
    info["lifecycle_stage"] = lifecycle_stage
    return info


def marks(values: Sequence[Any]) -> str:
    """`(?,?,?)` for as many values."""
    return f"({','.join('?' * len(values))})"


def number(value: float, is_nan: bool) -> float | str:
    """A double as protobuf writes it in JSON."""
    return "NaN" if is_nan else value


def _documents(connection: TrackingConnection, rows: Sequence[Row]) -> list[Document]:
    infos = [run_info(row) for row in rows]
    documents = {info["run_id"]: {"info": info, "data": {}, "inputs": {}, "outputs": {}} for info in infos}
    if not documents:
        return []
    ids = list(documents)
    among = marks(ids)
    for run_id, key, value, timestamp, step, is_nan in connection.rows(_METRICS + among, ids):
        point = {"key": key, "value": number(value, is_nan), "timestamp": timestamp, "step": step}
        documents[run_id]["data"].setdefault("metrics", []).append(point)
    for name, query in (("params", _PARAMS), ("tags", _TAGS)):
        for run_id, key, value in connection.rows(query + among, ids):
            documents[run_id]["data"].setdefault(name, []).append({"key": key, "value": value})
    for run_id, model_id, step in connection.rows(_MODELS + among, ["RUN_OUTPUT", *ids]):
        documents[run_id]["outputs"].setdefault("model_outputs", []).append({"model_id": model_id, "step": step})
    _add_datasets(connection, documents)
    _take_run_names_from_tags(documents)
    return list(documents.values())


def _add_datasets(connection: TrackingConnection, documents: dict[str, Document]) -> None:
    ids = list(documents)
    seen: dict[tuple[str, str], Document] = {}
    for run_id, uuid, name, digest, kind, source, schema, profile, tag, value in connection.rows(
        _DATASETS + marks(ids), ids
    ):
        entry = seen.get((run_id, uuid))
        if entry is None:
            dataset = {"name": name, "digest": digest, "source_type": kind, "source": source}
            dataset |= {key: text for key, text in (("schema", schema), ("profile", profile)) if text}
            entry = seen[run_id, uuid] = {"dataset": dataset}
            documents[run_id]["inputs"].setdefault("dataset_inputs", []).append(entry)
        if tag is not None:
            entry.setdefault("tags", []).append({"key": tag, "value": value})


def _take_run_names_from_tags(documents: dict[str, Document]) -> None:
    """Runs of very old clients have their name in a tag alone."""
    for document in documents.values():
        if not document["info"]["run_name"]:
            names = [tag["value"] for tag in document["data"].get("tags", []) if tag["key"] == "mlflow.runName"]
            document["info"]["run_name"] = names[0] if names else ""
