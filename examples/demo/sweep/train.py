"""One trial: LightGBM over five folds of the tumours, the log loss so far logged after each fold."""

import argparse
from pathlib import Path

import lightgbm
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from modelyard.log import log_metric

ROUNDS = 120

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True, help="a CSV file with the column `benign` (0 or 1)")
parser.add_argument("--learning-rate", type=float, required=True)
parser.add_argument("--leaves", type=int, required=True)
parser.add_argument("--rows", type=float, required=True, help="the share of rows that each tree sees")
parser.add_argument("--columns", type=float, required=True, help="the share of columns that each tree sees")
parser.add_argument("--model", type=Path, required=True)
given = parser.parse_args()

table = pd.read_csv(given.data)
features, target = table.drop(columns="benign"), table["benign"]
settings = {
    "objective": "binary",
    "learning_rate": given.learning_rate,
    "num_leaves": given.leaves,
    "bagging_fraction": given.rows,
    "bagging_freq": 1,
    "feature_fraction": given.columns,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}

losses = []
folds = StratifiedKFold(5, shuffle=True, random_state=0).split(features, target)
for step, (train, held_out) in enumerate(folds, start=1):
    data = lightgbm.Dataset(features.iloc[train], target.iloc[train])
    booster = lightgbm.train(settings, data, ROUNDS)
    losses.append(log_loss(target.iloc[held_out], booster.predict(features.iloc[held_out])))
    log_metric("log_loss", sum(losses) / len(losses), step)

given.model.mkdir(parents=True, exist_ok=True)
lightgbm.train(settings, lightgbm.Dataset(features, target), ROUNDS).save_model(given.model / "model.lgb")
print(f"log loss {losses[-1]:.4f} in the last fold, {sum(losses) / len(losses):.4f} over all")
