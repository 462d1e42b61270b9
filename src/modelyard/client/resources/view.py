"""Which items a list shows."""

from __future__ import annotations

from enum import StrEnum


class ListViewType(StrEnum):
    """Azure ML's words. `archived` is the value of the query parameter: None leaves the server's default."""

    ACTIVE_ONLY = "ActiveOnly"
    ARCHIVED_ONLY = "ArchivedOnly"
    ALL = "All"

    @property
    def archived(self) -> str | None:
        return {"ArchivedOnly": "true", "All": "all"}.get(self.value)
