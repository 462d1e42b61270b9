"""Draws what each early-termination policy does: the platform's own rules over the same made-up learning curves.

`python docs/figures/policies.py` writes the SVG files beside this one anew; a test compares them.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.domain.search_policy import (
    AshaPolicy,
    BanditPolicy,
    Goal,
    HyperbandPolicy,
    MedianStoppingPolicy,
    PbtPolicy,
    TruncationSelectionPolicy,
)
from modelyard.tuning.stopping_rule import Action, Curve, Phase, Population, StoppingRule, make_rule

TRIALS, INTERVALS, PLACES = 16, 27, 4
WIDTH, HEIGHT, MARGIN = 640, 300, 44
POLICIES: dict[str, Any] = {
    "none": None,
    "bandit": BanditPolicy(slack_factor=0.15, evaluation_interval=3, delay_evaluation=6),
    "median_stopping": MedianStoppingPolicy(evaluation_interval=3, delay_evaluation=6),
    "truncation_selection": TruncationSelectionPolicy(
        truncation_percentage=20, evaluation_interval=5, delay_evaluation=5
    ),
    "asha": AshaPolicy(min_resource=3, max_resource=INTERVALS, reduction_factor=3),
    "hyperband": HyperbandPolicy(min_resource=3, max_resource=INTERVALS, reduction_factor=3),
    "pbt": PbtPolicy(evaluation_interval=3, delay_evaluation=6, max_resource=INTERVALS, seed=3),
}


def accuracy(number: int, interval: int, descent: tuple[int, ...] = ()) -> float:
    """A learning curve to maximise: each trial has its own height, pace and noise. Of a trial that goes on from copies
    of others, `descent` names whom, the first one first: it learns like that one, a little better or worse."""
    draw = random.Random(descent[0] if descent else number)
    top, pace = draw.uniform(0.55, 0.95), draw.uniform(0.08, 0.3)
    for depth in range(len(descent)):
        top += random.Random(f"{descent[: depth + 1]}/{descent[depth + 1 :] or number}").uniform(-0.015, 0.02)
    noise = random.Random(number * 1000 + interval).gauss(0, 0.008)
    return top * (1 - math.exp(-pace * interval)) + noise


@dataclass
class Sweep:
    """A sweep in which every running trial logs one value in each round."""

    rule: StoppingRule | None
    places: int
    values: dict[int, list[float]] = field(default_factory=dict)
    phases: dict[int, Phase] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    descent: dict[int, tuple[int, ...]] = field(default_factory=dict)
    copied: dict[int, list[int]] = field(default_factory=dict)

    def run(self) -> None:
        while self._fill():
            for number in [number for number, phase in self.phases.items() if phase is Phase.RUNNING]:
                self._advance(number)

    def curves(self) -> list[Curve]:
        return [Curve(number, values, self.phases[number]) for number, values in self.values.items()]

    def _fill(self) -> bool:
        """Give free places to trials that go on, then to new ones; whether any trial runs."""
        while sum(phase is Phase.RUNNING for phase in self.phases.values()) < self.places:
            resumed = self.rule.next_to_resume(self.curves()) if self.rule else None
            if resumed is None and len(self.values) == TRIALS:
                break
            number = len(self.values) if resumed is None else resumed
            if resumed is not None:
                self._copy(resumed)
            self.values.setdefault(number, [])
            self.phases[number] = Phase.RUNNING
        return Phase.RUNNING in self.phases.values()

    def _copy(self, number: int) -> None:
        """A trial that goes on takes over another's checkpoint, where its rule says so."""
        assert self.rule is not None
        source = self.rule.source(Curve(number, self.values[number], self.phases[number]), self.curves())
        if source is not None:
            self.descent[number] = (*self.descent.get(source.number, ()), source.number)
            self.copied.setdefault(number, []).append(len(self.values[number]))

    def _advance(self, number: int) -> None:
        interval = len(self.values[number]) + 1
        self.values[number].append(accuracy(number, interval, self.descent.get(number, ())))
        if len(self.values[number]) == INTERVALS:
            self.phases[number] = Phase.FINISHED
            return
        if self.rule is None:
            return
        judged = Curve(number, self.values[number])
        action = self.rule.judge(judged, self.curves()).action
        if action is Action.STOP:
            self.stopped.add(number)
        self.phases[number] = {Action.STOP: Phase.FINISHED, Action.PAUSE: Phase.PAUSED}.get(action, Phase.RUNNING)


def drawing(name: str, policy: Any) -> str:
    """The SVG of one policy."""
    rungs = name in ("asha", "hyperband")
    places = PLACES if rungs else TRIALS
    rule = None if policy is None else make_rule(policy, Goal.MAXIMIZE, Population(TRIALS, places))
    sweep = Sweep(rule, places)
    sweep.run()
    spent = sum(len(values) for values in sweep.values.values())
    ended = [number for number, values in sweep.values.items() if len(values) == INTERVALS]
    best = max(max(values) for values in sweep.values.values())
    title = f"{name}: {spent} of {TRIALS * INTERVALS} intervals, {len(ended)} of {TRIALS} trials whole, best {best:.3f}"
    lines = [_line(values, sweep, number) for number, values in sweep.values.items()]
    return "\n".join([*_frame(title), *lines, "</svg>", ""])


def _frame(title: str) -> list[str]:
    bottom, right = HEIGHT - MARGIN, WIDTH - 12
    ticks = [
        f'<text x="{_x(interval):.1f}" y="{bottom + 16}" text-anchor="middle">{interval}</text>'
        for interval in (1, *range(3, INTERVALS + 1, 3))
    ]
    heights = [
        f'<text x="{MARGIN - 6}" y="{_y(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
        f'<path d="M{MARGIN} {_y(value):.1f}H{right}" stroke="#e4e7eb"/>'
        for value in (0.2, 0.4, 0.6, 0.8)
    ]
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" '
        'font-family="sans-serif" font-size="11" fill="#3b4450">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="16" font-size="13">{title}</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">logged values (intervals)</text>',
        *heights,
        *ticks,
    ]


def _line(values: list[float], sweep: Sweep, number: int) -> str:
    points = " ".join(f"{_x(place):.1f},{_y(value):.1f}" for place, value in enumerate(values, start=1))
    whole = len(values) == INTERVALS
    colour = "#1f6feb" if whole else "#98a2ae"
    line = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{1.8 if whole else 1.1}"/>'
    for place in sweep.copied.get(number, []):
        centre = f'cx="{_x(place):.1f}" cy="{_y(values[place - 1]):.1f}" r="3.2"'
        line += f'<circle {centre} fill="#8250df" stroke="#8250df"/>'
    if whole:
        return line
    end = f'cx="{_x(len(values)):.1f}" cy="{_y(values[-1]):.1f}" r="3.2"'
    stopped = 'fill="#d1242f" stroke="#d1242f"' if number in sweep.stopped else 'fill="#ffffff" stroke="#9a6700"'
    return f"{line}<circle {end} {stopped}/>"


def _x(interval: float) -> float:
    return MARGIN + (interval - 1) / (INTERVALS - 1) * (WIDTH - 12 - MARGIN)


def _y(value: float) -> float:
    return HEIGHT - MARGIN - value * (HEIGHT - MARGIN - 28)


def figures() -> dict[str, str]:
    """Every figure by its file name."""
    return {f"policy-{name}.svg": drawing(name, policy) for name, policy in POLICIES.items()}


if __name__ == "__main__":
    for file, text in figures().items():
        Path(__file__).with_name(file).write_text(text, encoding="utf-8")
