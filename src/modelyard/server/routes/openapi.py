"""The API's own description."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from modelyard.kinds.schemas import schema
from modelyard.kit.version import VERSION
from modelyard.server.access import Access, allow
from modelyard.server.routing import API_PREFIX, make_router

router = make_router("server", prefix="")
Reader = Annotated[Access, Depends(allow("server.read"))]


@router.get("/")
def show_index(access: Reader) -> dict[str, str]:
    """Where things are."""
    return {"name": "modelyard", "version": VERSION, "api": API_PREFIX, "openapi": "/openapi.json"}


@router.get("/openapi.json")
def show_openapi(request: Request, access: Reader) -> dict[str, Any]:
    """The OpenAPI document of this server."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get(API_PREFIX + "/schemas/{kind}")
def show_schema(kind: str, access: Reader) -> dict[str, Any]:
    """The JSON schema of a kind, such as `command-job`, for editors."""
    return schema(kind)
