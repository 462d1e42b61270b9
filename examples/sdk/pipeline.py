"""A pipeline as a Python function: components from YAML become its nodes, their outputs its edges."""

from pathlib import Path
from typing import Any

from modelyard import MLClient, dsl, load_component

FOLDER = Path(__file__).resolve().parents[1] / "pipelines" / "basic"

prepare = load_component(FOLDER / "prepare.yml")
train = load_component(FOLDER / "train.yml")
score = load_component(FOLDER / "score.yml")


@dsl.pipeline(compute="local", description="Rows, a line through them, and how far it is from them.")
def line(rows: int = 100, rate: float = 0.1) -> dict[str, Any]:
    made = prepare(rows=rows)
    fast = train(data=made.outputs.data, rate=rate)
    judged = score(model=fast.outputs.model, data=made.outputs.data)
    return {"report": judged.outputs.report}


with MLClient() as ml_client:
    job = line(rows=500, rate=0.2)
    for row in ml_client.jobs.plan(job):
        print(f"{row['node']}: {row['what']}")
    submitted = ml_client.jobs.create_or_update(job)
    ml_client.jobs.stream(str(submitted.name))
    for node in ml_client.jobs.list_nodes(str(submitted.name)):
        print(f"{node['node']}: {node['phase']}")
