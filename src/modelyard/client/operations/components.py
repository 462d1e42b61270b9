"""`ml_client.components`"""

from __future__ import annotations

from modelyard.client.operations.assets import AssetOperations
from modelyard.kinds.components import Component


class ComponentOperations(AssetOperations[Component]):
    entity = Component
    collection = "components"
