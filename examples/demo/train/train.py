"""Trains LightGBM to tell benign from malignant tumours; logs with plain mlflow.

Nothing here knows the platform: inside a job `mlflow.start_run()` joins the job's own run.
"""

import argparse
from pathlib import Path

import lightgbm
import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.metrics import log_loss, roc_auc_score

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True, help="a CSV file with the column `benign` (0 or 1)")
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--rounds", type=int, default=150)
arguments = parser.parse_args()

table = pd.read_csv(arguments.data).sample(frac=1.0, random_state=0)
features, target = table.drop(columns="benign"), table["benign"]
held_out = len(table) // 4
print(f"read {len(table)} rows, {features.shape[1]} features; {held_out} rows held out")

mlflow.lightgbm.autolog(log_models=False, log_datasets=False)
with mlflow.start_run() as run:
    booster = lightgbm.train(
        {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": arguments.learning_rate,
            "num_threads": 1,  # for so few rows more threads only wait for each other
            "verbose": -1,
        },
        lightgbm.Dataset(features[held_out:], target[held_out:]),
        num_boost_round=arguments.rounds,
        valid_sets=[lightgbm.Dataset(features[:held_out], target[:held_out])],
        valid_names=["held_out"],
    )
    probability = booster.predict(features[:held_out])
    scores = {
        "auc": roc_auc_score(target[:held_out], probability),
        "log_loss": log_loss(target[:held_out], probability),
    }
    mlflow.log_metrics(scores)
    # Naming the requirements spares MLflow from loading the model once more to find them out.
    requirements = ["mlflow>=3", "lightgbm>=4.6", "pandas>=2.3"]
    signature = infer_signature(features, probability)
    mlflow.lightgbm.log_model(booster, name="model", signature=signature, pip_requirements=requirements)

print(f"AUC {scores['auc']:.4f}, log loss {scores['log_loss']:.4f}")
