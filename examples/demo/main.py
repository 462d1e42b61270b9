"""The main flow on real data: `make demo`, and `make demo-down` to stop what it left running.

Data asset -> AutoML job, every trial a run -> its best model, registered with lineage -> online endpoint -> scores over
HTTP, through the public SDK alone. Running it again makes the next version of the data and the model and updates the
endpoint.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd
from narrator import Narrator
from sklearn.datasets import load_breast_cancer

from modelyard import MLClient, automl
from modelyard.constants import AssetTypes
from modelyard.domain.errors import ModelyardError
from modelyard.entities import Data, ManagedOnlineDeployment, ManagedOnlineEndpoint, Model

ROOT = Path(__file__).parents[2]
HOME = Path(os.environ.get("MODELYARD_DEMO_HOME", ROOT / ".demo" / "home"))
MODELYARD = Path(sys.executable).with_name("modelyard")
NAME = "breast-cancer"
BUDGET_MINUTES = 0.5

show = Narrator()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--down", action="store_true", help="stop the platform that the demo left running")
    os.environ["MODELYARD_HOME"] = str(HOME)
    if parser.parse_args().down:
        return subprocess.call([MODELYARD, "down", "--all"])
    try:
        run_flow()
    except ModelyardError as error:
        show.failure(str(error), error.mend or f"read {HOME}/logs/server.log")
        return 1
    except urllib.error.HTTPError as error:
        show.failure(
            f"{error.url} answered {error.code}: {error.read().decode()[:500]}", f"read {HOME}/logs/gateway.log"
        )
        return 1
    except subprocess.CalledProcessError as error:
        show.failure(
            f"`{shlex.join(map(str, error.cmd))}` ended with {error.returncode}", f"read {HOME}/logs/server.log"
        )
        return 1
    return 0


def run_flow() -> None:
    with show.step("Start the platform", "modelyard up"):
        start_platform()
        client = MLClient(workspace_name="default")
    table = tumours()
    data = register_data(client, table)
    job_name = search(client, data)
    model = register_model(client, job_name)
    deploy(client, model)
    score(client, model, table.drop(columns="benign").sample(8, random_state=1))
    show_lineage(client, model)
    summarise(client, job_name, data)


def tumours() -> pd.DataFrame:
    """The data of the demo, which scikit-learn brings along."""
    table = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "benign"})
    table.columns = [name.replace(" ", "_") for name in table.columns]
    return table


def start_platform() -> None:
    """Start it unless it runs already; where the usual ports are taken, on free ones."""
    ports = ["--port", str(free_port(5600)), "--gateway-port", str(free_port(5601))]
    # One that runs keeps its ports.
    subprocess.run([MODELYARD, "up", *ports], check=True)


def free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def register_data(client: MLClient, table: pd.DataFrame) -> Data:
    path = HOME.parent / f"{NAME}.csv"
    table.to_csv(path, index=False)
    with show.step("Register data", f"modelyard data create --name {NAME} --type uri_file --path {path.name}"):
        description = "569 tumours, 30 measurements each (Wisconsin, 1995)"
        data = client.data.create_or_update(
            Data(name=NAME, path=str(path), type=AssetTypes.URI_FILE, description=description)
        )
        show.fact("data", f"{data.name}:{data.version}, {len(table)} rows, {table.shape[1]} columns")
    return data


def search(client: MLClient, data: Data) -> str:
    """An AutoML job; its log is the search as it goes."""
    with show.step(
        f"Search the best model for {BUDGET_MINUTES * 60:g} s", "modelyard job create -f automl.yml --stream"
    ):
        job = automl.classification(
            training_data=data,
            target_column_name="benign",
            primary_metric="AUC_weighted",
            n_cross_validations=5,
            test_data_size=0.2,
            timeout_minutes=BUDGET_MINUTES,
            experiment_name=NAME,
        )
        job = client.jobs.create_or_update(job)
        show.fact("job", job.name)
        client.jobs.stream(job.name)
    return str(job.name)


def register_model(client: MLClient, job_name: str) -> Model:
    best = client.jobs.get(f"{job_name}_best_child")
    show.fact(
        "best", f"{best.algorithm}, AUC {best.score:.4f} over the folds, {best.row_milliseconds or 0:.2f} ms a row"
    )
    source = f"azureml://jobs/{best.name}/outputs/mlflow-model/"
    with show.step("Register the best", f"modelyard model create --name {NAME} --type mlflow_model --path {source}"):
        tags = {"algorithm": best.algorithm, "auc": f"{best.score:.4f}"}
        model = client.models.create_or_update(Model(name=NAME, path=source, type=AssetTypes.MLFLOW_MODEL, tags=tags))
        show.fact("model", f"{model.name}:{model.version}")
    return model


def deploy(client: MLClient, model: Model) -> None:
    with show.step("Create an online endpoint", f"modelyard online-endpoint create --name {NAME} --auth-mode key"):
        endpoint = ManagedOnlineEndpoint(name=NAME, auth_mode="key", description="Benign or malignant")
        client.online_endpoints.begin_create_or_update(endpoint).result()
    with show.step(
        "Deploy the model", f"modelyard online-deployment create --name blue -e {NAME} -f blue.yml --all-traffic"
    ):
        blue = ManagedOnlineDeployment(
            name="blue",
            endpoint_name=NAME,
            model=f"azureml:{model.name}:{model.version}",
            instance_type="Standard_DS3_v2",
            instance_count=1,
        )
        client.online_deployments.begin_create_or_update(blue).result()
        endpoint = client.online_endpoints.get(NAME)
        endpoint.traffic = {"blue": 100}
        client.online_endpoints.begin_create_or_update(endpoint).result()
        show.fact("traffic", "blue 100 %")


def score(client: MLClient, model: Model, rows: pd.DataFrame) -> None:
    """Score rows over plain HTTP and compare with the model file scored here."""
    address = client.online_endpoints.get(NAME).scoring_uri
    key = client.online_endpoints.get_keys(NAME).primary_key
    with show.step("Score rows over HTTP", f'curl -H "Authorization: Bearer $KEY" -d @rows.json {address}'):
        body = json.dumps({"input_data": json.loads(rows.to_json(orient="split"))}).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
            remote = np.asarray(json.load(answer), dtype=float)
        show.fact("benign", " ".join(f"{value:g}" for value in remote))
        local = local_scores(client, model, rows)
        difference = float(np.abs(remote - local).max())
        show.fact("compared", f"largest difference to the model scored here: {difference:.1e}")
        if difference > 1e-9:
            raise ModelyardError("the endpoint scores differently from the model file")


def local_scores(client: MLClient, model: Model, rows: pd.DataFrame) -> np.ndarray:
    """The model file, loaded by plain MLflow."""
    folder = HOME.parent / "download" / str(model.version)
    client.models.download(name=model.name, version=model.version, download_path=folder)
    found = next(folder.rglob("MLmodel")).parent
    return np.asarray(mlflow.pyfunc.load_model(str(found)).predict(rows), dtype=float)


def show_lineage(client: MLClient, model: Model) -> None:
    with show.step("Ask where the model comes from", f"modelyard lineage model {NAME}:{model.version}"):
        subprocess.run([MODELYARD, "lineage", "model", f"{NAME}:{model.version}", "--output", "table"], check=True)


def summarise(client: MLClient, job_name: str, data: Data) -> None:
    show.console.print("\n[bold green]Done.[/] The platform is left running.\n")
    show.times()
    endpoint = client.online_endpoints.get(NAME)
    server = json.loads((HOME / "server.json").read_text())
    show.console.print("\n[bold]Addresses[/]")
    show.fact("server", server["url"])
    show.fact("scoring", endpoint.scoring_uri)
    show.fact("mlflow", f"{server['url']}/mlflow/default")
    show.console.print("\n[bold]Next[/]")
    show.console.print(f"   export MODELYARD_HOME={HOME} PATH={MODELYARD.parent}:$PATH")
    show.console.print(f"   modelyard job leaderboard {job_name} -o table")
    show.console.print(f"   modelyard data preview --name {data.name} --version {data.version}")
    show.console.print(f"   modelyard online-endpoint get-credentials -n {NAME}")
    show.console.print("   make demo-down      stop it; make demo starts it again with everything kept")


if __name__ == "__main__":
    sys.exit(main())
