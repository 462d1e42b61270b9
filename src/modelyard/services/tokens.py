"""Tokens: who a bearer is, the admin token of the first start, one-time login codes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from modelyard.domain.errors import InvalidInput, PermissionDenied, Unauthenticated
from modelyard.domain.permissions import Role
from modelyard.kit.ids import secret_token
from modelyard.store.records import TokenKind, TokenRecord
from modelyard.store.transaction import Transaction

ADMIN_TOKEN_FILE = "admin-token"
ADMIN_NAME = "admin"
LOGIN_CODE_NAME = "login-code"
_CODE_LIFETIME = timedelta(minutes=2)
SESSION_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling. `workspace` bounds the caller to one workspace; None means every workspace."""

    name: str
    role: Role
    workspace: str | None = None
    job: str | None = None


def authenticate(tx: Transaction, secret: str) -> Caller:
    """The caller behind a bearer token; Unauthenticated when it is unknown, expired, revoked or only a login code.

    Tokens are looked up by their SHA-256, so the time of an answer tells nothing about a token.
    """
    record = tx.tokens.find(secret)
    if record is None or record.name == LOGIN_CODE_NAME:
        raise Unauthenticated("The token is not valid.", mend="it may have expired: log in again, or ask for a new one")
    return Caller(name=record.actor, role=Role(record.role), workspace=record.workspace, job=record.job_name)


def ensure_admin_token(tx: Transaction, secret: str) -> None:
    """Make the token of the key file known to the database."""
    if tx.tokens.find(secret) is None:
        tx.tokens.create(TokenKind.USER, ADMIN_NAME, actor=ADMIN_NAME, role=Role.ADMIN.value, secret=secret)


def create_token(
    tx: Transaction, name: str, role: Role, workspace: str | None, lifetime: timedelta | None
) -> tuple[TokenRecord, str]:
    """A token for a person or program, and its secret, which cannot be had again."""
    if name == LOGIN_CODE_NAME:
        raise InvalidInput(f"The name '{name}' is taken by the platform.", field="name")
    if workspace is not None:
        tx.workspaces.get(workspace)
    expires_at = tx.now + lifetime if lifetime else None
    return tx.tokens.create(
        TokenKind.USER, name, actor=name, role=role.value, workspace=workspace, expires_at=expires_at
    )


def create_login_code(tx: Transaction, caller: Caller) -> str:
    """A code that opens one browser session for `caller` within two minutes. Jobs get none: it would outlive them."""
    if caller.job is not None:
        raise PermissionDenied("A job's token opens no browser session.", field="token")
    _, code = tx.tokens.create(
        TokenKind.USER,
        LOGIN_CODE_NAME,
        actor=caller.name,
        role=caller.role.value,
        workspace=caller.workspace,
        expires_at=tx.now + _CODE_LIFETIME,
    )
    return code


def exchange_login_code(tx: Transaction, code: str) -> str:
    """The session token bought with a login code, which is worthless from then on."""
    record = tx.tokens.find(code)
    if record is None or record.name != LOGIN_CODE_NAME:
        raise Unauthenticated("The login link was used or has expired.", mend="ask for a new one: 'modelyard login'")
    tx.tokens.revoke(record.id)
    _, session = tx.tokens.create(
        TokenKind.USER,
        "session",
        actor=record.actor,
        role=record.role,
        workspace=record.workspace,
        expires_at=tx.now + SESSION_LIFETIME,
    )
    return session


def read_admin_token(home: Path) -> str:
    """The token in MODELYARD_HOME/admin-token; made with mode 0600 when it is missing."""
    path = home / ADMIN_TOKEN_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _stored_token(path)
    token = secret_token("mya")
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    return token


def _stored_token(path: Path) -> str:
    token = path.read_text().strip()
    if len(token) < 20:
        raise Unauthenticated(f"{path} holds no token.", mend=f"remove {path} and start the server again")
    return token
