"""The schema: brought up to date by migrations that ship in the package."""

from __future__ import annotations

from modelyard.store.rows import assets, computes, datastores, endpoints, events, jobs, lineage, tokens, workspaces
from modelyard.store.rows.columns import METADATA

TABLES = (assets, computes, datastores, endpoints, events, jobs, lineage, tokens, workspaces)
__all__ = ["METADATA", "TABLES"]
