"""`ml_client.environments`"""

from __future__ import annotations

from modelyard.client.operations.assets import AssetOperations
from modelyard.domain.environment import Environment


class EnvironmentOperations(AssetOperations[Environment]):
    entity = Environment
    collection = "environments"
