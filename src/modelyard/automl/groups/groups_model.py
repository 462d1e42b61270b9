"""Models of groups behind one face: each row goes to the model of its group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.model_archive import fitted_model_from
from modelyard.automl.outcome.served_model import ServedModel, from_header
from modelyard.domain.errors import InvalidInput, did_you_mean

GroupKey = tuple[str, ...]


@dataclass(frozen=True)
class GroupsModel(ServedModel):
    """Archives of fitted models by group. A group's model is made when its first row comes, and kept.

    `classes` are those of all groups; one that a group never saw has probability 0 there. Rows whose group is
    unknown, where there is no fallback, are refused with InvalidInput.
    """

    kind: ClassVar[str] = "groups"

    by: tuple[str, ...]
    archives: Mapping[GroupKey, bytes]
    fallback: bytes | None = None
    """The model for rows of any other group."""
    made_of: frozenset[str] = frozenset()
    """Modules of the models' classes: all archives need not be opened to tell."""
    _made: dict[GroupKey, FittedModel] = field(default_factory=dict, compare=False, repr=False)

    def outputs_of(self, arrays: Mapping[str, np.ndarray], threads: int = 1) -> np.ndarray:
        """(rows,) or (rows, classes)."""
        keys = group_keys([arrays[name] for name in self.by])
        if not keys:
            return np.empty((0, len(self.classes)) if self.classes else 0)
        first = keys[0]
        if keys.count(first) == len(keys):
            return self._of_group(first, arrays, threads)
        rows: dict[GroupKey, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        outputs = np.empty((len(keys), len(self.classes)) if self.classes else len(keys))
        for key, own in rows.items():
            part = {name: values[own] for name, values in arrays.items()}
            outputs[own] = self._of_group(key, part, threads)
        return outputs

    def group(self, key: GroupKey) -> FittedModel:
        """The model of one group, or the fallback.

        Raises:
            InvalidInput: neither is there.
        """
        found = self._made.get(key)
        if found is None:
            archive = self.archives.get(key, self.fallback)
            if archive is None:
                raise self._unknown(key)
            if key not in self.archives:
                key = ()
            found = self._made.get(key) or fitted_model_from(archive)
            self._made[key] = found
        return found

    def state(self) -> dict[str, Any]:
        return {
            **self.header(),
            "by": list(self.by),
            "keys": [list(key) for key in self.archives],
            "archives": list(self.archives.values()),
            "fallback": self.fallback,
            "made_of": sorted(self.made_of),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        keys = [tuple(key) for key in state["keys"]]
        archives = dict(zip(keys, state["archives"], strict=True))
        return cls(*from_header(state), tuple(state["by"]), archives, state["fallback"], frozenset(state["made_of"]))

    def modules(self) -> frozenset[str]:
        return self.made_of

    def _of_group(self, key: GroupKey, arrays: Mapping[str, np.ndarray], threads: int) -> np.ndarray:
        model = self.group(key)
        outputs = model.outputs_of(arrays, threads)
        if not self.classes or model.classes == self.classes:
            return outputs
        spread = np.zeros((len(outputs), len(self.classes)))
        spread[:, [self.classes.index(label) for label in model.classes]] = outputs
        return spread

    def _unknown(self, key: GroupKey) -> InvalidInput:
        near = did_you_mean(", ".join(key), [", ".join(one) for one in self.archives])
        return InvalidInput(
            f"There is no model for the group {', '.join(key)}.",
            field=self.by[0],
            mend=f"is it {near}?" if near else "train with a fallback, which answers for groups not seen",
        )


def group_keys(columns: Sequence[np.ndarray]) -> list[GroupKey]:
    """One a row. Equal values are equal keys however they arrived: 3, 3.0 and "3"; missing is its own group."""
    return list(zip(*(list(map(_text, column.tolist())) for column in columns), strict=True))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
