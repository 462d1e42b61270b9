"""Every compute backend keeps the promises of the port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.compute.local import LocalBackend
from modelyard.ports.compute_backend import ComputeBackend
from modelyard.testing.compute_backend_suite import ComputeBackendSuite
from modelyard.testing.fake_compute import FakeBackend


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


class TestLocalBackend(ComputeBackendSuite):
    @pytest.fixture
    def backend(self) -> Iterator[ComputeBackend]:
        backend = LocalBackend()
        yield backend
        backend.close()


class TestFakeBackend(ComputeBackendSuite):
    @pytest.fixture
    def backend(self) -> ComputeBackend:
        return FakeBackend()
