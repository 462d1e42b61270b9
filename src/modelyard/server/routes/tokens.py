"""Tokens of people and programs, and the one-time links that open the studio."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from modelyard.domain.permissions import Role
from modelyard.server.access import SESSION_COOKIE, Access, allow, open_state
from modelyard.server.pages import PageQuery, page_body
from modelyard.server.routing import API_PREFIX, make_router
from modelyard.server.state import AppState
from modelyard.services import tokens
from modelyard.store.records import TokenKind, TokenRecord

router = make_router("tokens", prefix="")
Admin = Annotated[Access, Depends(allow("server.admin"))]
AnyCaller = Annotated[Access, Depends(allow("server.read"))]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.@+-]*$")]


class NewToken(BaseModel):
    """A token to be made. Without `days` it holds until it is revoked."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role = Role.CONTRIBUTOR
    workspace: str | None = Field(None, max_length=255)
    days: int | None = Field(None, ge=1, le=3650)


@router.get(API_PREFIX + "/tokens")
def list_tokens(access: Admin, page: PageQuery) -> dict[str, Any]:
    """Tokens that hold, newest first, without their secrets."""
    with access.read() as tx:
        return page_body(tx.tokens.list(page, kind=TokenKind.USER), _body)


@router.post(API_PREFIX + "/tokens", status_code=201)
def create_token(body: NewToken, access: Admin) -> dict[str, Any]:
    """A new token. Its secret is in this answer alone."""
    lifetime = timedelta(days=body.days) if body.days else None
    with access.write() as tx:
        record, secret = tokens.create_token(tx, body.name, body.role, body.workspace, lifetime)
    return _body(record) | {"token": secret}


@router.delete(API_PREFIX + "/tokens/{token_id}", status_code=204)
def revoke_token(token_id: Annotated[int, Field(ge=1, lt=1 << 62)], access: Admin) -> None:
    """Make a token worthless at once."""
    with access.write() as tx:
        tx.tokens.revoke(token_id)
    access.state.tokens.forget_all()


@router.post(API_PREFIX + "/login-codes", status_code=201)
def create_login_code(access: AnyCaller) -> dict[str, Any]:
    """A one-time link that opens the studio as the caller, good for two minutes."""
    with access.write() as tx:
        code = tokens.create_login_code(tx, access.caller)
    return {"code": code, "url": f"{access.state.settings.public_url}/login?code={code}"}


@router.get("/login", response_class=RedirectResponse, status_code=303)
def login(
    code: Annotated[str, Query(min_length=10, max_length=200)], state: Annotated[AppState, Depends(open_state)]
) -> RedirectResponse:
    """Exchange a one-time code for a session cookie and go to the studio."""
    with state.database.transaction(actor="login") as tx:
        session = tokens.exchange_login_code(tx, code)
    answer = RedirectResponse("/", status_code=303)
    seconds = int(tokens.SESSION_LIFETIME.total_seconds())
    answer.set_cookie(SESSION_COOKIE, session, max_age=seconds, httponly=True, samesite="strict")
    return answer


def _body(record: TokenRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "actor": record.actor,
        "role": record.role,
        "workspace": record.workspace,
        "hint": record.hint,
        "created_at": record.created_at.isoformat(),
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
    }
