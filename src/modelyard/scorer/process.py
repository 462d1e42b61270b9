"""The worker's process: load, listen, say so in the instance directory, drain on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

from modelyard.kit.files import write_json_atomically
from modelyard.kit.http_message import Request
from modelyard.kit.http_server import HttpLimits, HttpServer
from modelyard.kit.process import process_start
from modelyard.scorer.failure import describe
from modelyard.scorer.instance import Instance
from modelyard.scorer.lane import Lane
from modelyard.scorer.loading import load_mlflow_model
from modelyard.scorer.model import MlflowFiles
from modelyard.scorer.scoring import ModelScoring, Scoring, ScriptScoring
from modelyard.scorer.script import ScoringScript
from modelyard.scorer.shims.offering import offer_shims
from modelyard.scorer.worker import Worker

log = logging.getLogger(__name__)

_DRAIN_SECONDS = 190.0  # the longest request_timeout_ms there is, and a little
_LOOK_EVERY_SECONDS = 5.0
_EXAMPLE_FILES = ("serving_input_example.json",)


class NothingToServe(Exception):
    """The deployment has neither an MLflow model nor a scoring script."""


async def serve(instance: Instance) -> int:
    """Load and serve until SIGTERM; the process's exit code."""
    _report_started(instance.directory)
    lane = Lane(instance.limits.max_concurrent_requests, may_run_in_place=instance.scoring_script is None)
    started = time.monotonic()
    outcome = await lane.submit(lambda: _attempt(instance), 0)
    if isinstance(outcome, BaseException):
        log.error("the deployment cannot be loaded", exc_info=outcome)
        report_failure(instance.directory, outcome)
        lane.close()
        return 1
    scoring, about = outcome
    worker = Worker(instance, scoring, lane)
    server = HttpServer(worker.handle, HttpLimits(body_bytes=instance.limits.max_body_bytes, idle_seconds=3600.0))
    Path(instance.socket).unlink(missing_ok=True)
    await server.listen_unix(instance.socket)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    _report_ready(instance, about, time.monotonic() - started)
    log.info("ready: %s", about)
    await _until_stopped(stopping, instance.directory)
    log.info("draining")
    clean = await server.drain(_DRAIN_SECONDS)
    Path(instance.socket).unlink(missing_ok=True)
    lane.close()
    return 0 if clean else 1


async def _until_stopped(stopping: asyncio.Event, directory: Path) -> None:
    """Also when the directory is gone: nobody could find or stop this worker any more."""
    while not stopping.is_set() and (directory / "instance.json").exists():
        try:
            await asyncio.wait_for(stopping.wait(), _LOOK_EVERY_SECONDS)
        except TimeoutError:
            continue


def _attempt(instance: Instance) -> tuple[Scoring, dict[str, Any]] | BaseException:
    """What `load` gives or raises, as a value: a future would not carry every exception a script may raise."""
    try:
        return load(instance)
    except (Exception, SystemExit) as error:
        return error


def load(instance: Instance) -> tuple[Scoring, dict[str, Any]]:
    """The loaded deployment and what is worth knowing of it."""
    if instance.model is not None:
        os.environ.setdefault("AZUREML_MODEL_DIR", str(instance.model.path))
    if instance.scoring_script is not None:
        folder = instance.code_path or instance.directory
        os.chdir(folder)
        offer_shims()
        script = ScoringScript(folder, instance.scoring_script)
        script.init()
        return ScriptScoring(script), {"loader": "script", "script": instance.scoring_script, "pickles": []}
    if instance.model is None or instance.model.type != "mlflow_model":
        raise NothingToServe(
            "a model of type custom_model needs code_configuration with a scoring_script; "
            "only an mlflow_model is served without code"
        )
    files = MlflowFiles.read(instance.model.path)
    model = load_mlflow_model(files)
    scoring = ModelScoring(model)
    _warm(scoring, files.path)
    return scoring, {"loader": model.loader, "flavors": sorted(files.flavors), "pickles": files.pickles()}


def _report_started(directory: Path) -> None:
    """Who this process is, for whoever looks at the directory later."""
    pid = os.getpid()
    write_json_atomically(directory / "worker.json", {"pid": pid, "pid_start": process_start(pid)})


def report_failure(directory: Path, error: BaseException) -> None:
    write_json_atomically(directory / "failed.json", {"pid": os.getpid(), "error": describe(error)})


def _report_ready(instance: Instance, about: dict[str, Any], load_seconds: float) -> None:
    pid = os.getpid()
    ready = {
        "pid": pid,
        "pid_start": process_start(pid),
        "ready_at": time.time(),
        "load_seconds": round(load_seconds, 3),
        "model": about,
    }
    write_json_atomically(instance.directory / "ready.json", ready)


def _warm(scoring: Scoring, folder: Path) -> None:
    """The first prediction pays for lazy imports and caches: let it be ours, where the model brings an example."""
    for name in _EXAMPLE_FILES:
        try:
            example = json.dumps(json.loads((folder / name).read_bytes())).encode()
        except (OSError, ValueError):
            continue
        for _ in range(2):
            response = scoring.answer(Request("POST", b"/invocations", [], example))
        if response.status != 200:
            log.warning("the model does not answer its own example: %s", response.body[:500].decode("utf-8", "replace"))
