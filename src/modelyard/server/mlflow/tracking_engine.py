"""Runs the hot calls' database work: writes in groups that share one commit, reads beside them.

On SQLite both happen in the event loop itself: a statement takes microseconds, a hop to a thread costs more. On
PostgreSQL, and when another writer holds the SQLite file, they happen in threads. Calls that arrive while a group
is being written make the next group; each is answered after its commit.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from modelyard.domain.errors import Unavailable
from modelyard.store.database import Database
from modelyard.store.tracking.connections import Busy, TrackingConnection, as_known_error, connect, is_refused_value

Work = Callable[[TrackingConnection], Any]


class _Waiting(NamedTuple):
    """A call between its arrival and its commit."""

    work: Work
    future: asyncio.Future[Any]
    one_statement: bool


_LOG = logging.getLogger("modelyard.server.mlflow")
_READERS = 4
_LOCK_SECONDS = 30.0
_GROUPS_PER_CHECKPOINT = 500


class TrackingEngine:
    """Belongs to one event loop; `close` lets go of the connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._url = database.engines.write.url
        self._writer = connect(self._url)
        self._reader = connect(self._url)
        self._local = threading.local()
        self._opened: list[TrackingConnection] = []
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="tracking-write")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="tracking-read")
        self._pending: list[_Waiting] = []
        self._flushing = False
        self._groups = 0
        if self._writer.inline:
            # Checkpoints wait for the disk: they happen in a thread, not in the event loop.
            self._writer.run("PRAGMA wal_autocheckpoint = 0")

    def close(self) -> None:
        """Wait for what is being written and close the connections."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        for connection in (self._writer, self._reader, *self._opened):
            connection.close()

    async def write(self, work: Work, *, one_statement: bool = False) -> Any:
        """The result of `work`, once what it wrote is committed.

        Work that answers None or False must have written nothing; work that raises is undone. `one_statement`: it is
        a transaction by itself where the database can write within a query.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._pending.append(_Waiting(work, future, one_statement))
        if not self._flushing:
            self._flushing = True
            loop.call_soon(self._flush)
        return await future

    async def read(self, work: Work, *, heavy: bool = False) -> Any:
        """The result of `work`, which only reads. `heavy`: it may take long, so never in the event loop."""
        if self._reader.inline and not heavy:
            return work(self._reader)
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read_in_thread, work)

    def _flush(self) -> None:
        group, self._pending = self._pending, []
        if self._writer.inline and self._take_lock(0):
            try:
                outcomes = self._write_group(group, wait=False)
            except Busy:
                outcomes = None
            finally:
                self._release_lock()
            if outcomes is not None:
                self._answer(group, outcomes)
                return
        future = asyncio.get_running_loop().run_in_executor(self._write_thread, self._write_patiently, group)
        future.add_done_callback(lambda done: self._answer(group, done.result()))

    def _answer(self, group: list[_Waiting], outcomes: list[Any]) -> None:
        for (_, future, _), outcome in zip(group, outcomes, strict=True):
            if future.done():  # its client went away
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self._groups += 1
        if self._writer.inline and self._groups % _GROUPS_PER_CHECKPOINT == 0:
            self._read_threads.submit(self._checkpoint)
        self._flushing = bool(self._pending)
        if self._pending:
            asyncio.get_running_loop().call_soon(self._flush)

    def _write_patiently(self, group: list[_Waiting]) -> list[Any]:
        if not self._take_lock(_LOCK_SECONDS):
            error = Unavailable("The database is busy with another writer.", mend="try again in a moment")
            return [error] * len(group)
        try:
            return self._write_group(group, wait=True)
        except Exception as error:
            _LOG.exception("a group of tracking calls could not be written")
            return [as_known_error(error)] * len(group)
        finally:
            self._release_lock()

    def _write_group(self, group: list[_Waiting], *, wait: bool) -> list[Any]:
        """One transaction for all; when one of several fails, each in its own, so that it fails alone."""
        writer = self._writer
        writer.begin(wait=wait, one_statement=len(group) == 1 and group[0].one_statement)
        try:
            outcomes = [waiting.work(writer) for waiting in group]
            writer.commit()
        except Exception as error:
            writer.rollback()
            if len(group) == 1:
                # Undone, so that nothing was written: a value that the database refuses is for MLflow to judge.
                return [None if is_refused_value(error) else as_known_error(error)]
            return [self._write_group([entry], wait=True)[0] for entry in group]
        return outcomes

    def _read_in_thread(self, work: Work) -> Any:
        return work(self._thread_connection())

    def _thread_connection(self) -> TrackingConnection:
        connection: TrackingConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._url)
            self._opened.append(connection)
        return connection

    def _checkpoint(self) -> None:
        self._thread_connection().rows("PRAGMA wal_checkpoint(PASSIVE)")

    def _take_lock(self, seconds: float) -> bool:
        lock = self._database.write_lock
        return lock is None or lock.acquire(seconds)

    def _release_lock(self) -> None:
        if self._database.write_lock is not None:
            self._database.write_lock.release()
