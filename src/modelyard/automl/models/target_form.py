"""The form in which a regressor sees its target, and the way back to the target's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

IDENTITY = "identity"
LOG = "log1p"
# exp() of a prediction beyond what was seen, in deviations: a bound, so that no row comes back as infinity.
_BEYOND = 4.0


@dataclass(frozen=True)
class TargetForm:
    """`(log1p(y - shift) or y, centred and scaled)`; `backward` undoes it.

    The mean of a logarithm leads back to the median of the target. `smear` is the factor to its mean, the average of
    the residuals' exponentials (Duan 1983, "Smearing estimate"); 1 where a median is what is wanted.
    """

    kind: str = IDENTITY
    shift: float = 0.0
    centre: float = 0.0
    scale: float = 1.0
    smear: float = 1.0
    highest: float = np.inf
    """Of the transformed target, before centring: predictions are held below it."""

    @classmethod
    def of(cls, kind: str, target: np.ndarray, scaled: bool = False) -> Self:
        """The form of `kind` for this target; with `scaled`, of mean 0 and deviation 1."""
        shift = min(float(target.min()), 0.0) if kind == LOG else 0.0
        seen = np.log1p(target - shift) if kind == LOG else target
        deviation = float(seen.std()) or 1.0
        highest = float(seen.max()) + _BEYOND * deviation if kind == LOG else np.inf
        if not scaled:
            return cls(kind, shift, highest=highest)
        return cls(kind, shift, float(seen.mean()), deviation, highest=highest)

    def forward(self, target: np.ndarray) -> np.ndarray:
        seen = np.log1p(np.maximum(target - self.shift, 0.0)) if self.kind == LOG else target
        return (seen - self.centre) / self.scale

    def backward(self, prediction: np.ndarray) -> np.ndarray:
        seen = prediction * self.scale + self.centre
        if self.kind != LOG:
            return seen
        return np.asarray(np.exp(np.minimum(seen, self.highest)) * self.smear - 1.0 + self.shift)

    def smeared(self, target: np.ndarray, prediction: np.ndarray) -> Self:
        """This form with the factor that leads `prediction` (as learnt, best of rows not learnt from) to the mean."""
        if self.kind != LOG:
            return self
        residuals = (self.forward(target) - prediction) * self.scale
        factor = float(np.mean(np.exp(np.clip(residuals, -3.0, 3.0))))
        return type(self)(self.kind, self.shift, self.centre, self.scale, factor, self.highest)

    def state(self) -> dict[str, Any]:
        highest = None if np.isinf(self.highest) else self.highest
        return {"kind": self.kind, "shift": self.shift, "centre": self.centre, "scale": self.scale,
                "smear": self.smear, "highest": highest}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls(**{**state, "highest": np.inf if state["highest"] is None else state["highest"]})
