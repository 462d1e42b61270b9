"""The drawing names each column, step and feature, whatever the columns are called."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd

from modelyard.automl.featurize import drawing
from modelyard.automl.featurize.design import View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task


def fitted() -> Featurizer:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {'a <"b">\x00': rng.normal(size=90), "city": [f"c{value}" for value in range(60)] + ["c1"] * 30}
    )
    frame["one"] = 1
    target = np.arange(90) % 2
    featurizer = Featurizer(FeaturePlan.make(frame, target, Task.BINARY, Featurization()), View.TREE)
    featurizer.fit_transform(frame, target, seed=0)
    return featurizer


def test_every_step_and_what_is_left_out_is_told() -> None:
    featurizer = fitted()
    lines = drawing.text(featurizer).splitlines()
    assert "city (high_cardinality) -> target means -> city:mean" in lines
    assert lines[-1] == "one (left out: the same in every row)"
    assert len(lines) == len(featurizer.described()) + 1


def test_pictures_are_well_formed() -> None:
    featurizer = fitted()
    root = ET.fromstring(drawing.svg(featurizer))
    assert "city:mean" in [node.text for node in root.iter() if node.text]
    chart = drawing.mermaid(featurizer)
    assert chart.startswith("flowchart LR") and "\x00" not in chart
    assert all(line.count('"') % 2 == 0 for line in chart.splitlines())
