"""Plain mlflow, outside any job: only the tracking URI and the token are ours."""

import os

import mlflow

assert os.environ.get("MLFLOW_TRACKING_URI"), 'first: eval "$(modelyard mlflow-env)"'
mlflow.set_experiment("by-hand")
with mlflow.start_run(run_name="outside a job") as run:
    mlflow.log_param("depth", 3)
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("kept on the server", "note.txt")

found = mlflow.get_run(run.info.run_id)
print(f"run {found.info.run_id}: {found.data.params}, last loss {found.data.metrics['loss']:.2f}")
