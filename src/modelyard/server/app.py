"""The application: one function builds it, so that tests and replicas get the same one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from modelyard.kit.version import VERSION
from modelyard.server import errors
from modelyard.server.body_limit import BodyLimit
from modelyard.server.documents import document
from modelyard.server.mlflow.branch import MlflowBranch
from modelyard.server.routing import collect_routers
from modelyard.server.security_headers import SecurityHeaders
from modelyard.server.settings import Settings
from modelyard.server.state import AppState


def create_app(settings: Settings, state: AppState | None = None) -> FastAPI:
    """The server's app. Its state (`app.state.yard`; opened here when none is given) closes with the lifespan."""
    app = _Application(
        title="Modelyard",
        version=VERSION,
        summary="Data, jobs, models and endpoints on a laptop or a cluster.",
        lifespan=_lifespan,
        separate_input_output_schemas=False,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.given = state
    errors.install(app)
    for router in collect_routers():
        # Not include_router, which wraps: the routes are complete as they are, and matched without detours.
        app.router.routes.extend(router.routes)
    app.openapi = partial(document, app)  # type: ignore[method-assign]
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(SecurityHeaders)
    return app


class _Application(FastAPI):
    """Calls of the MLflow protocol leave the framework's way before it begins: a third of their time would go there."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.mlflow = MlflowBranch(self.state)
        self.state.mlflow = self.mlflow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not await self.mlflow.answered(scope, receive, send):
            await super().__call__(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: AppState = app.state.given or AppState.open(app.state.settings)
    app.state.yard = state
    try:
        state.start()
        yield
    finally:
        state.end_streams()
        await state.hub.stop()
        await run_in_threadpool(app.state.mlflow.close)
        await run_in_threadpool(state.close)
