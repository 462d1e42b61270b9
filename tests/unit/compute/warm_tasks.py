"""Running one script twice over the real launcher, forked from a warm process and started anew."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.compute.local import LocalBackend
from modelyard.domain.task import ExitRecord, TaskObservation, TaskPhase
from modelyard.ports.compute_backend import TaskSpec

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Seen:
    exit: ExitRecord
    log: str
    system_log: str
    artifacts: Path

    @property
    def warm(self) -> bool:
        return " warm: forked" in self.system_log

    @property
    def told(self) -> tuple[Any, ...]:
        """What its owner sees of it."""
        error = self.exit.error or {}
        return self.exit.exit_code, self.exit.signal, self.log, error.get("type"), error.get("where")


@dataclass
class Workbench:
    """`imports` is what the warm process loads; None has it find out."""

    backend: LocalBackend
    root: Path
    imports: list[str] | None = None
    count: int = 0
    files: dict[str, str] = field(default_factory=dict)

    def run(self, script: str, *, warm: bool = True, command: str = "python script.py", **document: Any) -> Seen:
        spec, done, seen = self.launch(script, warm=warm, command=command, **document)
        assert done.wait(PATIENCE_SECONDS), "the task did not end"
        return self.seen(spec, seen[-1])

    def launch(
        self, script: str, *, warm: bool = True, command: str = "python script.py", **document: Any
    ) -> tuple[TaskSpec, threading.Event, list[TaskObservation]]:
        spec = self.spec(script, command, warm, document)
        done = threading.Event()
        seen: list[TaskObservation] = []

        def heard(observation: TaskObservation) -> None:
            seen.append(observation)
            if observation.phase in (TaskPhase.EXITED, TaskPhase.LOST):
                done.set()

        self.backend.watch(self.backend.launch(spec), heard)
        return spec, done, seen

    def spec(self, script: str, command: str, warm: bool, document: dict[str, Any]) -> TaskSpec:
        self.count += 1
        place = self.root / f"{self.count:03}"
        code = place / "code"
        code.mkdir(parents=True)
        for name, text in {"script.py": script, **self.files}.items():
            (code / name).parent.mkdir(parents=True, exist_ok=True)
            (code / name).write_text(text)
        body = {
            "version": 1,
            "task_id": f"{self.root.name}-{os.getpid()}-{self.count:03}",
            "workspace": "default",
            "job": f"job{self.count}",
            "attempt": 1,
            "command": command,
            "env": {},
            "code": {"path": str(code), "mode": "copy"},
            "inputs": [],
            "outputs": [],
            "artifacts_dir": str(place / "artifacts"),
            "timeout_seconds": None,
            "grace_seconds": 1,
            "interpreter_bin": str(Path(sys.executable).parent),
            **({"warm": {} if self.imports is None else {"imports": self.imports}} if warm else {}),
            **document,
        }
        return TaskSpec(task_id=str(body["task_id"]), directory=str(place / "task"), document=body)

    def seen(self, spec: TaskSpec, last: TaskObservation) -> Seen:
        assert last.exit is not None, f"the task was lost: {last.reason}"
        artifacts = Path(spec.document["artifacts_dir"])
        place = str(artifacts.parent)
        log = artifacts / "user_logs" / "std_log.txt"
        return Seen(
            last.exit,
            (log.read_text() if log.exists() else "").replace(place, "PLACE"),
            (artifacts / "system_logs" / "launcher.log").read_text().replace(place, "PLACE"),
            artifacts,
        )
