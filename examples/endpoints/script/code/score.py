"""A scoring script: init() once in each worker, run() for each request."""

import json
import os
from pathlib import Path

thresholds: dict[str, float] = {}


def init() -> None:
    """Read the model. AZUREML_MODEL_DIR is the folder that holds what was registered."""
    found = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("thresholds.json"))
    thresholds.update(json.loads(found.read_text()))


def run(raw_data: str) -> dict[str, object]:
    """`{"petal_length": [1.4, 5.2]}` to the names of the species."""
    lengths = json.loads(raw_data)["petal_length"]
    return {"species": [species(length) for length in lengths], "by": os.environ.get("DEPLOYMENT_COLOR")}


def species(petal_length: float) -> str:
    if petal_length < thresholds["setosa_below"]:
        return "setosa"
    return "virginica" if petal_length > thresholds["virginica_above"] else "versicolor"
