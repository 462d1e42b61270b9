"""Which way a deployment's model is loaded: its own script, a native loader, or MLflow's generic one."""

from __future__ import annotations

import logging
import sys

from modelyard.kit.registry import scan
from modelyard.scorer import loaders
from modelyard.scorer.generic_model import GenericModel
from modelyard.scorer.model import FlavorLoader, MlflowFiles, ScoringModel

log = logging.getLogger(__name__)


def load_mlflow_model(files: MlflowFiles) -> ScoringModel:
    """The quickest loader that gives the same answers; whatever it cannot load, MLflow itself gets to try."""
    code = files.path / "code"
    if code.is_dir():
        sys.path.insert(0, str(code))
    for found in scan(loaders, FlavorLoader):  # type: ignore[type-abstract]
        loader = found()
        if not loader.accepts(files):
            continue
        try:
            return loader.load(files)
        except Exception:
            log.warning("%s cannot load this model; trying mlflow.pyfunc", found.__name__, exc_info=True)
    return GenericModel(files)
