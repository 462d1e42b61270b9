"""What came of a run: scores, ranks, wins and losses, time, latency, size and memory."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
_CLOSE = 1e-4
"""Scores nearer than this, in proportion, are a tie."""


def show(rows: Sequence[Row], tools: Sequence[str]) -> None:
    for budget in sorted({row["budget"] for row in rows}):
        own = [row for row in rows if row["budget"] == budget]
        print(f"\n# {budget:g} s")
        _scores(own, tools)
        _summary(own, tools)


def _scores(rows: Sequence[Row], tools: Sequence[str]) -> None:
    print(f"{'set':<20}{'metric':<10}" + "".join(f"{tool:>18}" for tool in tools))
    for name in sorted({row["set"] for row in rows}):
        own = {row["tool"]: row for row in _medians(rows, name)}
        metric = next(iter(own.values()))["metric"]
        best = _best(own.values())
        cells = [_cell(own.get(tool), best) for tool in tools]
        print(f"{name:<20}{metric:<10}" + "".join(f"{cell:>18}" for cell in cells))


def _cell(row: Row | None, best: float | None) -> str:
    if row is None:
        return "-"
    if row.get("score") is None:
        return "failed"
    return f"{row['score']:.6g}{'*' if row['score'] == best else ''} {row['fit_seconds']:.0f}s"


def _medians(rows: Sequence[Row], name: str) -> list[Row]:
    """One row a tool: medians over the seeds."""
    found = []
    for tool in sorted({row["tool"] for row in rows if row["set"] == name}):
        own = [row for row in rows if row["set"] == name and row["tool"] == tool]
        good = [row for row in own if row.get("score") is not None]
        if not good:
            found.append(own[0])
            continue
        keys = (
            "score",
            "fit_seconds",
            "row_milliseconds",
            "batch_milliseconds",
            "size_bytes",
            "memory_bytes",
            "overshoot",
        )
        found.append({**good[0], **{key: statistics.median(row[key] for row in good) for key in keys}})
    return found


def _best(rows: Any) -> float | None:
    scores = [(row["score"], row["metric"]) for row in rows if row.get("score") is not None]
    if not scores:
        return None
    return max(score for score, _ in scores) if scores[0][1] == "roc_auc" else min(score for score, _ in scores)


def _loss(row: Row) -> float:
    if row.get("score") is None:
        return float("inf")
    return -row["score"] if row["metric"] == "roc_auc" else float(row["score"])


def _summary(rows: Sequence[Row], tools: Sequence[str]) -> None:
    by_set = {name: {row["tool"]: row for row in _medians(rows, name)} for name in sorted({row["set"] for row in rows})}
    print(f"\n{'tool':<18}{'rank':>6}{'ours wins-ties-losses':>24}{'worst overshoot':>17}{'1 row ms':>10}{'1000 ms':>9}"
          f"{'size MB':>9}{'memory MB':>11}")  # fmt: skip
    for tool in tools:
        own = [found[tool] for found in by_set.values() if tool in found]
        good = [row for row in own if row.get("score") is not None]
        if not good:
            continue
        ranks = [_rank(found, tool) for found in by_set.values() if tool in found]
        over = max(row["overshoot"] for row in good)
        print(
            f"{tool:<18}{statistics.mean(ranks):>6.2f}{_duel(by_set, tool):>24}{over:>16.1%}"
            f"{_median(good, 'row_milliseconds'):>11.2f}{_median(good, 'batch_milliseconds'):>9.1f}"
            f"{_median(good, 'size_bytes') / 1e6:>9.2f}{max(row['memory_bytes'] for row in good) / 1e6:>11.0f}"
        )


def _rank(found: dict[str, Row], tool: str) -> float:
    """From 1; equal ones share the mean."""
    own = _loss(found[tool])
    losses = [_loss(row) for row in found.values()]
    return 1.0 + sum(loss < own for loss in losses) + (sum(loss == own for loss in losses) - 1) / 2


def _duel(by_set: dict[str, dict[str, Row]], tool: str) -> str:
    if tool == "ours":
        return ""
    wins = ties = losses = 0
    for found in by_set.values():
        if tool not in found or "ours" not in found:
            continue
        ours, theirs = _loss(found["ours"]), _loss(found[tool])
        close = abs(ours - theirs) <= _CLOSE * max(abs(ours), abs(theirs)) if ours < float("inf") > theirs else False
        ties += close
        wins += not close and ours < theirs
        losses += not close and ours > theirs
    return f"{wins}-{ties}-{losses}"


def _median(rows: Sequence[Row], key: str) -> float:
    return statistics.median(row[key] for row in rows)
