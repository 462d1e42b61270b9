"""Functions that build AutoML jobs in Python, with the arguments of Azure ML's SDK and its short forms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelyard.domain.automl import (
    ForecastingSettings,
    SelectionSettings,
    TabularFeaturizationSettings,
    TabularLimitSettings,
    TrainingSettings,
)
from modelyard.domain.data import Data
from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.job_io import Input
from modelyard.domain.sources import is_local_path, resolve_path
from modelyard.kinds.automl import DATA_FIELDS, AutoMLJob, ClassificationJob, ForecastingJob, RegressionJob
from modelyard.kit.deferred import deferred

if TYPE_CHECKING:
    from modelyard.automl import engine, job_settings
else:  # numpy and the learners wait until something is fitted
    engine = deferred("modelyard.automl.engine")
    job_settings = deferred("modelyard.automl.job_settings")

J = TypeVar("J", bound=AutoMLJob)
_SECTIONS: Mapping[str, type[Any]] = {
    "limits": TabularLimitSettings,
    "training": TrainingSettings,
    "featurization": TabularFeaturizationSettings,
    "selection": SelectionSettings,
}
_FORECAST: Mapping[str, type[Any]] = {**_SECTIONS, "forecasting": ForecastingSettings}


class _Here:
    """For an AutoML job that can also be run here, without a server."""

    def fit(self, data: Any = None, *, validation: Any = None, test: Any = None, progress: str = "auto") -> Any:
        """Search now, in this process: the job's own local files, or what is given. A Predictor, as of `automl.fit`."""
        assert isinstance(self, AutoMLJob)
        given = {"training_data": data, "validation_data": validation, "test_data": test}
        tables = {name: _local(self, name) if value is None else value for name, value in given.items()}
        return engine.fit(
            tables["training_data"],
            validation=tables["validation_data"],
            test=tables["test_data"],
            settings=job_settings.settings_of(self),
            progress=progress,
        )


class Classification(_Here, ClassificationJob):
    """A classification job that can also be run here."""


class Regression(_Here, RegressionJob):
    """A regression job that can also be run here."""


class Forecast(_Here, ForecastingJob):
    """A forecasting job that can also be run here."""


def classification(*, training_data: Any, target_column_name: str, **fields: Any) -> Classification:
    """A search for the best classifier.

    Takes the fields of ClassificationJob, and those of its `limits`, `training`, `featurization` and `selection`
    flat: `timeout_minutes=60, enable_model_explainability=True`. `featurization="auto"` stands for its mode; data may
    be an Input, a path, or data that was read from the platform.
    """
    return _job(Classification, _SECTIONS, training_data, target_column_name, fields)


def regression(*, training_data: Any, target_column_name: str, **fields: Any) -> Regression:
    """A search for the best regressor; arguments as of `classification`."""
    return _job(Regression, _SECTIONS, training_data, target_column_name, fields)


def forecasting(
    *, training_data: Any, target_column_name: str, forecasting_settings: Any = None, **fields: Any
) -> Forecast:
    """A search for the best forecaster; arguments as of `classification`, and those of `forecasting` flat."""
    if forecasting_settings is not None:
        fields["forecasting"] = forecasting_settings
    return _job(Forecast, _FORECAST, training_data, target_column_name, fields)


def _job(
    kind: type[J], sections: Mapping[str, type[Any]], training_data: Any, target: str, fields: dict[str, Any]
) -> J:
    given = {name: value for name, value in fields.items() if value is not None}
    given |= {"training_data": training_data, "target_column_name": target}
    if isinstance(given.get("featurization"), str):
        given["featurization"] = {"mode": given["featurization"]}
    if "ensemble_model_download_timeout" in given:
        given["ensemble_model_download_timeout_minutes"] = given.pop("ensemble_model_download_timeout")
    for name, part in sections.items():
        flat = {key: given.pop(key) for key in part.model_fields if key in given and key not in kind.model_fields}
        if flat:
            given[name] = _mapping(given.get(name)) | flat
    for name in DATA_FIELDS:
        if name in given:
            given[name] = table_input(given[name])
    _check_names(kind, sections, given)
    return kind(**given)


def table_input(value: Any) -> Any:
    """An input of a job; data of the platform by their reference."""
    if not isinstance(value, Data):
        return value
    path = f"azureml:{value.name}:{value.version}" if value.name and value.version else value.path
    return Input(type=value.type.value, path=path)


def _local(job: AutoMLJob, name: str) -> str | None:
    """The path of a table of the job; InvalidInput when it lies on the platform, which is not asked here."""
    found = job.data().get(name)
    if found is None or found.path is None:
        return None
    if not is_local_path(found.path):
        mend = "submit the job, or give the table: job.fit(table)"
        raise InvalidInput(f"'{found.path}' lies on the platform.", field=name, mend=mend)
    return resolve_path(found.path, Path.cwd())


def _mapping(value: Any) -> dict[str, Any]:
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    found: dict[str, Any] = value.model_dump(exclude_none=True)
    return found


def _check_names(kind: type[AutoMLJob], sections: Mapping[str, type[Any]], given: Mapping[str, Any]) -> None:
    """A misspelt argument is answered with what it may have meant, wherever that stands."""
    for name in given:
        if name not in kind.model_fields:
            known = [*kind.model_fields, *(key for part in sections.values() for key in part.model_fields)]
            raise InvalidInput(f"there is no argument '{name[:60]}'", field=name[:60], mend=did_you_mean(name, known))
