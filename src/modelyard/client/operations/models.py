"""`ml_client.models`"""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any

from modelyard.client.operations.assets import AssetOperations
from modelyard.client.paging import ItemPaged
from modelyard.client.resources.view import ListViewType
from modelyard.domain.model import Model


class ModelOperations(AssetOperations[Model]):
    entity = Model
    collection = "models"
    changeable = ("description", "tags", "properties", "stage")

    def list(
        self,
        name: str | None = None,
        stage: str | None = None,
        *,
        list_view_type: ListViewType = ListViewType.ACTIVE_ONLY,
        **_: Any,
    ) -> ItemPaged[Model]:
        """The versions of one name, or the names; with a stage only those at it."""
        found = super().list(name, list_view_type=list_view_type)
        return found if stage is None else found.filter(lambda model: model.stage == stage)

    def download(self, name: str, version: str, download_path: str | os.PathLike[str] = ".") -> builtins.list[Path]:
        """Bring its files to `download_path/<name>`; what was written."""
        found = self._resource.find(name, str(version))
        return self._scope.files.download(str(found["path"]), Path(download_path) / name)
