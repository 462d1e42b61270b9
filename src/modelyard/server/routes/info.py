"""What this server is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends

from modelyard.kit.version import VERSION
from modelyard.server.access import Access, allow
from modelyard.server.routing import make_router

router = make_router("server")


@router.get("/info")
async def server_info(access: Annotated[Access, Depends(allow("server.read"))]) -> dict[str, Any]:
    """Version, addresses and who the caller is."""
    state = access.state
    return {
        "version": VERSION,
        "url": state.settings.public_url,
        "gateway_url": state.settings.gateway_url,
        "database": "sqlite" if state.database.sqlite else "postgresql",
        "caller": {"name": access.caller.name, "role": access.caller.role, "workspace": access.caller.workspace},
    }
