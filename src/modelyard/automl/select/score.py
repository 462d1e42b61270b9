"""Which candidate to deploy: `Score = w1*Quality - w2*Latency - w3*Cost + w4*Stability` under hard limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.plan.settings import Choice

# Cost is prediction latency's companion: what the artifact weighs.
_QUANTITIES = ("quality", "latency", "cost", "stability")


@dataclass(frozen=True)
class Option:
    """A candidate as the choice sees it."""

    number: int
    loss: float
    """Of the primary metric, less is better."""
    spread: float = 0.0
    """Standard deviation of the loss over the folds."""
    row_milliseconds: float | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class Scored:
    number: int
    score: float
    parts: dict[str, float]
    """Quality, latency, cost and stability from 0 to 1, as they entered the score."""
    excluded: str | None = None
    """The hard limit it breaks."""


def scored(options: Sequence[Option], choice: Choice) -> list[Scored]:
    """Every option with its score, best first; those that break a hard limit last.

    Each quantity is normalised over the options that keep the limits: quality and stability linearly, from 0 for the
    worst to 1 for the best; latency and cost (size) by their logarithms, from 0 for the least to 1 for the most.
    Quality is 0 from twice the distance between the best and the median option on, so that one hopeless candidate does
    not make the rest look alike.
    """
    kept = [option for option in options if broken_limit(option, choice) is None]
    scales = {name: _scale(name, kept) for name in _QUANTITIES}
    found = []
    for option in options:
        parts = {name: _normalized(name, option, scales[name]) for name in _QUANTITIES}
        total = (
            choice.quality * parts["quality"]
            - choice.latency * parts["latency"]
            - choice.cost * parts["cost"]
            + choice.stability * parts["stability"]
        )
        found.append(Scored(option.number, total, parts, broken_limit(option, choice)))
    losses = {option.number: option.loss for option in options}
    return sorted(found, key=lambda one: (one.excluded is not None, -one.score, losses[one.number]))


def broken_limit(option: Option, choice: Choice) -> str | None:
    """Which hard limit it breaks, in words. What is not measured breaks none."""
    most, size = choice.max_row_milliseconds, choice.max_size_bytes
    if most is not None and option.row_milliseconds is not None and option.row_milliseconds > most:
        return f"one row takes {option.row_milliseconds:.3g} ms, over the limit of {most:g} ms"
    if size is not None and option.size_bytes is not None and option.size_bytes > size:
        return f"it weighs {option.size_bytes} bytes, over the limit of {size}"
    return None


def _raw(name: str, option: Option) -> float:
    if name == "quality":
        return -option.loss
    if name == "stability":
        return -option.spread
    value = option.row_milliseconds if name == "latency" else option.size_bytes
    return float("nan") if value is None else float(np.log(max(float(value), 1e-6)))


def _scale(name: str, options: Sequence[Option]) -> tuple[float, float]:
    values = np.array([_raw(name, option) for option in options], dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if name == "quality":
        low = max(low, high - 2.0 * (high - float(np.median(values))))
    return low, high


def _normalized(name: str, option: Option, scale: tuple[float, float]) -> float:
    low, high = scale
    value = _raw(name, option)
    if not np.isfinite(value):
        # Not measured: neither praised nor blamed; a loss that is not finite is the worst there is.
        return 0.0 if name in ("quality", "stability") else 0.5
    if high <= low:
        return 1.0 if name in ("quality", "stability") else 0.0
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))
