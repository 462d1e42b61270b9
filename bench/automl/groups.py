"""Many models: seconds a model beside a joblib loop of LightGBM, on the same generated table.

python -m bench.automl.groups [--groups 40] [--rows 2000] [--full]

`--full` is 500 groups of 2,000 rows. Each group has its own law (linear and stepped parts, categories, noise); a fifth
of its rows are kept from both and scored at the end. The loop is what people write: `joblib.Parallel` over groups, one
`LGBMRegressor()` each, categories as pandas categories.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelyard.automl.groups.fit_many import fit_many

TARGET, BY = "sales", "store"


def table(groups: int, rows: int) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    parts = []
    for group in range(groups):
        numbers = draw.normal(size=(rows, 8))
        kind = draw.integers(0, 6, rows)
        linear = numbers[:, :4] @ draw.normal(size=4)
        stepped = np.where(numbers[:, 4] > draw.normal(), 1.5, 0.0) * (numbers[:, 5] > 0)
        sales = linear + stepped + draw.normal(size=6)[kind] + draw.normal(size=rows)
        part = pd.DataFrame(numbers, columns=[f"x{number}" for number in range(8)])
        parts.append(part.assign(kind=np.array(list("abcdef"))[kind], store=f"s{group:04d}", sales=sales))
    return pd.concat(parts, ignore_index=True)


def ours(train: pd.DataFrame, test: pd.DataFrame, minutes: float) -> dict[str, Any]:
    begun = time.perf_counter()
    predictor = fit_many(train, by=BY, target=TARGET, task="regression", timeout_minutes=minutes, progress="none")
    seconds = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        predictor.save(folder)
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    row = test.iloc[0].to_dict()
    predictor.predict(row)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        predictor.predict(row)
        times.append(time.perf_counter() - start)
    board = predictor.table()
    return {
        "seconds": seconds,
        "rmse": rmse(test, predictor.predict(test)),
        "mb": size / 1e6,
        "row_ms": statistics.median(times) * 1e3,
        "trained": int((board["status"] == "Trained").sum()),
        "winners": board["algorithm"].value_counts().to_dict(),
    }


def one_booster(part: pd.DataFrame) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_jobs=1, verbose=-1).fit(part.drop(columns=[TARGET, BY]), part[TARGET])


def loop(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    from joblib import Parallel, delayed

    begun = time.perf_counter()
    train = train.assign(kind=train["kind"].astype("category"))
    parts = dict(list(train.groupby(BY)))
    made = Parallel(n_jobs=os.cpu_count())(delayed(one_booster)(part) for part in parts.values())
    models = dict(zip(parts, made, strict=True))
    seconds = time.perf_counter() - begun
    test = test.assign(kind=pd.Categorical(test["kind"], categories=train["kind"].cat.categories))
    predicted = np.empty(len(test))
    for key, place in test.groupby(BY).indices.items():
        predicted[place] = models[key].predict(test.iloc[place].drop(columns=[TARGET, BY]))
    return {"seconds": seconds, "rmse": rmse(test, predicted), "trained": len(models)}


def rmse(test: pd.DataFrame, predicted: np.ndarray) -> float:
    return float(np.sqrt(np.mean((test[TARGET].to_numpy() - predicted) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    groups, rows = (500, 2000) if options.full else (options.groups, options.rows)
    frame = table(groups, rows)
    held = np.random.default_rng(1).random(len(frame)) < 0.2
    train, test = frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)
    print(f"{groups} groups of {rows} rows, {os.cpu_count()} cores; a fifth of the rows held out")
    print(f"{'':24}{'s/model':>9}{'total s':>9}{'RMSE':>8}{'models':>8}{'MB':>7}{'row ms':>8}")
    for name, found in (("modelyard", ours(train, test, options.minutes)), ("joblib + LightGBM", loop(train, test))):
        line = (
            f"{name:24}{found['seconds'] / groups:9.3f}{found['seconds']:9.1f}{found['rmse']:8.4f}{found['trained']:8d}"
        )
        print(line + (f"{found['mb']:7.1f}{found['row_ms']:8.3f}" if "mb" in found else ""))
        if "winners" in found:
            print("  winners:", ", ".join(f"{count} {algorithm}" for algorithm, count in found["winners"].items()))


if __name__ == "__main__":
    main()
