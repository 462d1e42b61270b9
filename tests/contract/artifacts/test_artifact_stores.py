"""Every artifact store keeps the port's promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelyard.artifacts.local_store import LocalStore
from modelyard.artifacts.object_store import ObjectStore
from modelyard.ports.artifact_store import ArtifactStore
from modelyard.testing.artifact_store_suite import ArtifactStoreSuite


class TestLocalStore(ArtifactStoreSuite):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ArtifactStore:
        return LocalStore(tmp_path / "root")


class TestMemoryStore(ArtifactStoreSuite):
    @pytest.fixture
    def store(self) -> ArtifactStore:
        return ObjectStore.from_url("memory://")


class TestObjectStoreBelowAPrefix(ArtifactStoreSuite):
    @pytest.fixture
    def store(self) -> ArtifactStore:
        root = ObjectStore.from_url("memory://")
        root.put_stream("other/file", [b"not ours"])
        return root.below("deep/prefix")
