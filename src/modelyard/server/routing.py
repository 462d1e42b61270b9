"""How routes are declared and found: `router = make_router("jobs")` in `routes/<noun>.py`, collected by a scan."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.server import routes
from modelyard.server.documents import REFUSALS
from modelyard.server.json_body import parse_json

API_PREFIX = "/api/v1"


class StrictRequest(Request):
    """A request whose JSON is parsed by our own bounds."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """Refuses unknown query parameters, and JSON that no store could hold."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = _query_names(self.dependant)

        async def strict(request: Request) -> Response:
            _refuse_unknown_query(request, known)
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def make_router(tag: str, prefix: str = API_PREFIX) -> APIRouter:
    """A router for one noun; `tag` groups its routes in the OpenAPI document."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=StrictRoute,
        responses=REFUSALS,
        generate_unique_id_function=operation_id,
    )


def collect_routers() -> list[APIRouter]:
    """The `router` of every module in `routes/`, ordered by module name."""
    names = sorted(info.name for info in pkgutil.iter_modules(routes.__path__))
    modules = [importlib.import_module(f"{routes.__name__}.{name}") for name in names]
    return [module.router for module in modules]


def with_name(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A body for the thing named in the path; InvalidInput when it names another."""
    if body.get("name", name) != name:
        raise InvalidInput(f"The body names '{str(body['name'])[:100]}', the address '{name}'.", field="name")
    return {**body, "name": name}


def operation_id(route: APIRoute) -> str:
    """The function's name: stable for generated clients; functions in `routes/` have distinct names."""
    return route.name


def _query_names(dependant: Dependant) -> frozenset[str]:
    own = {field.alias for field in dependant.query_params}
    return frozenset(own.union(*(_query_names(inner) for inner in dependant.dependencies)))


def _refuse_unknown_query(request: Request, known: frozenset[str]) -> None:
    for name, value in request.query_params.items():
        if name not in known:
            mend = did_you_mean(name, known) or (f"known: {', '.join(sorted(known))}" if known else "leave it out")
            raise InvalidInput(f"Unknown query parameter '{name[:100]}'.", field=name[:100], mend=mend)
        if "\x00" in value:
            raise InvalidInput(f"The query parameter '{name}' holds a NUL character.", field=name)
