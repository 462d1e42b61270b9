"""One training of many models: hands groups to the workers and gathers what comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from modelyard.automl.groups.grouped_table import GroupedTable, Part
from modelyard.automl.groups.groups_model import GroupKey, GroupsModel
from modelyard.automl.groups.groups_predictor import GroupResult, GroupStatus
from modelyard.automl.groups.light_search import LightResult, LightTask, search_group
from modelyard.automl.search.workers import Finished, Workers
from modelyard.automl.trial import Listener, TrialResult, TrialStatus

_LEAST_SECONDS = 1.0
_STATUSES = {
    GroupStatus.TRAINED: TrialStatus.COMPLETED,
    GroupStatus.FAILED: TrialStatus.FAILED,
    GroupStatus.OUT_OF_TIME: TrialStatus.TIMED_OUT,
    GroupStatus.TOO_SMALL: TrialStatus.STOPPED,
}


class GroupsRun:
    """Each group is a trial: numbered as it is handed out, told to the listener as it ends."""

    def __init__(
        self, table: GroupedTable, shared: LightTask, end: float, group_seconds: float | None, listener: Listener
    ) -> None:
        """`end`: of the whole, by the monotonic clock. `group_seconds`: the most that one group may take."""
        self._table = table
        self._shared = shared
        self._end = end
        self._group_seconds = group_seconds
        self._listener = listener
        self._numbers: dict[GroupKey, int] = {}
        self._trained: dict[GroupKey, LightResult] = {}
        self.results: list[GroupResult] = []
        self.interrupted = False

    def skip(self, part: Part, status: GroupStatus, why: str) -> None:
        if part.key:
            self._note(GroupResult(part.key, len(part.rows), status, error=why))

    def train(self, parts: Sequence[Part], pool: Workers) -> None:
        """Every part for which there is time; Ctrl-C leaves the rest. Few calls wait in the pool's queue, so that
        arrays are not copied long before they are used."""
        waiting = iter(parts)
        running: dict[int, Part] = {}
        try:
            self._train(waiting, running, len(parts), pool)
        except KeyboardInterrupt:
            self.interrupted = True
        why = "the training was interrupted" if self.interrupted else "the budget ended first"
        for part in (*running.values(), *waiting):
            self.skip(part, GroupStatus.OUT_OF_TIME, why)

    def model(self) -> GroupsModel:
        fallback = self._trained.get(())
        return GroupsModel(
            self._shared.task,
            self._table.columns,
            self._shared.classes,
            self._table.by,
            {key: one.archive for key, one in sorted(self._trained.items()) if key},
            fallback.archive if fallback else None,
            frozenset().union(*(one.modules for one in self._trained.values())),
        )

    def _train(self, waiting: Iterator[Part], running: dict[int, Part], left: int, pool: Workers) -> None:
        while self._left() > 0:
            for part in self._next(waiting, 2 * pool.count - len(running)):
                running[self._submit(part, max(_LEAST_SECONDS, self._left() * pool.count / left), pool)] = part
            if not running:
                return
            for finished in pool.wait(max(0.0, self._left())):
                left = max(1, left - 1)
                self._finish(running.pop(finished.number), finished)

    def _submit(self, part: Part, share: float, pool: Workers) -> int:
        """`share`: the part's of what is left, in seconds; a hint, while the wall is the whole's end."""
        if part.key:
            self._listener.trial_started(self._number(part.key), "ManyModels", self._group(part.key))
        arrays = {name: values[part.rows] for name, values in self._table.arrays.items()}
        wall = self._left() if self._group_seconds is None else min(self._left(), self._group_seconds)
        return pool.submit(search_group, self._shared, arrays, self._table.target[part.rows], share, seconds=wall)

    def _next(self, waiting: Iterator[Part], room: int) -> Iterator[Part]:
        for _ in range(room):
            part = next(waiting, None)
            if part is None:
                return
            yield part

    def _finish(self, part: Part, finished: Finished) -> None:
        failure = finished.failure
        if failure is None:
            self._trained[part.key] = finished.value
        if not part.key:
            if failure is not None:
                self._listener.message(f"There is no model for groups not seen: {failure.type} {failure.message}")
            return
        if failure is not None:
            status = GroupStatus.OUT_OF_TIME if failure.reason == "time" else GroupStatus.FAILED
            why = f"{failure.type}: {failure.message}" if failure.type else failure.message
            self._note(GroupResult(part.key, len(part.rows), status, seconds=finished.seconds, error=why))
            return
        found: LightResult = finished.value
        self._note(
            GroupResult(
                part.key,
                len(part.rows),
                GroupStatus.TRAINED,
                found.algorithm,
                _finite(found.score),
                _finite(found.baseline),
                found.seconds,
                len(found.archive),
            )
        )

    def _note(self, result: GroupResult) -> None:
        self.results.append(result)
        now = time.time()
        self._listener.trial_ended(
            TrialResult(
                self._number(result.group),
                result.algorithm or "ManyModels",
                {**self._group(result.group), "rows": result.rows},
                _STATUSES[result.status],
                score=result.score,
                metrics={} if result.score is None else {"validation": {self._shared.metric: result.score}},
                fit_seconds=result.seconds,
                size_bytes=result.size_bytes,
                feature_hash=self._table.plan.hash,
                origin="group",
                error=result.error,
                started_at=now - (result.seconds or 0.0),
                ended_at=now,
            )
        )

    def _group(self, key: GroupKey) -> dict[str, str]:
        return dict(zip(self._table.by, key, strict=True))

    def _number(self, key: GroupKey) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _left(self) -> float:
        return self._end - time.monotonic()


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
