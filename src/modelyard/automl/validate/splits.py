"""Which rows a candidate learns from and which it is judged on. By numpy alone; the same seed, the same splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.plan.settings import Validation
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

Array = np.ndarray
_MOST_FOLDS = 50


@dataclass(frozen=True)
class Fold:
    """Row numbers, ascending."""

    train: Array
    valid: Array


@dataclass(frozen=True)
class Splits:
    folds: tuple[Fold, ...]
    scheme: str
    """`stratified k-fold`, `Monte-Carlo`, `given validation set`, ..."""
    reason: str
    """Why this one, for people."""
    rows: int

    @property
    def held(self) -> Array:
        """(rows,) bool: rows that some fold holds out."""
        found = np.zeros(self.rows, dtype=bool)
        for fold in self.folds:
            found[fold.valid] = True
        return found

    def to_dict(self) -> dict[str, object]:
        sizes = [[len(fold.train), len(fold.valid)] for fold in self.folds]
        return {"scheme": self.scheme, "reason": self.reason, "folds": len(self.folds), "rows": sizes}


def make_splits(
    task: Task,
    target: Array,
    validation: Validation,
    *,
    groups: Array | None = None,
    cv_columns: Sequence[Array] = (),
    validation_rows: int = 0,
    seed: int = 0,
) -> Splits:
    """The splits that the settings ask for, chosen by size where they ask for nothing.

    `target` (rows,): class numbers or numbers. `groups` (rows,): rows of equal value stay together. `cv_columns`: one
    a fold, 1 for training and 0 for validation. `validation_rows`: the last rows are a given validation set.

    Raises:
        InvalidInput: the settings cannot be met with these rows.
    """
    rows = len(target)
    random = np.random.default_rng(seed)
    if validation_rows:
        fold = Fold(np.arange(rows - validation_rows), np.arange(rows - validation_rows, rows))
        return Splits((fold,), "given validation set", f"{validation_rows} rows were given to validate on", rows)
    if cv_columns:
        return _by_columns(cv_columns, rows)
    if validation.folds is not None:
        _check_folds(validation.folds, rows, groups)
    if validation.fraction is not None:
        repeats = validation.folds or 1
        reason = f"{validation.fraction:.0%} of the rows validate, as asked for"
        return _monte_carlo(task, target, groups, validation.fraction, repeats, random, reason)
    if validation.folds is not None:
        return _k_fold(task, target, groups, validation.folds, random, f"{validation.folds} folds were asked for")
    folds, reason = automatic_folds(rows)
    if groups is not None:
        folds = min(folds, len(np.unique(groups)))
        _check_folds(folds, rows, groups)
    made = [_k_fold(task, target, groups, min(folds, rows), random, reason) for _ in range(repeats_for(rows))]
    scheme = made[0].scheme if len(made) == 1 else f"{len(made)} times {made[0].scheme}"
    return Splits(tuple(fold for one in made for fold in one.folds), scheme, reason, rows)


def repeats_for(rows: int) -> int:
    """With few rows the luck of one partition decides between candidates: several are drawn, as far as time allows."""
    return 3 if rows < 1_500 else 2 if rows < 4_000 else 1


def automatic_folds(rows: int) -> tuple[int, str]:
    """How many folds, and why. Few rows: many folds, as each leaves little to learn from and all must be seen to tell
    candidates apart (Kohavi 1995). Many rows: one fold in ten has thousands, and not every fold need be run."""
    if rows < 10_000:
        return 8, f"8 folds: with {rows} rows every one must be judged to tell candidates apart"
    if rows < 100_000:
        return 5, f"5 folds: {rows} rows give each thousands to judge on"
    return 10, f"folds of a tenth: {rows} rows give each {rows // 10} to judge on"


def holdout_rows(
    task: Task, target: Array, fraction: float, *, groups: Array | None = None, seed: int = 0
) -> tuple[Array, Array]:
    """Row numbers to search on and to keep for the honest score of the winner."""
    if not 0.0 < fraction < 1.0:
        raise InvalidInput(f"{fraction:g} is no share of the rows", field="holdout_fraction", mend="between 0 and 1")
    fold = _draw(task, target, groups, fraction, np.random.default_rng([seed, 1]))
    return fold.train, fold.valid


def _check_folds(folds: int, rows: int, groups: Array | None) -> None:
    units = rows if groups is None else len(np.unique(groups))
    what = "rows" if groups is None else "groups"
    if folds < 2:
        raise InvalidInput(
            f"{folds} folds leave nothing to judge on", field="n_cross_validations", mend="2 or more, or 'auto'"
        )
    if folds > min(units, _MOST_FOLDS):
        mend = f"at most {min(units, _MOST_FOLDS)}"
        raise InvalidInput(f"{folds} folds of {units} {what}", field="n_cross_validations", mend=mend)


def _by_columns(columns: Sequence[Array], rows: int) -> Splits:
    folds = []
    for number, column in enumerate(columns):
        values = np.asarray(column, dtype=float)
        if not np.isin(values, (0.0, 1.0)).all():
            text = f"the split column number {number + 1} holds other values than 0 and 1"
            raise InvalidInput(text, field="cv_split_column_names", mend="1 for training, 0 for validation")
        if values.all() or not values.any():
            text = f"the split column number {number + 1} has no row to {'judge on' if values.all() else 'learn from'}"
            raise InvalidInput(text, field="cv_split_column_names")
        folds.append(Fold(np.flatnonzero(values == 1), np.flatnonzero(values == 0)))
    return Splits(tuple(folds), "given split columns", f"{len(folds)} split columns were given", rows)


def _k_fold(
    task: Task, target: Array, groups: Array | None, count: int, random: np.random.Generator, reason: str
) -> Splits:
    rows = len(target)
    if groups is not None:
        place, scheme = _dealt_groups(task, target, groups, count, random), "grouped k-fold"
    else:
        place = _dealt(task, target, count, random)
        scheme = "stratified k-fold" if task.is_classification else "k-fold, stratified by the size of the target"
    numbers = range(count)
    folds = tuple(Fold(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in numbers if (place == k).any())
    return Splits(folds, scheme, reason, rows)


def _dealt(task: Task, target: Array, count: int, random: np.random.Generator) -> Array:
    """(rows,) fold of each row; -1 for the one row of a class, which every fold learns from."""
    place = np.full(len(target), -1)
    if not task.is_classification:
        order = np.lexsort((random.random(len(target)), target))
        for start in range(0, len(order), count):
            block = order[start : start + count]
            place[block] = random.permutation(count)[: len(block)]
        return place
    start = 0
    for label in np.unique(target):
        own = random.permutation(np.flatnonzero(target == label))
        if len(own) > 1:
            place[own] = (start + np.arange(len(own))) % count
            start = (start + len(own)) % count
    return place


def _dealt_groups(task: Task, target: Array, groups: Array, count: int, random: np.random.Generator) -> Array:
    """(rows,) fold of each row: large groups first, each to the fold that it makes least uneven."""
    labels, place = np.unique(groups, return_inverse=True)
    kinds = np.asarray(target if task.is_classification else np.zeros(len(target)), dtype=int)
    table = np.zeros((len(labels), int(kinds.max()) + 1))
    np.add.at(table, (place, kinds), 1.0)
    share = table / np.maximum(table.sum(axis=0), 1.0)
    filled = np.zeros((count, table.shape[1]))
    fold_of = np.zeros(len(labels), dtype=int)
    order = random.permutation(len(labels))
    for group in order[np.argsort(-table[order].sum(axis=1), kind="stable")]:
        unevenness = ((filled + share[group]) ** 2 - filled**2).sum(axis=1)
        fold_of[group] = int(np.argmin(unevenness))
        filled[fold_of[group]] += share[group]
    return np.asarray(fold_of[place])


def _monte_carlo(
    task: Task,
    target: Array,
    groups: Array | None,
    fraction: float,
    repeats: int,
    random: np.random.Generator,
    reason: str,
) -> Splits:
    if not 0.0 < fraction < 1.0:
        text = f"{fraction:g} is no share of the rows"
        raise InvalidInput(text, field="validation_data_size", mend="give a number between 0 and 1")
    folds = tuple(_draw(task, target, groups, fraction, random) for _ in range(repeats))
    if any(not len(fold.train) or not len(fold.valid) for fold in folds):
        text = f"{fraction:g} of {len(target)} rows leaves none on one side"
        raise InvalidInput(text, field="validation_data_size")
    return Splits(folds, "Monte-Carlo" if repeats > 1 else "holdout", reason, len(target))


def _draw(task: Task, target: Array, groups: Array | None, fraction: float, random: np.random.Generator) -> Fold:
    """One random split; every class keeps a row to learn from."""
    if groups is not None:
        parts = max(2, round(1.0 / min(fraction, 0.5)))
        if len(np.unique(groups)) < parts:
            parts = 2
        held = _dealt_groups(task, target, groups, parts, random) == 0
    else:
        held = np.zeros(len(target), dtype=bool)
        kinds = target if task.is_classification else np.zeros(len(target))
        owed = 0.0
        for label in np.unique(kinds):
            own = random.permutation(np.flatnonzero(kinds == label))
            owed += fraction * len(own)
            taken = min(round(owed), len(own) - 1)
            owed -= taken
            held[own[:taken]] = True
    return Fold(np.flatnonzero(~held), np.flatnonzero(held))
