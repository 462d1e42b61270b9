"""How long a fit will take here: the models' own estimates, corrected by what was measured in this search."""

from __future__ import annotations

from statistics import median

# One measurement tells of the machine and of the data; a model's estimate is off by a factor of its own besides.
_LEAST_SECONDS = 0.005


class Estimates:
    def __init__(self) -> None:
        self._ratios: dict[str, list[float]] = {}

    def seconds(self, algorithm: str, estimate: float) -> float:
        """Of a fit that the model itself puts at `estimate`."""
        return max(_LEAST_SECONDS, estimate * self._ratio(algorithm))

    def learn(self, algorithm: str, estimate: float, measured: float) -> None:
        self._ratios.setdefault(algorithm, []).append(measured / max(estimate, _LEAST_SECONDS))

    def _ratio(self, algorithm: str) -> float:
        own = self._ratios.get(algorithm)
        if own:
            return median(own)
        others = [median(ratios) for ratios in self._ratios.values()]
        # Half the way: what slows one library need not slow another.
        return float(median(others)) ** 0.5 if others else 1.0
