"""What a model costs is measured with its featurization."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.measures import PeakMemory, measure
from modelyard.automl.outcome.model_archive import model_bytes
from modelyard.automl.task import Task


def test_of_a_small_model(models: dict[Task, FittedModel], table: pd.DataFrame):
    found = measure(models[Task.BINARY], table, seconds=0.05)
    assert 0 < found.row_milliseconds < found.batch_milliseconds
    assert found.size_bytes == len(model_bytes(models[Task.BINARY]))
    assert measure(models[Task.BINARY], table, seconds=0.0, size_bytes=7).size_bytes == 7


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_peak_memory_is_that_of_the_block():
    with PeakMemory() as peak:
        np.ones(40_000_000 // 8).sum()
    assert peak.bytes is not None
    assert 30e6 < peak.bytes < 400e6
    with PeakMemory() as nothing:
        pass
    assert nothing.bytes is not None
    assert nothing.bytes < peak.bytes
