"""How far the line is from the rows."""

import argparse
import csv
import json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--model")
parser.add_argument("--data")
parser.add_argument("--out")
args = parser.parse_args()
line = json.loads((Path(args.model) / "line.json").read_text())
with (Path(args.data) / "rows.csv").open(newline="") as file:
    rows = [(float(x), float(y)) for x, y in csv.reader(file)]
error = sum((line["slope"] * x + line["offset"] - y) ** 2 for x, y in rows) / len(rows)
(Path(args.out) / "report.json").write_text(json.dumps({"mean_squared_error": error}))
print(f"mean squared error {error:.4f}")
