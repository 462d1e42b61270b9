"""The walls of time: what a search may still start, and when it must turn to finishing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# Of the whole time, never more than this for refits and all else that follows the search.
_MOST_KEPT = 0.4
_LEAST_KEPT = 0.05
# Work done in the last moment does not fit a clock to the millisecond; returning early costs less than late.
_MARGIN = 0.02


@dataclass
class Budget:
    """Seconds of `time.monotonic()`. `kept` is what finishing needs by the latest estimate."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)
    kept: float = 0.0

    @property
    def deadline(self) -> float:
        """When everything is over."""
        return self.begun + self.seconds * (1.0 - _MARGIN)

    @property
    def search_deadline(self) -> float:
        """When the search ends and finishing begins."""
        share = min(max(self.kept, self.seconds * _LEAST_KEPT), self.seconds * _MOST_KEPT)
        return self.deadline - share

    @property
    def earliest_end(self) -> float:
        """The search goes on at least until here, whatever finishing will need."""
        return self.deadline - self.seconds * _MOST_KEPT

    @property
    def last_end(self) -> float:
        """As long as there is nothing to return the search goes on until here."""
        return self.deadline - 0.2 - self.seconds * _LEAST_KEPT

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def search_left(self) -> float:
        return self.search_deadline - time.monotonic()

    @property
    def spent(self) -> float:
        return time.monotonic() - self.begun
