"""On how many folds a candidate is judged, given the time."""

from __future__ import annotations

# Rows on which differences between candidates show; beyond it time buys more by trying further candidates.
_ENOUGH_ROWS = 15_000
# Fewer rows than this tell luck from skill so badly that fewer candidates on more folds are the better choice.
_LEAST_ROWS = 1_500
# Configurations that should get their turn in the first half of the time, and those that must.
_FIRST_LOOKS = 10
_FEWEST_LOOKS = 4
_SHARE = 0.5


def wanted_folds(folds: int, fold_rows: int, fit_seconds: float, seconds: float, workers: int, *, fixed: bool) -> int:
    """`fit_seconds`: of a usual candidate on one fold. `fixed`: the user asked for all of them."""
    if fixed or folds <= 1:
        return folds

    def affordable(looks: int) -> int:
        return int(_SHARE * seconds * workers / max(1e-3, looks * fit_seconds))

    useful, needed = (-(-rows // max(1, fold_rows)) for rows in (_ENOUGH_ROWS, _LEAST_ROWS))
    well = min(useful, affordable(_FIRST_LOOKS))
    enough = min(needed, affordable(_FEWEST_LOOKS))
    return max(1, min(folds, max(well, enough)))
