"""Ten analytic functions that optimisers are compared on, with their bounds and minima."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Point = Sequence[Any]


@dataclass(frozen=True)
class Problem:
    """To be minimised. A pair of whole numbers as bounds makes a whole-number dimension, both ends included."""

    name: str
    bounds: Sequence[tuple[float, float]]
    function: Callable[[Point], float]
    optimum: float

    def whole(self, place: int) -> bool:
        return all(isinstance(bound, int) for bound in self.bounds[place])


def sphere(x: Point) -> float:
    return sum((value - 0.7) ** 2 for value in x)


def rosenbrock(x: Point) -> float:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def rastrigin(x: Point) -> float:
    return 10 * len(x) + sum(value * value - 10 * math.cos(2 * math.pi * value) for value in x)


def ackley(x: Point) -> float:
    root = math.sqrt(sum(value * value for value in x) / len(x))
    wave = sum(math.cos(2 * math.pi * value) for value in x) / len(x)
    return -20 * math.exp(-0.2 * root) - math.exp(wave) + 20 + math.e


def branin(x: Point) -> float:
    a, b = x
    return (
        (b - 5.1 * a * a / (4 * math.pi**2) + 5 * a / math.pi - 6) ** 2
        + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a)
        + 10
    )


def levy(x: Point) -> float:
    w = [1 + (value - 1) / 4 for value in x]
    first = math.sin(math.pi * w[0]) ** 2
    middle = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return first + middle + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def griewank(x: Point) -> float:
    product = math.prod(math.cos(value / math.sqrt(i)) for i, value in enumerate(x, 1))
    return 1 + sum(value * value for value in x) / 4000 - product


def styblinski(x: Point) -> float:
    return sum(v**4 - 16 * v * v + 5 * v for v in x) / 2 + 39.16616570377142 * len(x)


def michalewicz(x: Point) -> float:
    return -sum(math.sin(v) * math.sin(i * v * v / math.pi) ** 20 for i, v in enumerate(x, 1))


_H_A = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
_H_P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)
_H_C = (1.0, 1.2, 3.0, 3.2)


def hartmann6(x: Point) -> float:
    inner = [
        sum(a * (v - p) ** 2 for a, v, p in zip(row_a, x, row_p, strict=True))
        for row_a, row_p in zip(_H_A, _H_P, strict=True)
    ]
    return -sum(c * math.exp(-value) for c, value in zip(_H_C, inner, strict=True))


FUNCTIONS = [
    Problem("sphere-5", [(-2.0, 2.0)] * 5, sphere, 0.0),
    Problem("rosenbrock-4", [(-2.0, 2.0)] * 4, rosenbrock, 0.0),
    Problem("rastrigin-4", [(-4.0, 5.0)] * 4, rastrigin, 0.0),
    Problem("ackley-5", [(-4.0, 6.0)] * 5, ackley, 0.0),
    Problem("branin-2", [(-5.0, 10.0), (0.0, 15.0)], branin, 0.397887),
    Problem("levy-4", [(-10.0, 10.0)] * 4, levy, 0.0),
    Problem("griewank-4", [(-50.0, 70.0)] * 4, griewank, 0.0),
    Problem("styblinski-4", [(-5.0, 5.0)] * 4, styblinski, 0.0),
    Problem("michalewicz-5", [(0.0, math.pi)] * 5, michalewicz, -4.687658),
    Problem("hartmann-6", [(0.0, 1.0)] * 6, hartmann6, -3.32237),
]
