"""Who is calling and whether they may: the one dependency that every route declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from modelyard.domain.errors import PermissionDenied, Unauthenticated
from modelyard.domain.permissions import Permission, permitted
from modelyard.server.state import AppState
from modelyard.services.tokens import Caller
from modelyard.store.transaction import Transaction

SESSION_COOKIE = "modelyard_session"
_BEARER = HTTPBearer(auto_error=False, description="The admin token, a user's token or a job's own token.")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Access:
    """What a route works with: the caller, the platform, and the way to its one transaction.

    `workspace` is the `{workspace}` of the path, or "" for a route outside any workspace.
    """

    caller: Caller
    state: AppState
    workspace: str

    @property
    def actor(self) -> str:
        return self.caller.name

    def read(self) -> Transaction:
        """A read-only transaction; use as a context manager."""
        return self.state.database.snapshot()

    def write(self) -> Transaction:
        """The request's one write transaction: commits on a clean exit of its `with` block."""
        return self.state.database.transaction(actor=self.caller.name)


class Allow:
    """Dependency: authenticates the caller and refuses it unless its role grants `permission`."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(
        self, request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Access:
        state: AppState = request.app.state.yard
        workspace = str(request.path_params.get("workspace", ""))
        caller = await authenticate(state, request, bearer.credentials if bearer else None)
        authorize(caller, self.permission, workspace)
        return Access(caller=caller, state=state, workspace=workspace)


def allow(permission: Permission | str) -> Allow:
    """`Depends(allow("jobs.write"))`: the permission that a route needs."""
    return Allow(Permission(permission))


async def open_state(request: Request) -> AppState:
    """The platform, for the few routes that ask for no token."""
    state: AppState = request.app.state.yard
    return state


async def authenticate(state: AppState, request: Request, token: str | None) -> Caller:
    """The caller behind a bearer token or the studio's session cookie; Unauthenticated otherwise."""
    if token is None:
        token = request.cookies.get(SESSION_COOKIE)
        if token is not None and request.method not in _SAFE_METHODS:
            _refuse_cross_site(request)
    if not token:
        raise Unauthenticated(
            "This address needs a token.",
            mend="send 'Authorization: Bearer <token>'; the first token is in MODELYARD_HOME/admin-token",
        )
    caller = state.tokens.cached(token)
    if caller is None:
        caller = await run_in_threadpool(state.tokens.authenticate, token)
    return caller


def authorize(caller: Caller, permission: Permission, workspace: str) -> None:
    """PermissionDenied unless the caller's role grants `permission`, in `workspace` where one is named."""
    if not permitted(caller.role, permission):
        raise PermissionDenied(f"The role '{caller.role}' does not grant '{permission}'.", field="permission")
    if caller.workspace is not None and workspace and caller.workspace != workspace:
        raise PermissionDenied(f"This token is for the workspace '{caller.workspace}' alone.", field="workspace")


def _refuse_cross_site(request: Request) -> None:
    """A cookie travels by itself, so a write by cookie must come from our own pages."""
    if request.headers.get("sec-fetch-site") == "same-origin":
        return
    origin = request.headers.get("origin", "")
    if origin.partition("://")[2] != request.headers.get("host"):
        raise PermissionDenied("A write by cookie must come from this server's own pages.", field="origin")
