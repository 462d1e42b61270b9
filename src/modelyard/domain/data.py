"""Data: a file, a folder or a table, by reference or uploaded."""

from __future__ import annotations

from modelyard.domain.asset import Asset
from modelyard.domain.choices import DataType


class Data(Asset):
    """A version of data. A local `path` is uploaded when it is created; a URI is kept as a reference."""

    type: DataType = DataType.URI_FOLDER
    """A single file, a folder, or a folder with an MLTable file."""
    path: str | None = None
    """A local path, a URL, or an `azureml:` URI."""
    datastore: str | None = None
    """The datastore that a local path is uploaded to."""
