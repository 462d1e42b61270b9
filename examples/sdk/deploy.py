"""An Azure ML script with its imports changed and nothing else: endpoint, deployment, traffic, scores."""

from pathlib import Path

from modelyard import MLClient
from modelyard.entities import ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
from modelyard.identity import DefaultAzureCredential

examples = Path(__file__).parents[1]
ml_client = MLClient(DefaultAzureCredential(), "00000000-0000-0000-0000-000000000000", "my-group", "default")

endpoint = ManagedOnlineEndpoint(name="iris-sdk", description="Iris by LightGBM", auth_mode="key")
ml_client.online_endpoints.begin_create_or_update(endpoint).result()

blue = ManagedOnlineDeployment(
    name="blue",
    endpoint_name="iris-sdk",
    model=Model(name="iris-mlflow", path=str(examples / "models/iris-lightgbm"), type="mlflow_model"),
    instance_type="Standard_DS3_v2",
    instance_count=1,
)
ml_client.online_deployments.begin_create_or_update(blue).result()

endpoint.traffic = {"blue": 100}
ml_client.online_endpoints.begin_create_or_update(endpoint).result()

answer = ml_client.online_endpoints.invoke(
    endpoint_name="iris-sdk",
    deployment_name="blue",
    request_file=str(examples / "endpoints/mlflow/request.json"),
)
print("scores:", answer)
print("address:", ml_client.online_endpoints.get("iris-sdk").scoring_uri)
print("key:", ml_client.online_endpoints.get_keys("iris-sdk").primary_key[:4] + "...")
print(ml_client.online_deployments.get_logs("blue", "iris-sdk", lines=5))
ml_client.online_endpoints.begin_delete(name="iris-sdk").result()
