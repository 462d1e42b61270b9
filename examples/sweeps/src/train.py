"""LightGBM on the iris flowers: logs the loss after each round, and leaves its model."""

import argparse

import lightgbm
import mlflow
import pandas as pd

ROUNDS = 20

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--learning-rate", type=float, required=True)
parser.add_argument("--leaves", type=int, required=True)
parser.add_argument("--model", required=True)
given = parser.parse_args()

table = pd.read_csv(given.data).sample(frac=1.0, random_state=1)
features, target = table.drop(columns="species"), table["species"]
train = lightgbm.Dataset(features[:110], target[:110])
valid = lightgbm.Dataset(features[110:], target[110:], reference=train)


def log_loss(state):
    # One value at each round: what the early-termination policy looks at.
    mlflow.log_metric("valid_loss", state.evaluation_result_list[0][2], step=state.iteration)


with mlflow.start_run():
    booster = lightgbm.train(
        {
            "objective": "multiclass",
            "num_class": 3,
            "learning_rate": given.learning_rate,
            "num_leaves": given.leaves,
            "num_threads": 1,
            "verbosity": -1,
        },
        train,
        ROUNDS,
        valid_sets=[valid],
        callbacks=[log_loss],
    )
    # Named here, for finding them out takes longer than the training.
    mlflow.lightgbm.save_model(booster, given.model, pip_requirements=["lightgbm", "pandas"])
