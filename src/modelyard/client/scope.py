"""What every operation group works with."""

from __future__ import annotations

from functools import cached_property

from modelyard.client.connection import Connection
from modelyard.client.progress import TransferProgress, default_progress
from modelyard.client.resources.assets import AssetResource
from modelyard.client.resources.files import FileResource
from modelyard.client.resources.jobs import JobResource
from modelyard.client.resources.named import NamedResource
from modelyard.client.transport import Transport


class Scope:
    """One workspace on one server, as the wire has it. Costs nothing until something is asked of it."""

    def __init__(
        self, connection: Connection, transport: Transport | None = None, progress: TransferProgress | None = None
    ) -> None:
        self.connection = connection
        self.transport = transport or Transport(connection)
        self._progress = progress

    @property
    def workspace(self) -> str:
        return self.connection.workspace

    @cached_property
    def progress(self) -> TransferProgress:
        return self._progress or default_progress()

    @cached_property
    def jobs(self) -> JobResource:
        return JobResource(self.transport, self.workspace)

    @cached_property
    def files(self) -> FileResource:
        return FileResource(self.transport, self.workspace, self.progress)

    @cached_property
    def workspaces(self) -> NamedResource:
        return NamedResource(self.transport, "workspaces")

    def assets(self, kind: str) -> AssetResource:
        """`data`, `models`, `environments`, `components` or `codes`."""
        return AssetResource(self.transport, "workspaces", self.workspace, kind)

    def named(self, *collection: str) -> NamedResource:
        """`datastores`, `computes`, `online-endpoints`, or `online-endpoints/<endpoint>/deployments` in parts."""
        return NamedResource(self.transport, "workspaces", self.workspace, *collection)

    def close(self) -> None:
        self.transport.close()
