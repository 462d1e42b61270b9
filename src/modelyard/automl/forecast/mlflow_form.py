"""A forecaster as an MLflow model: `python_function`, loaded by this module, of the predictor's saved folder."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.models import catalogue
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule
from modelyard.kit.deferred import deferred

if TYPE_CHECKING:
    from modelyard.automl.forecast.predictor import ForecastPredictor

mlflow_pyfunc = LazyModule("mlflow.pyfunc", extra="automl", what="An MLflow model")
mlflow_models = LazyModule("mlflow.models", extra="automl", what="An MLflow model")
pandas = LazyModule("pandas", extra="automl", what="Forecasting")
predictors = deferred("modelyard.automl.forecast.predictor")
packages = deferred("modelyard.automl.outcome.requirements")
shipped = deferred("modelyard.automl.outcome.shipped_code")


def export(predictor: ForecastPredictor, folder: Path) -> Path:
    """
    Raises:
        InvalidInput: the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InvalidInput(f"'{folder.name}' is not empty.", field="folder")
    example = input_example(predictor)
    code = shipped.shipped_code(_entries(predictor))
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        # MLflow's advice on whole-number columns and type hints: they are as the data have them.
        warnings.simplefilter("ignore")
        code.write(Path(scratch) / "code")
        mlflow_pyfunc.save_model(
            path=str(folder),
            loader_module=code.renamed(__name__),
            data_path=str(predictor.save(Path(scratch) / "predictor")),
            code_paths=[str(Path(scratch) / "code" / code.package)],
            signature=mlflow_models.infer_signature(example, predictor.predict(example)),
            input_example=example,
            pip_requirements=packages.pinned(sorted(code.libraries)),
            metadata={"task": "forecasting", "horizon": predictor.horizon},
        )
    return folder


def _entries(predictor: ForecastPredictor) -> tuple[str, ...]:
    """Modules that the model's code begins at: this one, and those of its members."""
    kinds: list[type[Any]] = [type(member) for member in predictor.model.members]
    kinds += [catalogue.find(member.regressor) for member in predictor.model.members if hasattr(member, "regressor")]
    return (__name__, *sorted({kind.__module__ for kind in kinds}))


def input_example(predictor: ForecastPredictor) -> Any:
    """The first steps to come of one series; known columns as they were last."""
    reader, panel = predictor.model.reader, predictor.model.panel
    one = panel.series[0]
    count = min(2, predictor.horizon)
    columns: dict[str, Any] = {
        name: [value] * count for name, value in zip(reader.series_columns, one.key, strict=True)
    }
    columns[reader.time_column] = steps_after(one.times[-1], reader.frequency, count)
    place = 0
    for column in reader.known.columns:
        width = 1 if column.categories is None else len(column.categories)
        values = one.known[-1, place : place + width]
        columns[column.name] = [
            float(values[0]) if column.categories is None else column.categories[int(np.argmax(values))]
        ] * count
        place += width
    return pandas.DataFrame(columns)


class Served:
    """What MLflow calls."""

    def __init__(self, predictor: ForecastPredictor) -> None:
        self.predictor = predictor

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> np.ndarray:
        """(rows,) forecasts for rows of a series, a time and the known columns."""
        return self.predictor.predict(model_input)


def _load_pyfunc(path: str) -> Served:
    """MLflow's name for the entry of a loader module."""
    return Served(predictors.ForecastPredictor.load(path))
