"""The same searches as jobs, by an Azure ML script with its imports changed. `python sdk.py [name]`

Was:
    from azure.ai.ml import MLClient, Input, automl
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model
    from azure.identity import DefaultAzureCredential
"""

from __future__ import annotations

import sys
from pathlib import Path

from modelyard import Input, MLClient, automl
from modelyard.constants import AssetTypes
from modelyard.entities import Model
from modelyard.identity import DefaultAzureCredential

DATA = Path(__file__).parent / "data"


def table(name: str) -> Input:
    return Input(type=AssetTypes.URI_FILE, path=str(DATA / f"{name}.csv"))


def classification() -> automl.ClassificationJob:
    job = automl.classification(
        compute="local",
        experiment_name="tumours",
        training_data=table("tumours"),
        target_column_name="benign",
        primary_metric=automl.ClassificationPrimaryMetrics.AUC_WEIGHTED,
        n_cross_validations=5,
        enable_model_explainability=True,
    )
    job.set_limits(timeout_minutes=1, max_trials=3, enable_early_termination=True)
    job.set_training(blocked_training_algorithms=[automl.ClassificationModels.LOGISTIC_REGRESSION])
    return job


def imbalanced() -> automl.ClassificationJob:
    job = automl.classification(
        training_data=table("payments"),
        target_column_name="is_fraud",
        primary_metric="average_precision_score_weighted",
        timeout_minutes=1,
        max_trials=3,
    )
    job.set_selection(latency=0.1, stability=0.2)
    return job


def regression() -> automl.RegressionJob:
    return automl.regression(
        training_data=table("diabetes"),
        target_column_name="progression",
        primary_metric="R2Score",
        timeout_minutes=1,
        max_trials=3,
    )


def forecasting() -> automl.ForecastingJob:
    job = automl.forecasting(
        training_data=table("sales"),
        target_column_name="units",
        forecasting_settings=automl.ForecastingSettings(time_column_name="day", forecast_horizon=14),
        timeout_minutes=1,
        max_trials=3,
    )
    job.set_forecast_settings(time_series_id_column_names=["store"], target_lags="auto")
    return job


def many_models() -> automl.RegressionJob:
    return automl.regression(
        training_data=table("sales"),
        target_column_name="units",
        many_models_by=["store"],
        timeout_minutes=1,
        max_trials=3,
    )


def text() -> automl.ClassificationJob:
    job = automl.classification(
        training_data=table("reviews"), target_column_name="again", timeout_minutes=1, max_trials=3
    )
    job.set_featurization(mode="custom", column_name_and_types={"review": "Text"})
    return job


EXAMPLES = {run.__name__: run for run in (classification, imbalanced, regression, forecasting, many_models, text)}


def main(names: list[str]) -> None:
    ml_client = MLClient(
        DefaultAzureCredential(),
        subscription_id="00000000-0000-0000-0000-000000000000",
        resource_group_name="my-group",
        workspace_name="default",
    )
    for name in names or EXAMPLES:
        returned_job = ml_client.jobs.create_or_update(EXAMPLES[name]())
        ml_client.jobs.stream(returned_job.name)
        best = ml_client.jobs.get(f"{returned_job.name}_best_child")
        model = ml_client.models.create_or_update(
            Model(
                name=f"example-{name.replace('_', '-')}",
                path=f"azureml://jobs/{best.name}/outputs/mlflow-model/",
                type=AssetTypes.MLFLOW_MODEL,
            )
        )
        first = next(iter(ml_client.jobs.leaderboard(returned_job.name)))
        print(f"{model.name}:{model.version} is {best.algorithm}, of {first['score']:.4f}")


if __name__ == "__main__":
    main(sys.argv[1:])
