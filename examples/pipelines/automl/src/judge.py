"""Whether a model is good enough on rows that it has never seen: its accuracy, and the time of one row."""

import sys
import time
from pathlib import Path

import mlflow
import pandas

model = mlflow.pyfunc.load_model(sys.argv[1])
table = pandas.read_csv(Path(sys.argv[2]) / "wine.csv")
target = table.pop("target")
accuracy = float((model.predict(table) == target).mean())
row = table.head(1)
began = time.perf_counter()
for _ in range(20):
    model.predict(row)
milliseconds = (time.perf_counter() - began) * 1000 / 20
print(f"accuracy {accuracy:.3f}, {milliseconds:.2f} ms a row")
mlflow.log_metrics({"accuracy": accuracy, "row_milliseconds": milliseconds})
Path(sys.argv[3]).write_text(str(accuracy >= 0.8 and milliseconds < 100))
