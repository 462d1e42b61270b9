"""A linear classifier of the iris flowers, an epoch at a time: stopped at any moment, it goes on where it was."""

import argparse
import os
import pickle
from pathlib import Path

import mlflow
import numpy
import pandas as pd
from sklearn.linear_model import SGDClassifier

EPOCHS = 12
CHECKPOINT = Path("outputs/checkpoint.pkl")

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--alpha", type=float, required=True)
given = parser.parse_args()

table = pd.read_csv(given.data).sample(frac=1.0, random_state=1)
features = table.drop(columns="species").to_numpy()
target = table["species"].to_numpy()

# ./outputs is kept between the attempts of a job: what an earlier one left is there.
if CHECKPOINT.exists():
    model, done = pickle.loads(CHECKPOINT.read_bytes())
    # A population's trial may go on from another's checkpoint, with parameters of its own.
    model.set_params(eta0=given.rate, alpha=given.alpha)
    print(f"attempt {os.environ['MODELYARD_ATTEMPT']} goes on after epoch {done}")
else:
    model = SGDClassifier(learning_rate="constant", eta0=given.rate, alpha=given.alpha, random_state=1)
    done = 0

with mlflow.start_run():
    for epoch in range(done + 1, EPOCHS + 1):
        order = numpy.random.default_rng(epoch).permutation(110)
        model.partial_fit(features[order], target[order], classes=numpy.unique(target))
        # With its step, a value that is logged again after a restart counts once.
        mlflow.log_metric("accuracy", model.score(features[110:], target[110:]), step=epoch)
        # Written beside and renamed: a kill in between leaves the last one whole.
        fresh = CHECKPOINT.with_suffix(".new")
        fresh.write_bytes(pickle.dumps((model, epoch)))
        fresh.replace(CHECKPOINT)
