"""Things with a name and no versions: datastores, computes, workspaces, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.client.paging import ItemPaged, listed
from modelyard.client.resources.paths import joined
from modelyard.client.transport import Transport

Body = dict[str, Any]


class NamedResource:
    """One collection as the wire has it: bodies are mappings."""

    def __init__(self, transport: Transport, *collection: str) -> None:
        self.transport = transport
        self._collection = collection

    def path(self, *parts: str) -> str:
        return joined(*self._collection, *parts)

    def get(self, name: str) -> Body:
        return self._body(self.transport.get(self.path(name)))

    def list(self, **filters: Any) -> ItemPaged[Body]:
        return listed(self.transport, self.path(), filters)

    def put(self, name: str, body: Mapping[str, Any]) -> Body:
        return self._body(self.transport.request("PUT", self.path(name), json=body))

    def post(self, body: Mapping[str, Any]) -> Body:
        return self._body(self.transport.request("POST", self.path(), json=body))

    def patch(self, name: str, changes: Mapping[str, Any]) -> Body:
        return self._body(self.transport.request("PATCH", self.path(name), json=changes))

    def delete(self, name: str) -> None:
        self.transport.request("DELETE", self.path(name))

    @staticmethod
    def _body(answer: Any) -> Body:
        return answer if isinstance(answer, dict) else {}
