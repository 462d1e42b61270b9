"""Trains LightGBM on the iris table; logs with plain mlflow."""

import argparse
from pathlib import Path

import lightgbm
import mlflow
import pandas as pd
from mlflow.models import infer_signature

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--model", type=Path, required=True)
arguments = parser.parse_args()

iris = pd.read_csv(arguments.data).sample(frac=1.0, random_state=0)
features, target = iris.drop(columns="species"), iris["species"]
held_out = len(iris) // 5
train = lightgbm.Dataset(features[held_out:], target[held_out:])

parameters = {
    "objective": "multiclass",
    "num_class": 3,
    "learning_rate": arguments.learning_rate,
    "num_threads": 1,  # for so few rows more threads only wait for each other
    "verbose": -1,
}
with mlflow.start_run():
    mlflow.log_params(parameters)
    booster = lightgbm.train(parameters, train, num_boost_round=20)
    predicted = booster.predict(features[:held_out])
    accuracy = float((predicted.argmax(axis=1) == target[:held_out]).mean())
    mlflow.log_metric("accuracy", accuracy)
    signature = infer_signature(features, predicted)
    # Naming the requirements spares MLflow from loading the model once more to find them out.
    requirements = ["mlflow>=3", "lightgbm>=4.6", "pandas>=2.3"]
    mlflow.lightgbm.save_model(booster, arguments.model, signature=signature, pip_requirements=requirements)
print(f"accuracy on {held_out} held-out rows: {accuracy:.3f}")
