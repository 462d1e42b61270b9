"""Wakes the readers of event streams: at once for what this process wrote, within a second for other processes."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from modelyard.store.database import Database

_POLL_SECONDS = 1.0


class EventHub:
    """One per process, bound to the event loop that serves it. Readers wait; nobody polls for each reader.

    Use: `ticket = hub.ticket()`, read the database, and if there was nothing `await hub.wait(ticket, seconds)`.
    What is committed after the ticket was taken ends the wait.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = asyncio.Event()
        self._scheduled = False
        self._stopped = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._database.subscribe(self.wake)
        if not self._database.sqlite:
            self._poller = self._loop.create_task(self._poll())

    async def stop(self) -> None:
        """End every wait and the polling; a question to the database that is under way is waited for."""
        self._fire()
        self._stopped.set()
        if self._poller is not None:
            await self._poller

    def wake(self) -> None:
        """Something was committed, or the server is stopping. From any thread; many calls wake once."""
        loop = self._loop
        if loop is None or self._scheduled or loop.is_closed():
            return
        self._scheduled = True
        loop.call_soon_threadsafe(self._fire)

    def ticket(self) -> asyncio.Event:
        """Taken before reading, so that what is written meanwhile is not missed."""
        return self._next

    async def wait(self, ticket: asyncio.Event, seconds: float) -> bool:
        """True when something happened since the ticket was taken, False after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await ticket.wait()
        except TimeoutError:
            return False
        return True

    def _fire(self) -> None:
        self._scheduled = False
        ticket, self._next = self._next, asyncio.Event()
        ticket.set()

    async def _poll(self) -> None:
        seen = -1
        while not await self.wait(self._stopped, _POLL_SECONDS):
            last = await run_in_threadpool(self._last_id)
            if last != seen:
                seen = last
                self._fire()

    def _last_id(self) -> int:
        with self._database.snapshot() as tx:
            return tx.events.last_id()
