"""Features hold what the columns hold, never the target of their own row, and are the same however they are made."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from frames import mixed, planned

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.featurize.purposes import Purpose
from modelyard.automl.outcome.input_table import InputTable
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput


def dense(design: Design) -> np.ndarray:
    return design.matrix if isinstance(design.matrix, np.ndarray) else design.matrix.toarray()


def target_of(frame: pd.DataFrame, classes: int = 2) -> np.ndarray:
    return np.random.default_rng(1).integers(0, classes, len(frame))


@pytest.mark.parametrize("view", list(View))
def test_a_row_alone_and_a_restored_featurizer_say_the_same(view: View) -> None:
    frame = mixed()
    featurizer = Featurizer(planned(frame), view)
    made = featurizer.fit_transform(frame, target_of(frame), seed=0)
    new = mixed(40, seed=7)
    new.loc[0, ["kind", "city", "post", "note"]] = ["never", "seen before", "99999", "Überraschung!"]
    together = featurizer.transform(new)
    assert together.names == made.names == featurizer.names
    assert dense(together).shape == (40, len(made.names)) and dense(together).dtype == np.float32
    alone = np.concatenate([dense(featurizer.transform(new.iloc[[row]])) for row in range(len(new))])
    np.testing.assert_allclose(alone, dense(together), rtol=1e-6, atol=1e-6)
    restored = Featurizer.restore(featurizer.state())
    again = restored.transform(new)
    np.testing.assert_array_equal(dense(again), dense(together))
    assert (again.names, again.categorical, again.cardinalities) == (made.names, made.categorical, made.cardinalities)
    assert len(featurizer.sources()) == len(made.names)


@pytest.mark.parametrize("view", list(View))
def test_what_a_view_promises(view: View) -> None:
    frame = mixed()
    made = Featurizer(planned(frame), view).fit_transform(frame, target_of(frame), seed=0)
    matrix = dense(made)
    if view in (View.TREE, View.CODES):
        assert np.isnan(matrix).any()
        for place, count in zip(made.categorical, made.cardinalities, strict=True):
            codes = matrix[:, place][~np.isnan(matrix[:, place])]
            assert codes.min() >= 0 and codes.max() < count and (codes == codes.astype(int)).all()
    else:
        assert np.isfinite(matrix).all() and not made.categorical
    if view is View.COUNTS:
        assert matrix.min() >= 0
    if view is View.CODES:
        assert not any(":mean" in name for name in made.names)


@pytest.mark.parametrize("classes", [2, 4, 0])
def test_a_row_never_sees_its_own_target(classes: int) -> None:
    frame = mixed()
    task = {2: Task.BINARY, 4: Task.MULTICLASS, 0: Task.REGRESSION}[classes]
    target = target_of(frame, classes) if classes else np.random.default_rng(0).normal(size=len(frame))
    plan = planned(frame, target, task)
    first = dense(Featurizer(plan, View.TREE).fit_transform(frame, target, seed=0))
    for row in (0, 17, 120):
        changed = target.copy()
        changed[row] = (target[row] + 1) % classes if classes else target[row] + 100.0
        second = dense(Featurizer(plan, View.TREE).fit_transform(frame, changed, seed=0))
        # The smoothing comes from all rows together: what is left of a row's own target is its thousandth part.
        np.testing.assert_allclose(second[row], first[row], atol=0.05 if classes else 2.0)


def test_noise_of_many_categories_stays_noise() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"code": [f"c{value}" for value in rng.integers(0, 400, 2000)], "x": rng.normal(size=2000)})
    target = rng.integers(0, 2, 2000)
    featurizer = Featurizer(planned(frame, target), View.TREE)
    made = featurizer.fit_transform(frame, target, seed=0)
    mean = dense(made)[:, made.names.index("code:mean")]
    assert abs(np.corrcoef(mean, target)[0, 1]) < 0.1


def test_codes_written_as_text_keep_their_order_for_codes_never_seen() -> None:
    """Regions of postcodes: few codes of the new rows were seen, their neighbours were."""
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(0)
    for prefix in ("", "A"):
        codes = rng.integers(10_000, 99_999, 1200)
        frame = pd.DataFrame({"post": [f"{prefix}{code}" for code in codes], "x": rng.normal(size=1200)})
        target = codes // 10_000 - 1
        plan = planned(frame[:600], target[:600], Task.MULTICLASS)
        assert plan.purposes["post"] is Purpose.HIGH_CARDINALITY
        featurizer = Featurizer(plan, View.TREE)
        made = np.nan_to_num(dense(featurizer.fit_transform(frame[:600], target[:600], seed=0)))
        tree = DecisionTreeClassifier(random_state=0).fit(made, target[:600])
        assert tree.score(np.nan_to_num(dense(featurizer.transform(frame[600:]))), target[600:]) > 0.95


def test_texts_and_formatted_numbers_are_read() -> None:
    frame = pd.DataFrame({"share": ["12 %", "1,234", "$5", "(7)", "n/a"] * 30, "x": range(150)})
    plan = planned(frame, column_purposes={"share": "Numeric"})
    made = Featurizer(plan, View.TREE).fit_transform(frame, target_of(frame), seed=0)
    np.testing.assert_array_equal(dense(made)[:5, 0], [12, 1234, 5, -7, np.nan])


@pytest.mark.parametrize("given", [
    ["2024-02-29T10:30:00", "2023-01-01T00:00:00"], ["02/29/2024", "12/31/2023"], ["29.02.2024", "31.12.2023"],
])  # fmt: skip
def test_dates_are_unfolded(given: list[str]) -> None:
    frame = pd.DataFrame({"when": given * 20})
    made = Featurizer(planned(frame), View.TREE).fit_transform(frame, target_of(frame), seed=0)
    told = dict(zip(made.names, dense(made)[0], strict=True))
    assert (told["when:year"], told["when:month"], told["when:day"]) == (2024, 2, 29)


def test_values_of_every_kind_stand_for_the_same_label() -> None:
    frame = pd.DataFrame({"code": pd.Series([1, 2, 3] * 20, dtype="int64"), "x": range(60)})
    featurizer = Featurizer(planned(frame, column_purposes={"code": "Categorical"}), View.TREE)
    made = dense(featurizer.fit_transform(frame, target_of(frame), seed=0))
    for column in ([1.0, 2.0], ["1", "2"], [1, 2]):
        new = pd.DataFrame({"code": column, "x": [0, 1]})
        np.testing.assert_array_equal(dense(featurizer.transform(new)), made[:2])


def test_missing_and_infinite_values_are_missing() -> None:
    frame = pd.DataFrame({"x": [1.0, np.inf, None, 4.0] * 10, "open": pd.array([True, None, False, True] * 10)})
    plan = planned(frame)
    tree = dense(Featurizer(plan, View.TREE).fit_transform(frame, target_of(frame), seed=0))
    assert np.isnan(tree[1, 0]) and np.isnan(tree[2, 0])
    linear = Featurizer(plan, View.LINEAR).fit_transform(frame, target_of(frame), seed=0)
    assert np.isfinite(dense(linear)).all() and "x:missing" in linear.names


@pytest.mark.parametrize(("settings", "gone", "there"), [
    ({"blocked_transformers": ("CatTargetEncoder",)}, ":mean", "city:order"),
    ({"blocked_transformers": ("tf_idf",)}, ":svd", "note:length"),
    ({"blocked_transformers": ("label_encoder",)}, "city~", "city:mean"),
    ({"drop_columns": ("city",)}, "city", "note:svd0"),
    ({"column_purposes": {"note": "Ignore"}}, "note", "city:mean"),
])  # fmt: skip
def test_settings_of_features_are_honoured(settings: dict, gone: str, there: str) -> None:
    frame = mixed()
    names = Featurizer(planned(frame, **settings), View.TREE).fit_transform(frame, target_of(frame), seed=0).names
    assert not any(gone in name for name in names) and there in names


def test_imputation_by_field_is_honoured_in_each_view() -> None:
    frame = pd.DataFrame({"a": [1.0, None, 3.0, 100.0] * 10, "b": [1.0, None, 2.0, 3.0] * 10})
    entry = {"fields": ["a"], "parameters": {"strategy": "constant", "fill_value": -9}}
    plan = planned(frame, transformer_params={"imputer": (entry,)})
    made = Featurizer(plan, View.TREE).fit_transform(frame, target_of(frame), seed=0)
    assert dense(made)[1, made.names.index("a")] == -9 and "a:missing" in made.names
    assert np.isnan(dense(made)[1, made.names.index("b")])


@pytest.mark.parametrize(("settings", "field"), [
    ({"column_purposes": {"sizes": "Numeric"}}, "size"),
    ({"column_purposes": {"size": "Numbers"}}, "Numbers"),
    ({"column_purposes": {"kind": "DateTime"}}, "kind"),
    ({"column_purposes": {"kind": "Numeric"}}, "kind"),
    ({"blocked_transformers": ("one_hot",)}, "one_hot"),
    ({"transformer_params": {"imputer": ({"fields": ["siz"], "parameters": {}},)}}, "siz"),
    ({"transformer_params": {"imputer": ({"parameters": {"strategy": "guess"}},)}}, "guess"),
    ({"transformer_params": {"tf_idf": ({"parameters": {"max_features": "many"}},)}}, "max_features"),
    ({"mode": "off"}, "kind"), ({"mode": "fast"}, "fast"),
])  # fmt: skip
def test_settings_that_cannot_be_honoured_are_refused(settings: dict, field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        planned(mixed(), **settings)


def test_keys_constants_and_twins_are_left_out_unless_they_tell() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=400)})
    frame["customer_id"], frame["same"], frame["again"] = rng.permutation(400), 1, frame["x"]
    frame["hash"] = [f"{value:x}" for value in rng.permutation(10**6)[:400]]
    plan = planned(frame)
    left = {"customer_id": Purpose.ID, "same": Purpose.CONSTANT, "again": Purpose.IGNORED, "hash": Purpose.ID}
    assert plan.purposes == {"x": Purpose.NUMERIC, **left}
    assert set(plan.reasons) == set(left)
    telling = planned(frame, (frame["customer_id"].to_numpy() > 200).astype(int))
    assert telling.purposes["customer_id"] is Purpose.NUMERIC and "customer_id" in telling.messages[0]


def test_no_column_left_is_said_before_any_training() -> None:
    with pytest.raises(InvalidInput, match="no column is left"):
        planned(pd.DataFrame({"a": [1] * 60, "id": range(60)}))


def test_the_feature_hash_tells_plans_apart_and_survives_storage() -> None:
    frame = mixed()
    plan = planned(frame)
    assert plan.hash == planned(mixed()).hash != planned(frame, drop_columns=("city",)).hash
    stored = json.loads(json.dumps(plan.to_dict()))
    assert type(plan).from_dict(stored).hash == plan.hash == stored["hash"]


def test_sparse_text_for_linear_models() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"note": [" ".join(f"w{value}" for value in rng.integers(0, 300, 9)) for _ in range(400)]})
    made = Featurizer(planned(frame), View.LINEAR).fit_transform(frame, target_of(frame), seed=0)
    assert not isinstance(made.matrix, np.ndarray) and made.matrix.shape[1] == len(made.names) > 300
    np.testing.assert_allclose(np.sqrt(made.matrix.multiply(made.matrix).sum(axis=1)), 1.0, rtol=1e-5)


@pytest.mark.parametrize("view", [View.TREE, View.LINEAR, View.COUNTS])
def test_a_row_as_an_endpoint_is_sent_it(view: View) -> None:
    frame = mixed()
    featurizer = Featurizer(planned(frame), view)
    featurizer.fit_transform(frame, target_of(frame), seed=0)
    wanted = dense(featurizer.transform(frame.iloc[:2]))[0]
    row = frame.iloc[0].to_dict()
    np.testing.assert_allclose(dense(featurizer.transform(row))[0], wanted, rtol=1e-6, atol=1e-6)
    row["when"] = None if pd.isna(row["when"]) else row["when"].isoformat()
    np.testing.assert_allclose(dense(featurizer.transform(row))[0], wanted, rtol=1e-6, atol=1e-6)


def test_one_row_is_quick() -> None:
    import time

    frame = mixed().drop(columns=["note", "when", "day"])
    featurizer = Featurizer(planned(frame), View.TREE)
    featurizer.fit_transform(frame, target_of(frame), seed=0)
    arrays = dict(InputTable.of(frame.iloc[:1], featurizer.plan.used).arrays)
    featurizer.transform(arrays)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        featurizer.transform(arrays)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.0005
