"""`ml_client.data`"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modelyard.client.operations.assets import AssetOperations
from modelyard.domain.data import Data


class DataOperations(AssetOperations[Data]):
    entity = Data
    collection = "data"

    def download(self, name: str, version: str, download_path: str | os.PathLike[str] = ".") -> list[Path]:
        """Bring its files to `download_path/<name>`; what was written."""
        found = self._resource.find(name, str(version))
        return self._scope.files.download(str(found["path"]), Path(download_path) / name)

    def preview(self, name: str, version: str, **params: Any) -> dict[str, Any]:
        """Its first rows, with the type of each column."""
        return self._resource.report(name, str(version), "preview", **params)

    def profile(self, name: str, version: str, **params: Any) -> dict[str, Any]:
        """Counts, ranges, quantiles and frequent values of each column."""
        return self._resource.report(name, str(version), "profile", **params)
