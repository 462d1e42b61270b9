"""What one worker is told: the instance directory and its `instance.json`.

```
instance.json  {"version":1,"id","workspace","endpoint","deployment","socket":<unix path>,
                "model":{"path","type","name","version"}|null,"code_path"|null,"scoring_script"|null,"env":{},
                "limits":{"request_timeout_ms","max_concurrent_requests","max_queue_wait_ms","max_body_bytes"}}
worker.json    {"pid","pid_start"}   written first
ready.json     {"pid","pid_start","ready_at","load_seconds","model":{"loader","pickles":[...],...}}
failed.json    {"pid","error":{"type","message","where","hint"}}
```
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Limits:
    request_timeout_ms: int = 5000
    max_concurrent_requests: int = 1
    max_queue_wait_ms: int = 500
    max_body_bytes: int = 32 << 20


@dataclass(frozen=True)
class ModelFiles:
    path: Path
    type: str = "custom_model"
    name: str = "model"
    version: str = "1"


@dataclass(frozen=True)
class Instance:
    directory: Path
    id: str
    endpoint: str
    deployment: str
    socket: str
    model: ModelFiles | None = None
    code_path: Path | None = None
    scoring_script: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    limits: Limits = Limits()

    @classmethod
    def read(cls, directory: Path) -> Instance:
        """Read `instance.json`; KeyError, TypeError or ValueError when it is not one."""
        raw = json.loads((directory / "instance.json").read_bytes())
        if raw.get("version") != 1:
            raise ValueError(f"instance.json has version {raw.get('version')!r}; this worker reads version 1")
        model = raw.get("model")
        code_path = raw.get("code_path")
        return cls(
            directory=directory,
            id=raw["id"],
            endpoint=raw["endpoint"],
            deployment=raw["deployment"],
            socket=raw["socket"],
            model=_model(model) if model else None,
            code_path=Path(code_path) if code_path else None,
            scoring_script=raw.get("scoring_script"),
            env={str(name): str(value) for name, value in (raw.get("env") or {}).items()},
            limits=Limits(**(raw.get("limits") or {})),
        )


def _model(raw: dict[str, Any]) -> ModelFiles:
    return ModelFiles(
        path=Path(raw["path"]),
        type=raw.get("type", "custom_model"),
        name=raw.get("name", "model"),
        version=str(raw.get("version", "1")),
    )
