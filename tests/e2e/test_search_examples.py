"""The examples of architecture search, of a population and of PyTorch do what they say."""

import json
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .installation import Installation

EXAMPLES = Path(__file__).parents[2] / "examples"
PREDICT = """
import sys, mlflow, numpy
model = mlflow.pyfunc.load_model(sys.argv[1])
print(numpy.asarray(model.predict(numpy.zeros((7, 1, 8, 8), dtype="float32"))).shape)
"""
NEEDS_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed: `pip install torch`")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("population_training.yml", ["4 of 4 trials over (4 completed)", "pbt at interval"]),
        pytest.param("checkpoint_torch.yml", ["6 of 6 trials over", "asha at interval"], marks=NEEDS_TORCH),
    ],
)
def test_sweep_completes(platform: Installation, file: str, expected: list[str]) -> None:
    printed = platform.cli("job", "create", "-f", file, "--stream", cwd=EXAMPLES / "sweeps", timeout=240)
    for text in expected:
        assert text in printed


@pytest.mark.slow
def test_architecture_search_by_evolution(platform: Installation) -> None:
    few = ["--set", "limits.max_total_trials=4", "--set", "sampling_algorithm.population_size=2"]
    folder = EXAMPLES / "nas" / "evolutionary"
    printed = platform.cli("job", "create", "-f", "sweep.yml", "--stream", *few, cwd=folder, timeout=240)
    assert "4 of 4 trials over (4 completed)" in printed
    assert latest_model(platform, "digits-network")["type"] == "mlflow_model"


@pytest.mark.slow
@NEEDS_TORCH
def test_architecture_search_by_gradients(platform: Installation, tmp_path: Path) -> None:
    short = ["--set", "inputs.search_epochs=3", "--set", "inputs.train_epochs=8"]
    folder = EXAMPLES / "nas" / "darts"
    printed = platform.cli("job", "create", "-f", "job.yml", "--stream", *short, cwd=folder, timeout=240)
    accuracy = re.search(r"accuracy ([0-9.]+) on 450 images", printed)
    assert accuracy is not None and float(accuracy[1]) > 0.8
    name = str(latest_model(platform, "digits-darts")["job_name"])
    platform.cli("job", "download", "-n", name, "--output-name", "model", "-p", str(tmp_path))
    (model,) = [path.parent for path in tmp_path.rglob("MLmodel")]
    assert not [path for path in model.rglob("*") if path.suffix in (".pkl", ".pth", ".pickle")]
    done = platform.run([sys.executable, "-c", PREDICT, str(model)], timeout=120)
    assert done.stdout.split() == ["(7,", "10)"], done.stderr


def latest_model(platform: Installation, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(platform.cli("model", "show", "-n", name, "--label", "latest", "-o", "json"))
    return found
