"""The items of a parallel_for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.kinds.pipeline_nodes import ParallelForNode

MAX_ITEMS = 10_000


def loop_items(node: ParallelForNode, items: Any) -> list[dict[str, Any]]:
    """Input values, one mapping an item; from mappings by name, from a list, or from JSON text."""
    found = _parsed(items) if isinstance(items, str) else items
    if isinstance(found, Mapping):
        found = list(found.values())
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise InvalidInput(
            "The items are not mappings of input values.", field="items", mend='write a list such as [{"rate": 0.1}]'
        )
    if not 1 <= len(found) <= MAX_ITEMS:
        raise InvalidInput(f"There are {len(found)} items.", field="items", mend=f"give 1 to {MAX_ITEMS}")
    return [dict(item) for item in found]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"The items are not JSON: {error}.", field="items") from error
