"""Many models: each group by its own, failures alone, one artifact, the budget a wall."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.groups.fit_many import fit_many
from modelyard.automl.groups.groups_model import group_keys
from modelyard.automl.groups.groups_predictor import GroupsPredictor, GroupStatus
from modelyard.automl.search.finish import NoModel
from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Features
from modelyard.scorer.loading import load_mlflow_model
from modelyard.scorer.model import MlflowFiles
from modelyard.scorer.tables import from_records

STORES = {"north": 2.0, "south": -2.0, "west": 0.5}


def sales(rows: int = 150) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    parts = []
    for store, slope in STORES.items():
        price = draw.normal(size=rows)
        town = draw.choice(["a", "b"], rows)
        sold = slope * price + (town == "a") + draw.normal(size=rows) * 0.1
        parts.append(pd.DataFrame({"store": store, "price": price, "town": town, "sold": sold}))
    return pd.concat([*parts, parts[0].head(5).assign(store="tiny")], ignore_index=True)


@pytest.fixture(scope="module")
def predictor() -> GroupsPredictor:
    return fit_many(sales(), by="store", target="sold", timeout_minutes=2, max_concurrent_trials=1)


def test_each_group_has_its_own_law(predictor: GroupsPredictor):
    board = predictor.table().set_index("store")
    assert board.loc[list(STORES), "status"].eq("Trained").all()
    assert (board.loc[list(STORES), "score"] < board.loc[list(STORES), "baseline"] / 2).all()
    assert board.loc["tiny", "status"] == "TooSmall"
    up, down = predictor.predict([{"store": store, "price": 1.0, "town": "b"} for store in ("north", "south")])
    assert up > 1.2
    assert down < -1.2
    assert predictor.score(sales())["r2_score"] > 0.9


def test_rows_of_several_groups_are_as_one_by_one(predictor: GroupsPredictor):
    frame = sales().sample(30, random_state=1).drop(columns=["sold"])
    whole = predictor.predict(frame)
    alone = [predictor.predict(row)[0] for row in frame.to_dict("records")]
    np.testing.assert_allclose(whole, alone, rtol=1e-5, atol=1e-6)


def test_a_group_not_seen_is_the_fallbacks(predictor: GroupsPredictor):
    assert np.isfinite(predictor.predict({"store": "tiny", "price": 0.0, "town": "a"})).all()
    assert np.isfinite(predictor.predict({"store": "new", "price": 0.0, "town": "a"})).all()


def test_saved_and_exported_as_one(predictor: GroupsPredictor, tmp_path):
    frame = sales().drop(columns=["sold"])
    back = GroupsPredictor.load(predictor.save(tmp_path / "saved"))
    np.testing.assert_array_equal(back.predict(frame), predictor.predict(frame))
    assert back.group_results == predictor.group_results
    loaded = load_mlflow_model(MlflowFiles.read(back.export_mlflow(tmp_path / "model")))
    assert loaded.loader == "automl"
    rows = [*frame.head(3).to_dict("records"), {"store": "new", "price": 1.0, "town": "a"}]
    features = Features(from_records(json.loads(json.dumps(rows)), "data"), loaded.signature)
    np.testing.assert_allclose(loaded.predict(features, None), predictor.predict(rows))


def test_an_odd_group_costs_only_itself():
    frame = sales(60)
    frame["town"] = frame["town"].where(frame["store"] != "south", None)
    frame.loc[frame["store"] == "west", "sold"] = 1.0
    found = fit_many(frame, by="store", target="sold", fallback=False, max_concurrent_trials=1)
    by_group = {one.group[0]: one for one in found.group_results}
    assert by_group["west"].algorithm is not None  # constant target: a constant
    assert np.allclose(found.predict({"store": "west", "price": 3.0, "town": "a"}), 1.0)
    assert len(found.trials) == len(found.group_results) + 1
    assert found.trials[-1].algorithm == "ManyModels"
    with pytest.raises(InvalidInput, match="nowhere"):
        found.predict({"store": "nowhere", "price": 3.0, "town": "a"})


def test_classes_differ_by_group():
    draw = np.random.default_rng(0)
    parts = []
    for store, labels in (("one", ["x"]), ("two", ["x", "y"]), ("three", ["x", "y", "z"])):
        value = draw.normal(size=90)
        place = np.minimum((value > 0).astype(int) + (value > 0.8), len(labels) - 1)
        parts.append(pd.DataFrame({"store": store, "value": value, "kind": np.array(labels)[place]}))
    found = fit_many(pd.concat(parts), by=["store"], target="kind", max_concurrent_trials=1)
    assert found.classes == ("x", "y", "z")
    shares = found.predict_proba(pd.concat(parts))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares[:90, 1:].max() == 0
    assert shares[90:180, 2].max() == 0
    assert found.score(pd.concat(parts))["accuracy"] > 0.9


def test_the_budget_is_a_wall():
    frame = pd.concat([sales(400).assign(store=f"s{number}") for number in range(150)])
    begun = time.monotonic()
    try:
        found = fit_many(frame, by="store", target="sold", timeout_minutes=5 / 60, max_concurrent_trials=1)
    except NoModel:  # a machine so busy that no worker was up in time
        assert time.monotonic() - begun < 10
        return
    assert time.monotonic() - begun < 10
    assert {one.status for one in found.group_results} <= {GroupStatus.TRAINED, GroupStatus.OUT_OF_TIME}
    assert len(found.group_results) == 150


@pytest.mark.parametrize("column", ["nowhere", "sold_"])
def test_missing_columns_are_told(column: str):
    names = {"by": column, "target": "sold"} if column == "nowhere" else {"by": "store", "target": column}
    with pytest.raises(InvalidInput, match=column):
        fit_many(sales(20), **names)


def test_keys_are_texts_whatever_the_type():
    keys = group_keys([np.array([3.0, np.nan]), np.array(["a", None], dtype=object)])
    assert keys == [("3", "a"), ("", "")]
