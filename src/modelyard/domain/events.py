"""An event: what happened, to what, where, by whom and when. One is written with every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`type` is `modelyard.<noun>.<verb>`; `subject` names the thing, such as `jobs/keen_fig_3wjzmcwqgp`.

    `workspace` is None for what belongs to the whole server. `data` never holds a secret.
    """

    type: str
    subject: str
    workspace: str | None
    actor: str
    time: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
