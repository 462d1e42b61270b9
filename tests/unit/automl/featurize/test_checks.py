"""Bad tables are refused before any training, or mended with a word."""

import datetime

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.featurize.checks import checked
from modelyard.automl.featurize.target import TargetCoding
from modelyard.automl.plan.settings import Settings, Validation
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput


def table(target: object, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"x": range(len(target)), "y": target, **columns})  # type: ignore[arg-type]


@pytest.mark.parametrize(("frame", "settings", "text"), [
    (pd.DataFrame(), {}, "empty"),
    (pd.DataFrame({"y": []}), {}, "empty"),
    (table([0, 1] * 10), {"target": "yy"}, "'y'"),
    (table([1] * 20), {}, "one value"),
    (table(["a"] * 20), {}, "one value"),
    (table([None] * 20), {}, "missing"),
    (table([np.inf] * 20), {"task": Task.REGRESSION}, "finite"),
    (table([0, 1] * 3), {}, "too few"),
    (table(["a", "b"] * 10), {"task": Task.REGRESSION}, "no numbers"),
    (table([f"c{index}" for index in range(40)]), {}, "single row"),
    (table(["a"] * 20 + ["b"]), {}, "single row"),
    (table([1e200, 1.5, 2.5] * 10), {"task": Task.REGRESSION}, "beyond"),
    (table([datetime.date(2024, 1, 1), datetime.date(2024, 2, 1), "x"] * 9), {"task": Task.REGRESSION}, "no numbers"),
    (table([0, 1] * 10), {"weight_column": "w"}, "'w'"),
    (table([0, 1] * 10), {"weight_column": "y"}, "another role"),
    (table([0, 1] * 10), {"validation": Validation(group_columns=("z",))}, "'z'"),
    (pd.DataFrame(np.ones((20, 2)), columns=["y", "y"]), {}, "2 columns"),
])  # fmt: skip
def test_what_cannot_be_learnt_from_is_refused(frame: pd.DataFrame, settings: dict, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(frame, Settings(**{"target": "y", **settings}))
    assert text in str(caught.value) and caught.value.field


def test_rows_without_a_usable_target_are_left_out_and_said() -> None:
    frame, repairs = checked(table([1.5, 2.5, None, np.inf, 4.25] * 6), Settings("y", Task.REGRESSION))
    assert len(frame) == 18 and list(frame.index) == list(range(18))
    assert "6 rows without a target and 6 whose target is no finite number" in repairs[0]


def test_classes_of_one_row_are_left_out_and_said() -> None:
    frame, repairs = checked(table(["a", "b"] * 10 + ["c"]), Settings("y"))
    assert set(frame["y"]) == {"a", "b"} and "c" in repairs[0]


def test_columns_of_one_name() -> None:
    frame = table([0, 1] * 10)
    double = pd.concat([frame, frame[["x"]], frame[["x"]] * 2], axis=1)
    mended, repairs = checked(double, Settings("y"))
    assert list(mended.columns) == ["x", "y", "x.1"] and len(repairs) == 2


def test_infinite_features_are_said() -> None:
    _, repairs = checked(table([0, 1] * 10, z=[np.inf, 1.0] * 10), Settings("y"))
    assert repairs == ["Infinite values count as missing: z."]


def test_rows_to_judge_on_may_be_few_and_of_one_class() -> None:
    frame, _ = checked(table([1, 1, 1]), Settings("y", Task.BINARY), to_learn=False)
    assert len(frame) == 3


@pytest.mark.parametrize(("values", "task"), [
    ([0, 1] * 10, Task.BINARY), (["a", "b", "c"] * 10, Task.MULTICLASS), ([1, 2, 3] * 10, Task.MULTICLASS),
    (list(np.linspace(0, 1, 30)), Task.REGRESSION), ([f"{value}" for value in np.linspace(0, 1, 30)], Task.REGRESSION),
    ([True, False] * 5, Task.BINARY), (list(range(100)), Task.REGRESSION), ([[1], [2], [3]] * 5, Task.MULTICLASS),
])  # fmt: skip
def test_the_task_is_told_from_the_target(values: list, task: Task) -> None:
    assert TargetCoding.of(values).task is task


@pytest.mark.parametrize("values", [["no", "yes"], [True, False], [1, 2, 3], [0.5, 1.5, "x"], ["b", None, "a"]])
def test_classes_come_back_as_they_were_written(values: list) -> None:
    coding = TargetCoding.of(values, Task.MULTICLASS)
    there = [value for value in values if value is not None]
    assert list(coding.decode(coding.encode(there))) == there
    again = TargetCoding.from_dict(coding.to_dict())
    assert again.classes == coding.classes


def test_the_positive_label_is_class_one() -> None:
    coding = TargetCoding.of(["no", "yes"], positive_label="no")
    assert coding.classes == ("yes", "no")
    with pytest.raises(InvalidInput, match="positive label"):
        TargetCoding.of(["no", "yes"], positive_label="maybe")
