"""`ml_client.datastores`"""

from __future__ import annotations

from typing import Any

from modelyard.client.paging import ItemPaged
from modelyard.client.scope import Scope
from modelyard.domain.datastore import Datastore
from modelyard.domain.errors import NotFound


class DatastoreOperations:
    """Secrets go in and never come out: `include_secrets` is taken and answers without them."""

    def __init__(self, scope: Scope) -> None:
        self._resource = scope.named("datastores")

    def create_or_update(self, datastore: Datastore, **_: Any) -> Datastore:
        return Datastore.from_stored(self._resource.put(str(datastore.name), datastore.to_dict()))

    def get(self, name: str, *, include_secrets: bool = False) -> Datastore:
        return Datastore.from_stored(self._resource.get(name))

    def get_default(self, *, include_secrets: bool = False) -> Datastore:
        """The datastore that uploads go to."""
        for datastore in self.list():
            if datastore.is_default:
                return datastore
        raise NotFound("The workspace has no default datastore.", field="name")

    def list(self, *, include_secrets: bool = False) -> ItemPaged[Datastore]:
        return self._resource.list().map(Datastore.from_stored)

    def delete(self, name: str) -> None:
        """Forget the datastore; its files stay."""
        self._resource.delete(name)
