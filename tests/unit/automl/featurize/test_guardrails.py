"""Guardrails say what a person should know, and are silent where all is well."""

import numpy as np
import pandas as pd

from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.guardrails import Guardrail, report
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task


def told(
    frame: pd.DataFrame, target: np.ndarray, task: Task = Task.BINARY, **others: pd.DataFrame
) -> dict[str, Guardrail]:
    plan = FeaturePlan.make(frame, target, task, Featurization())
    return {one.name: one for one in report(frame, target, task, plan, others)}


def plain(rows: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.choice(list("xyz"), rows)})
    return frame, rng.integers(0, 2, rows)


def test_a_sound_table_passes() -> None:
    assert {one.status for one in told(*plain()).values()} == {"passed"}


def test_a_column_that_is_the_target_in_disguise_is_named() -> None:
    frame, target = plain()
    frame["label"] = np.where(target == 1, "good", "bad")
    frame["later"] = target * 100.0 + np.random.default_rng(0).random(len(target))
    found = told(frame, target)["leaking columns"]
    assert found.status == "alerted" and set(found.columns) == {"label", "later"}
    number = np.random.default_rng(1).normal(size=400)
    frame["number"] = number * 2 + 1
    assert told(frame, number, Task.REGRESSION)["leaking columns"].columns == ("number",)


def test_rows_of_many_names_do_not_look_like_leaks() -> None:
    rng = np.random.default_rng(0)
    frame, _ = plain()
    frame["name"] = [f"n{value}" for value in rng.integers(0, 390, 400)]
    target = (np.arange(400) < 8).astype(int)
    found = told(frame, target)
    assert found["leaking columns"].status == "passed"
    assert found["class balance"].status == "alerted" and found["tiny classes"].numbers["smallest"] == 8


def test_what_was_left_out_repeated_or_missing_is_said() -> None:
    frame, target = plain()
    frame["row_id"], frame["one"], frame["c"] = range(400), 1, frame["a"]
    frame.loc[:300, "b"] = None
    found = told(pd.concat([frame, frame[:100]]), np.concatenate([target, 1 - target[:100]]))
    assert found["key columns"].status == "passed"
    assert found["constant columns"].columns == ("one",)
    assert found["duplicate columns"].columns == ("c",)
    assert found["duplicate rows"].status == "alerted" and found["duplicate rows"].numbers["contrary"] > 0.2
    assert found["missing values"].status == "alerted"
    assert told(frame, target)["key columns"].columns == ("row_id",)


def test_rows_that_are_learnt_from_and_judged_on() -> None:
    frame, target = plain()
    found = told(frame, target, validation=frame[:50], test=plain(900)[0].iloc[500:].assign(a=9.0))
    assert found["validation overlap"].numbers["share"] == 1.0
    assert found["test overlap"].status == "passed"
