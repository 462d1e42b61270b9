"""A small network for the handwritten digits: model, optimizer and epoch are its checkpoint."""

import argparse
import os
from pathlib import Path

import mlflow
import torch
from sklearn.datasets import load_digits

EPOCHS = 12
CHECKPOINT = Path("outputs/checkpoint.pt")

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--width", type=int, required=True)
given = parser.parse_args()

torch.manual_seed(1)
torch.set_num_threads(1)
features, target = (torch.as_tensor(part) for part in load_digits(return_X_y=True))
features = features.float() / 16
train, valid = slice(0, 1400), slice(1400, None)

model = torch.nn.Sequential(torch.nn.Linear(64, given.width), torch.nn.ReLU(), torch.nn.Linear(given.width, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=given.rate)
done = 0
# ./outputs is kept between the attempts of a job: what an earlier one left is there.
if CHECKPOINT.exists():
    kept = torch.load(CHECKPOINT, weights_only=True)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    done = kept["epoch"]
    print(f"attempt {os.environ['MODELYARD_ATTEMPT']} goes on after epoch {done}")

with mlflow.start_run():
    for epoch in range(done + 1, EPOCHS + 1):
        for part in torch.randperm(1400).split(100):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(features[train][part]), target[train][part]).backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = (model(features[valid]).argmax(1) == target[valid]).float().mean().item()
        # With its step, a value that is logged again after a restart counts once.
        mlflow.log_metric("accuracy", accuracy, step=epoch)
        # Written beside and renamed: a kill in between leaves the last one whole.
        fresh = CHECKPOINT.with_suffix(".new")
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, fresh)
        fresh.replace(CHECKPOINT)
