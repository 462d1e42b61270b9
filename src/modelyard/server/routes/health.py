"""Whether the server answers: the one address without a token."""

from __future__ import annotations

from pydantic import BaseModel

from modelyard.kit.version import VERSION
from modelyard.server.routing import make_router

router = make_router("server", prefix="")


class Health(BaseModel):
    status: str
    version: str


@router.get("/health")
async def health() -> Health:
    """Ready: the database is migrated and the controllers run."""
    return Health(status="ok", version=VERSION)
