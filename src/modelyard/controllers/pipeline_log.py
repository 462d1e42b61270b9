"""The log of a pipeline: which nodes began, were reused, ended or were left out, and why it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from modelyard.domain.actions import SetStatus
from modelyard.domain.job_record import JobRecord
from modelyard.domain.pipeline_graph import NodePhase, NodePlan
from modelyard.domain.pipeline_node import NodeRecord
from modelyard.domain.statuses import JobStatus


@dataclass(frozen=True)
class Chapter:
    """What one step of a pipeline is about to write."""

    nodes: Mapping[str, NodePlan]
    ended: Sequence[NodeRecord]
    begun: Sequence[NodeRecord]
    skipped: Sequence[NodeRecord]
    last: SetStatus | None
    known: Mapping[str, NodeRecord]


def story(record: JobRecord, chapter: Chapter, now: datetime) -> list[str]:
    """The lines that tell a step, with the time at which it was decided."""
    time = now.strftime("%H:%M:%S")
    return [f"{time}  {line}" for line in _lines(record, chapter)]


def _lines(record: JobRecord, chapter: Chapter) -> Iterator[str]:
    if record.status is JobStatus.NOT_STARTED:
        yield f"{len(chapter.nodes)} nodes"
    for node in chapter.ended:
        yield f"{node.instance}: {node.phase.value}{_reason(node)}{_duration(node)}"
    for node in chapter.begun:
        if node.phase is NodePhase.REUSED:
            yield f"{node.instance}: taken from {node.reused_from}"
        else:
            yield f"{node.instance}: submitted"
    for node in chapter.skipped:
        yield f"{node.instance}: {node.phase.value}{_reason(node)}"
    if chapter.last is not None and chapter.last.status.terminal:
        counts = Counter(node.phase for node in chapter.known.values())
        shown = ", ".join(f"{count} {phase.value}" for phase, count in sorted(counts.items()))
        yield f"{chapter.last.status.value}: {shown}"
        if chapter.last.error is not None:
            yield chapter.last.error.message


def _reason(node: NodeRecord) -> str:
    return f" ({node.reason})" if node.reason else ""


def _duration(node: NodeRecord) -> str:
    if node.created_at is None or node.ended_at is None:
        return ""
    return f" after {(node.ended_at - node.created_at).total_seconds():.1f} s"
