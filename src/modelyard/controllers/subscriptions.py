"""The subscription controller: writes down which events are to be told, and tells them, in order per subject."""

from __future__ import annotations

import logging
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from modelyard.controllers.loop import ControllerLoop
from modelyard.domain.errors import ModelyardError
from modelyard.services.outgoing import Answer
from modelyard.services.subscriptions import Subscriptions, wanted
from modelyard.store.database import Database
from modelyard.store.repositories.subscriptions import DEAD, DELIVERED, DeliveryRecord, SubscriptionRecord

logger = logging.getLogger(__name__)

BATCH = 200
AT_ONCE = 8
CLAIM_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 3600.0
# On PostgreSQL other servers write events too.
LOOK_SECONDS = 2.0


class SubscriptionController:
    """Give it `start()`, call `wake()` after commits, and `stop()`."""

    def __init__(self, database: Database, subscriptions: Subscriptions) -> None:
        self._database = database
        self._subscriptions = subscriptions
        self._loop = ControllerLoop("subscriptions", self._step)
        # Every commit writes events: whoever has no subscriptions pays nothing for them.
        self._active = True

    def start(self) -> None:
        self._database.subscribe(self._committed)
        self._loop.start()

    def wake(self) -> None:
        """Subscriptions were made or changed."""
        self._loop.wake()

    def _committed(self) -> None:
        if self._active:
            self._loop.wake()

    def stop(self) -> None:
        self._loop.stop()

    def step(self) -> None:
        """Everything that is due now: what the thread does each time, for tests without one."""
        with self._database.snapshot() as tx:
            subscribed = tx.subscriptions.enabled()
        self._active = bool(subscribed)
        for record in subscribed:
            self._scan(record)
        if subscribed:
            self._deliver()

    def _step(self) -> float | None:
        self.step()
        if not self._active:
            return None
        with self._database.snapshot() as tx:
            due = tx.subscriptions.next_due()
            pause = None if self._database.sqlite else LOOK_SECONDS
            if due is None:
                return pause
            seconds = max(0.05, (due - tx.now).total_seconds())
            return seconds if pause is None else min(seconds, pause)

    def _scan(self, record: SubscriptionRecord) -> None:
        """Look at the events after the cursor until there are none; each batch is one transaction."""
        while True:
            with self._database.snapshot() as tx:
                events = tx.events.after(record.cursor, limit=BATCH, workspaces=[record.workspace])
                last = tx.events.last_id()
            cursor = events[-1].id if len(events) == BATCH else last
            if cursor <= record.cursor:
                return
            told = wanted(record, events)
            with self._database.transaction(actor="server") as tx:
                if not tx.subscriptions.advance(record, cursor, told):
                    return
                moved = tx.subscriptions.by_id(record.id)
            if moved is None or len(events) < BATCH:
                return
            record = moved

    def _deliver(self) -> None:
        """Tell what is due, several at a time; a subject's next event waits for the one before."""
        while True:
            with self._database.transaction(actor="server") as tx:
                claimed = tx.subscriptions.claim_due(AT_ONCE, CLAIM_SECONDS)
            if not claimed:
                return
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliveries") as pool:
                list(pool.map(self._tell, claimed))

    def _tell(self, delivery: DeliveryRecord) -> None:
        try:
            with self._database.snapshot() as tx:
                record = tx.subscriptions.by_id(delivery.subscription_id)
                sealed = record.sealed_secret if record else None
                secret = str(tx.secrets.open(sealed)["secret"]) if sealed else None
            if record is None:
                return
            if record.spec["target"].get("type") == "job":
                self._start_job(record, delivery)
                return
            answer = self._subscriptions.outgoing.tell(record.spec["target"], secret, delivery.event)
            self._settle(record, delivery, answer)
        except Exception:
            # The claim runs out, and it is tried again.
            logger.exception("event %s could not be delivered", delivery.event_id)

    def _start_job(self, record: SubscriptionRecord, delivery: DeliveryRecord) -> None:
        """The job and the end of the delivery in one transaction: one job for each event."""
        try:
            with self._database.transaction(actor=f"subscription:{record.name}") as tx:
                if tx.subscriptions.settle(delivery, phase=DELIVERED, ended_at=tx.now, reason=None):
                    self._subscriptions.submit(tx, record, delivery.event)
        except ModelyardError as error:
            if error.status >= 500:
                raise
            self._settle(record, delivery, Answer(False, reason=str(error)))

    def _settle(self, record: SubscriptionRecord, delivery: DeliveryRecord, answer: Answer) -> None:
        with self._database.transaction(actor="server") as tx:
            if answer.delivered:
                tx.subscriptions.settle(delivery, phase=DELIVERED, code=answer.code, reason=None, ended_at=tx.now)
                return
            facts = {"code": answer.code, "reason": answer.reason}
            if delivery.attempts + 1 < int(record.spec.get("max_attempts", 10)):
                pause = timedelta(seconds=pause_seconds(delivery.attempts + 1))
                tx.subscriptions.settle(delivery, next_at=tx.now + pause, **facts)
            elif tx.subscriptions.settle(delivery, phase=DEAD, ended_at=tx.now, **facts):
                data = {"event": delivery.event_id, "reason": answer.reason}
                subject = f"subscriptions/{record.name}"
                tx.emit("modelyard.subscription.dead_lettered", subject, workspace=record.workspace, data=data)


def pause_seconds(attempts: int) -> float:
    """The wait before the next attempt: doubled each time, with up to a fifth of chance."""
    whole: float = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempts - 1))
    return whole * random.uniform(0.8, 1.0)
