"""Jobs as the wire has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.client.paging import ItemPaged, listed
from modelyard.client.resources.named import Body, NamedResource
from modelyard.client.transport import Transport
from modelyard.client.wire_errors import AnswerLost
from modelyard.domain.errors import Conflict, NotFound
from modelyard.kit.ids import job_name

_CREATE_ATTEMPTS = 3


class JobResource(NamedResource):
    def __init__(self, transport: Transport, workspace: str) -> None:
        super().__init__(transport, "workspaces", workspace, "jobs")

    def create(self, body: Mapping[str, Any]) -> Body:
        """Submit once, however often the connection breaks: the name is ours, so a lost answer can be looked up."""
        named = {**body, "name": body.get("name") or job_name()}
        for attempt in range(_CREATE_ATTEMPTS):
            try:
                return self.post(named)
            except AnswerLost:
                found = self._find(named["name"])
                if found is not None:
                    return found
                if attempt == _CREATE_ATTEMPTS - 1:
                    raise
            except Conflict:
                # Only our own lost request can have made the name between two of our attempts.
                if attempt == 0:
                    raise
                return self.get(named["name"])
        raise AssertionError("the last attempt returns or raises")

    def validate(self, body: Mapping[str, Any]) -> Body:
        """What creating it would refuse, without creating it."""
        params = {"validate_only": "true"}
        return self._body(self.transport.request("POST", self.path(), params=params, json=body))

    def cancel(self, name: str) -> Body:
        return self._body(self.transport.request("POST", self.path(name, "cancel")))

    def extend(self, name: str, body: Mapping[str, Any]) -> Body:
        return self._body(self.transport.request("POST", self.path(name, "extend"), json=body))

    def resume(self, name: str, node: str | None = None) -> Body:
        params = {"node": node} if node else None
        return self._body(self.transport.request("POST", self.path(name, "resume"), params=params))

    def plan(self, body: Mapping[str, Any]) -> list[Body]:
        """What submitting a pipeline would do, node by node."""
        return list(self._body(self.transport.request("POST", f"{self.path()}:plan", json=body))["value"])

    def nodes(self, name: str) -> list[Body]:
        """The nodes of a pipeline."""
        return list(self._body(self.transport.get(self.path(name, "nodes")))["value"])

    def reuse(self, name: str, node: str | None = None) -> list[Body]:
        """What stood for the nodes of a pipeline, or what had changed."""
        params = {"node": node} if node else {}
        return list(self._body(self.transport.get(self.path(name, "reuse"), params))["value"])

    def clone(self, name: str, overrides: Mapping[str, Any]) -> Body:
        return self._body(self.transport.request("POST", self.path(name, "clone"), json={"overrides": overrides}))

    def children(self, name: str) -> ItemPaged[Body]:
        return listed(self.transport, self.path(name, "children"))

    def trials(self, name: str, order_by: str) -> ItemPaged[Body]:
        """Trials of a sweep, `newest`, `oldest` or `best` first."""
        return listed(self.transport, self.path(name, "trials"), {"order_by": order_by})

    def sweep(self, name: str) -> Body:
        """The summary of a sweep."""
        return self._body(self.transport.request("GET", self.path(name, "sweep")))

    def leaderboard(self, name: str) -> ItemPaged[Body]:
        """Trials of an AutoML job, best first."""
        return listed(self.transport, self.path(name, "leaderboard"))

    def log_files(self, name: str) -> list[Body]:
        """The job's logs, `{"path", "size"}` each."""
        return list(listed(self.transport, self.path(name, "logs")))

    def _find(self, name: str) -> Body | None:
        try:
            return self.get(name)
        except NotFound:
            return None
