"""An Azure ML sweep script with its imports changed and nothing else: search, best trial, model.

Was:
    from azure.ai.ml import MLClient, Input, Output, command
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Environment, Model
    from azure.ai.ml.sweep import Choice, MedianStoppingPolicy, Uniform
    from azure.identity import DefaultAzureCredential
"""

from pathlib import Path

from modelyard import Input, MLClient, Output, command
from modelyard.constants import AssetTypes
from modelyard.entities import Environment, Model
from modelyard.identity import DefaultAzureCredential
from modelyard.sweep import Choice, MedianStoppingPolicy, Uniform

examples = Path(__file__).parents[1]

ml_client = MLClient(
    DefaultAzureCredential(),
    subscription_id="00000000-0000-0000-0000-000000000000",
    resource_group_name="my-group",
    workspace_name="default",
)

train = command(
    code=str(examples / "sweeps/src"),
    command=(
        "python train.py --data ${{inputs.iris}} --learning-rate ${{inputs.learning_rate}} "
        "--leaves ${{inputs.leaves}} --model ${{outputs.model}}"
    ),
    inputs={
        "iris": Input(type=AssetTypes.URI_FILE, path=str(examples / "data/iris.csv")),
        "learning_rate": 0.1,
        "leaves": 8,
    },
    outputs={"model": Output(type=AssetTypes.MLFLOW_MODEL)},
    environment=Environment(
        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
        conda_file=str(examples / "jobs/lightgbm/conda.yml"),
    ),
    compute="local",
    experiment_name="iris",
)
searched = train(learning_rate=Uniform(min_value=0.01, max_value=0.3), leaves=Choice(values=[4, 8, 16]))
sweep_job = searched.sweep(
    primary_metric="valid_loss",
    goal="Minimize",
    sampling_algorithm="bayesian",
    early_termination_policy=MedianStoppingPolicy(evaluation_interval=5, delay_evaluation=10),
)
sweep_job.set_limits(max_total_trials=3, max_concurrent_trials=2, timeout=600)
returned_sweep = ml_client.jobs.create_or_update(sweep_job)
ml_client.jobs.stream(returned_sweep.name)

summary = ml_client.jobs.sweep_summary(returned_sweep.name)
print("best:", summary["best_trial"]["parameters"], summary["best_trial"]["score"])
for trial in ml_client.jobs.list_trials(returned_sweep.name, order_by="best"):
    print(trial["number"], trial["phase"], trial["score"], trial["parameters"])

# The outputs of a sweep are those of its best trial.
model = ml_client.models.create_or_update(
    Model(path=f"azureml://jobs/{returned_sweep.name}/outputs/model", name="iris-swept", type=AssetTypes.MLFLOW_MODEL)
)
print(f"model {model.name}:{model.version}")
