"""Designs of the folds: made by the worker that needs one first, mapped by all others."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.search.arrays import has_design, read_design, write_design
from modelyard.automl.search.table import ALL_ROWS, read_table


@dataclass(frozen=True)
class FoldDesign:
    train: Design
    valid: Design | None
    """None of ALL_ROWS."""
    featurizer: Any


def design_name(view: View, fold: int) -> str:
    """As the members of an ensemble name it."""
    return str(view) if fold == ALL_ROWS else f"{view}/{fold}"


def fold_design(folder: Path, view: View, fold: int) -> FoldDesign:
    """From the files, where somebody made it; else made now. The featurizer has seen the rows to learn from alone."""
    place = folder / "designs" / f"{view}-{fold}"
    if not has_design(place / "done"):
        place.mkdir(parents=True, exist_ok=True)
        with _locked(place / "lock"):
            if not has_design(place / "done"):
                _make(folder, place, view, fold)
    with (place / "featurizer.pickle").open("rb") as file:
        featurizer = pickle.load(file)
    valid = None if fold == ALL_ROWS else read_design(place / "valid")
    return FoldDesign(read_design(place / "done"), valid, featurizer)


def _make(folder: Path, place: Path, view: View, fold: int) -> None:
    table = read_table(folder)
    rows = table.fold(fold)
    featurizer = Featurizer(table.plan, view)
    train = featurizer.fit_transform(table.frame.iloc[rows.train], table.target[rows.train], table.seed)
    if fold != ALL_ROWS:
        write_design(place / "valid", featurizer.transform(table.frame.iloc[rows.valid]))
    with (place / "featurizer.pickle").open("wb") as file:
        pickle.dump(featurizer, file, protocol=5)
    # Last: who sees it sees the others too.
    write_design(place / "done", train)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; a process that dies lets go."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
