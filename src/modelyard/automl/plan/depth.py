"""On how many folds a candidate is judged, given the time."""

from __future__ import annotations

# Rows on which differences between candidates show; beyond it time buys more by trying further candidates.
_ENOUGH_ROWS = 15_000
# Configurations that should get their turn in the first half of the time.
_FIRST_LOOKS = 10
_SHARE = 0.5


def wanted_folds(folds: int, fold_rows: int, fit_seconds: float, seconds: float, workers: int, *, fixed: bool) -> int:
    """`fit_seconds`: of a usual candidate on one fold. `fixed`: the user asked for all of them."""
    if fixed or folds <= 1:
        return folds
    useful = max(1, -(-_ENOUGH_ROWS // max(1, fold_rows)))
    affordable = int(_SHARE * seconds * workers / max(1e-3, _FIRST_LOOKS * fit_seconds))
    return max(1, min(folds, useful, affordable))
