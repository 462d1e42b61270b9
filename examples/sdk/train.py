"""An Azure ML script with its imports changed and nothing else: data, job, model.

Was:
    from azure.ai.ml import MLClient, Input, Output, command
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Data, Environment, Model
    from azure.identity import DefaultAzureCredential
"""

from pathlib import Path

from modelyard import Input, MLClient, Output, command
from modelyard.constants import AssetTypes
from modelyard.entities import Data, Environment, Model
from modelyard.identity import DefaultAzureCredential

examples = Path(__file__).parents[1]

ml_client = MLClient(
    DefaultAzureCredential(),
    subscription_id="00000000-0000-0000-0000-000000000000",
    resource_group_name="my-group",
    workspace_name="default",
)

iris = ml_client.data.create_or_update(
    Data(
        name="iris",
        path=str(examples / "data/iris.csv"),
        type=AssetTypes.URI_FILE,
        description="Measurements of 150 iris flowers",
        tags={"source": "classic"},
    )
)
print(f"data {iris.name}:{iris.version}")

job = command(
    code=str(examples / "jobs/lightgbm/src"),
    command="python train.py --data ${{inputs.iris}} --learning-rate ${{inputs.rate}} --model ${{outputs.model}}",
    inputs={"iris": Input(type=AssetTypes.URI_FILE, path=iris.id), "rate": 0.1},
    outputs={"model": Output(type=AssetTypes.MLFLOW_MODEL)},
    environment=Environment(
        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
        conda_file=str(examples / "jobs/lightgbm/conda.yml"),
    ),
    compute="local",
    display_name="iris by LightGBM",
    experiment_name="iris",
)
returned_job = ml_client.jobs.create_or_update(job)
print(f"job {returned_job.name}: {returned_job.services['Studio'].endpoint}")
ml_client.jobs.stream(returned_job.name)
assert ml_client.jobs.get(returned_job.name).status == "Completed"

model = ml_client.models.create_or_update(
    Model(
        path=f"azureml://jobs/{returned_job.name}/outputs/model",
        name="iris-sdk",
        type=AssetTypes.MLFLOW_MODEL,
        description="Iris by LightGBM",
    )
)
print(f"model {model.name}:{model.version}")
print("versions:", [found.version for found in ml_client.models.list(name="iris-sdk")])
