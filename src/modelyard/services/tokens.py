"""Tokens: who a bearer is, the admin token of the first start, a job's own token."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from modelyard.domain.errors import Unauthenticated
from modelyard.domain.permissions import Role
from modelyard.kit.ids import secret_token

ADMIN_TOKEN_FILE = "admin-token"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling. `workspace` bounds the caller to one workspace; None means every workspace."""

    name: str
    role: Role
    workspace: str | None = None
    job: str | None = None


def same_token(left: str, right: str) -> bool:
    """Equality in a time that tells nothing about where two texts differ."""
    return secrets.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))


def admin_token(home: Path) -> str:
    """The token in MODELYARD_HOME/admin-token; made with mode 0600 when it is missing."""
    path = home / ADMIN_TOKEN_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_admin_token(path)
    token = secret_token("yard")
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    return token


def _read_admin_token(path: Path) -> str:
    token = path.read_text().strip()
    if len(token) < 20:
        raise Unauthenticated(f"{path} holds no token.", mend=f"remove {path} and start the server again")
    return token
