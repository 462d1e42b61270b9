"""How soon early termination finds a good trial: `python bench/early_stopping.py [--seeds 20] [--quick]`.

The platform's own rules decide over learning curves in simulated time, with so many workers: random search that runs
every trial to its end, and the same trials under each policy. Time to quality is the moment at which a trial has logged
a value as good as the best 5 % of all whole trials reach. The simulated curves are made up; the real ones are those of
scikit-learn's MLPClassifier on its digits, trained once, with the seconds that each epoch took.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import statistics
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from modelyard.domain.search_policy import (
    AshaPolicy,
    BanditPolicy,
    Goal,
    HyperbandPolicy,
    MedianStoppingPolicy,
    TruncationSelectionPolicy,
)
from modelyard.tuning.stopping_rule import Action, Curve, Phase, StoppingRule, make_rule

INTERVALS, WORKERS = 27, 4
POLICIES: dict[str, Any] = {
    "random, to the end": None,
    "bandit": BanditPolicy(slack_factor=0.1, delay_evaluation=6),
    "median stopping": MedianStoppingPolicy(delay_evaluation=6),
    "truncation selection": TruncationSelectionPolicy(truncation_percentage=20, evaluation_interval=5),
    "asha": AshaPolicy(min_resource=1, max_resource=INTERVALS, reduction_factor=3),
    "hyperband": HyperbandPolicy(min_resource=1, max_resource=INTERVALS, reduction_factor=3),
}


@dataclass(frozen=True)
class Learner:
    """What a trial would log, and the seconds that each interval takes."""

    values: Sequence[float]
    seconds: float


@dataclass
class Timeline:
    """A sweep in simulated time. Pausing and resuming costs nothing, as starting does not."""

    learners: Sequence[Learner]
    rule: StoppingRule | None
    wanted: float
    phases: dict[int, Phase] = field(default_factory=dict)
    logged: dict[int, int] = field(default_factory=dict)
    busy: list[tuple[float, int]] = field(default_factory=list)
    spent: float = 0.0

    def time_to_quality(self) -> float:
        """Infinity when no trial got there."""
        now = 0.0
        while self._fill(now):
            now, number = heapq.heappop(self.busy)
            self.spent += self.learners[number].seconds
            self.logged[number] += 1
            if self.learners[number].values[self.logged[number] - 1] >= self.wanted:
                return now
            self._judge(number, now)
        return math.inf

    def _fill(self, now: float) -> bool:
        while len(self.busy) < WORKERS:
            resumed = self.rule.next_to_resume(self._curves()) if self.rule else None
            if resumed is None and len(self.logged) == len(self.learners):
                break
            self._run(len(self.logged) if resumed is None else resumed, now)
        return bool(self.busy)

    def _run(self, number: int, now: float) -> None:
        self.logged.setdefault(number, 0)
        self.phases[number] = Phase.RUNNING
        heapq.heappush(self.busy, (now + self.learners[number].seconds, number))

    def _judge(self, number: int, now: float) -> None:
        if self.logged[number] == len(self.learners[number].values):
            self.phases[number] = Phase.FINISHED
            return
        action = Action.GO_ON
        if self.rule is not None:
            action = self.rule.judge(self._curve(number), self._curves()).action
        if action is Action.GO_ON:
            self._run(number, now)
        else:
            self.phases[number] = Phase.PAUSED if action is Action.PAUSE else Phase.FINISHED

    def _curves(self) -> list[Curve]:
        return [self._curve(number) for number in self.logged]

    def _curve(self, number: int) -> Curve:
        return Curve(number, self.learners[number].values[: self.logged[number]], self.phases[number])


def made_up(count: int, seed: int) -> list[Learner]:
    """Heights, paces and noise by chance; a trial that learns fast is not always one that ends high."""
    draw = random.Random(seed)
    learners = []
    for _ in range(count):
        top, pace = 0.6 + 0.38 * draw.betavariate(2, 3), draw.uniform(0.08, 0.4)
        values = [top * (1 - math.exp(-pace * step)) + draw.gauss(0, 0.008) for step in range(1, INTERVALS + 1)]
        learners.append(Learner(values, draw.uniform(0.8, 1.2)))
    return learners


def trained(count: int) -> list[Learner]:
    """Networks of settings drawn by chance, epoch by epoch: accuracy on rows that they have not seen."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    rows, labels = rows[order] / 16, labels[order]
    draw = random.Random(1)
    learners = []
    for _ in range(count):
        settings = {
            "hidden_layer_sizes": (draw.choice([8, 16, 32, 64]),),
            "learning_rate_init": 10 ** draw.uniform(-4, -1),
            "alpha": 10 ** draw.uniform(-6, 0),
            "batch_size": draw.choice([32, 128]),
        }
        network, values = MLPClassifier(**settings, random_state=0), []
        began = time.perf_counter()
        for _ in range(INTERVALS):
            network.partial_fit(rows[:900], labels[:900], classes=range(10))
            values.append(float(network.score(rows[900:], labels[900:])))
        learners.append(Learner(values, (time.perf_counter() - began) / INTERVALS))
    return learners


def show(title: str, populations: Sequence[Sequence[Learner]]) -> None:
    print(f"\n{title}: {len(populations[0])} trials, {WORKERS} workers, {len(populations)} orders")
    print(f"{'':24}{'time to quality':>16}{'beside random':>15}{'spent':>10}{'never':>7}")
    base = 0.0
    for name, policy in POLICIES.items():
        times, spent = [], []
        for learners in populations:
            ends = sorted(max(learner.values) for learner in learners)
            wanted = ends[math.ceil(len(ends) * 0.95) - 1]
            line = Timeline(learners, None if policy is None else make_rule(policy, Goal.MAXIMIZE), wanted)
            times.append(line.time_to_quality())
            spent.append(line.spent)
        middle = statistics.median(times)
        base = base or middle
        never = sum(math.isinf(one) for one in times)
        print(f"{name:24}{middle:14.1f} s{base / middle:14.1f}x{statistics.median(spent):8.0f} s{never:7}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=81)
    parser.add_argument("--quick", action="store_true", help="five seeds, fewer trained networks")
    arguments = parser.parse_args()
    seeds = 5 if arguments.quick else arguments.seeds
    show("made-up learning curves", [made_up(arguments.trials, seed) for seed in range(seeds)])
    networks = trained(27 if arguments.quick else arguments.trials)
    orders = [random.Random(seed).sample(networks, len(networks)) for seed in range(seeds)]
    show("networks on scikit-learn's digits", orders)


if __name__ == "__main__":
    main()
