"""Prints what the job was given."""

import argparse
import csv
import os
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--table", type=Path, required=True)
parser.add_argument("--folder", type=Path, required=True)
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--title", required=True)
arguments = parser.parse_args()

print(f"run {os.environ['AZUREML_RUN_ID']}: {arguments.title}")
with arguments.table.open(newline="") as lines:
    for row in list(csv.DictReader(lines))[: arguments.rows]:
        print(row["species"], row["body_mass_g"])
print("files in the folder:", ", ".join(sorted(path.name for path in arguments.folder.iterdir())))
