"""Rows of a noisy line."""

import argparse
import csv
import random
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int)
parser.add_argument("--out")
args = parser.parse_args()
numbers = random.Random(0)
with (Path(args.out) / "rows.csv").open("w", newline="") as file:
    writer = csv.writer(file)
    for _ in range(args.rows):
        x = numbers.uniform(-1, 1)
        writer.writerow([x, 2 * x + 1 + numbers.gauss(0, 0.1)])
print(f"{args.rows} rows")
