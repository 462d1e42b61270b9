"""A line by gradient descent."""

import argparse
import csv
import json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--rate", type=float)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out")
args = parser.parse_args()
with (Path(args.data) / "rows.csv").open(newline="") as file:
    rows = [(float(x), float(y)) for x, y in csv.reader(file)]
slope = offset = 0.0
for _ in range(200):
    errors = [(slope * x + offset - y, x) for x, y in rows]
    slope -= args.rate * sum(error * x for error, x in errors) / len(rows)
    offset -= args.rate * sum(error for error, _ in errors) / len(rows)
loss = sum((slope * x + offset - y) ** 2 for x, y in rows) / len(rows)
(Path(args.out) / "loss.txt").write_text(str(loss))
(Path(args.out) / "line.json").write_text(json.dumps({"slope": slope, "offset": offset}))
print(f"slope {slope:.3f}, offset {offset:.3f}")
