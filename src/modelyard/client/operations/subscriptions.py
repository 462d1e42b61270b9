"""`ml_client.subscriptions`"""

from __future__ import annotations

from typing import Any

from modelyard.client.paging import ItemPaged, listed
from modelyard.client.scope import Scope
from modelyard.client.uploads.local_files import LocalFiles
from modelyard.kinds.catalogue import parse
from modelyard.kinds.subscription import JobTarget, Subscription


class SubscriptionOperations:
    def __init__(self, scope: Scope) -> None:
        self._resource = scope.named("subscriptions")
        self._scope = scope

    def create_or_update(self, subscription: Subscription) -> Subscription:
        """Create it, from the events of now on, or replace what it was."""
        name = str(subscription.name)
        return Subscription.from_stored(self._resource.put(name, self._uploaded(subscription).to_dict()))

    def get(self, name: str) -> Subscription:
        return Subscription.from_stored(self._resource.get(name))

    def list(self) -> ItemPaged[Subscription]:
        return self._resource.list().map(Subscription.from_stored)

    def delete(self, name: str) -> None:
        self._resource.delete(name)

    def pause(self, name: str) -> Subscription:
        """Deliver nothing until it is resumed."""
        return self._post(name, "pause")

    def resume(self, name: str) -> Subscription:
        """Deliver again, with what happened meanwhile."""
        return self._post(name, "resume")

    def replay(self, name: str, *, after: int = 0) -> Subscription:
        """Deliver again every event after the one with this id."""
        return self._post(name, "replay", after=after)

    def deliveries(self, name: str, *, phase: str | None = None) -> ItemPaged[dict[str, Any]]:
        """Deliveries, newest first; `phase` is `waiting`, `delivered` or `dead`."""
        filters = {"phase": phase} if phase else {}
        return listed(self._scope.transport, self._resource.path(name, "deliveries"), filters).map(dict)

    def _post(self, name: str, verb: str, **params: Any) -> Subscription:
        path = self._resource.path(name, verb)
        return Subscription.from_stored(self._scope.transport.request("POST", path, params=params or None))

    def _uploaded(self, subscription: Subscription) -> Subscription:
        target = subscription.target
        if not isinstance(target, JobTarget) or isinstance(target.create_job, str) or "job" in target.create_job:
            return subscription
        body = LocalFiles(self._scope).uploaded(parse("job", target.create_job)).to_dict()
        return subscription.model_copy(update={"target": target.model_copy(update={"create_job": body})})
