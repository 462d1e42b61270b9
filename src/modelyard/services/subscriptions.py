"""Subscriptions: made, changed, paused, replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.errors import InvalidInput, ModelyardError
from modelyard.kinds.subscription import JobTarget, Subscription
from modelyard.kit.paging import Page, PageOf
from modelyard.services.job_templates import job_of
from modelyard.services.jobs import Jobs
from modelyard.services.outgoing import Outgoing
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.records import EventRecord
from modelyard.store.repositories.subscriptions import DEAD, WAITING, DeliveryRecord, SubscriptionRecord
from modelyard.store.transaction import Transaction

SPEC_VERSION = "1.0"
# Events about subscriptions are told to none: each would make another.
_SILENT = "modelyard.subscription."


@dataclass(frozen=True)
class Subscriptions:
    """The use cases of subscriptions. Whoever writes wakes the controller after the commit."""

    jobs: Jobs
    outgoing: Outgoing

    def put(self, tx: Transaction, workspace: str, subscription: Subscription) -> Subscription:
        """Create it, from now on, or replace what it was; a secret that is left out stays as it was."""
        if not subscription.name:
            raise InvalidInput("A subscription needs a name.", field="name")
        self._check(tx, workspace, subscription)
        spec = spec_of(subscription)
        secret = spec["target"].pop("secret", None)
        values = {
            "spec": spec,
            "enabled": True,
            "description": subscription.description,
            "tags": subscription.tags,
            "properties": subscription.properties,
        }
        if secret is not None:
            values["sealed_secret"] = tx.secrets.seal({"secret": secret})
        return entity(tx, tx.subscriptions.put(workspace, subscription.name, values))

    def get(self, tx: Transaction, workspace: str, name: str) -> Subscription:
        return entity(tx, tx.subscriptions.get(workspace, name))

    def list_page(
        self, tx: Transaction, workspace: str, page: Page, *, text: str | None = None
    ) -> PageOf[Subscription]:
        """Subscriptions by name."""
        return tx.subscriptions.list(workspace, page, text=text).map(lambda record: entity(tx, record))

    def set_enabled(self, tx: Transaction, workspace: str, name: str, *, enabled: bool) -> Subscription:
        """Pause it, or let it go on where it was: what happened meanwhile is delivered."""
        return entity(tx, tx.subscriptions.change(workspace, name, enabled=enabled))

    def replay(self, tx: Transaction, workspace: str, name: str, after: int) -> Subscription:
        """Deliver again every event after that id that is still kept."""
        if after < 0:
            raise InvalidInput("An event's id is a number from 0 on.", field="after")
        record = tx.subscriptions.get(workspace, name)
        tx.subscriptions.drop_waiting(record)
        return entity(tx, tx.subscriptions.change(workspace, name, cursor=after))

    def history(
        self, tx: Transaction, workspace: str, name: str, page: Page, phase: str | None = None
    ) -> PageOf[DeliveryRecord]:
        """Deliveries, newest first."""
        return tx.subscriptions.history(tx.subscriptions.get(workspace, name), page, phase)

    def submit(self, tx: Transaction, record: SubscriptionRecord, event: Mapping[str, Any]) -> str:
        """The job of a job target, for one event, in this transaction; its name."""
        job = job_of(tx, record.workspace, record.spec["target"]["create_job"], event_scope(event))
        job.name = None
        job.properties = {**job.properties, "modelyard.subscription": record.name, "modelyard.event": str(event["id"])}
        return str(self.jobs.create(tx, record.workspace, job).name)

    def _check(self, tx: Transaction, workspace: str, subscription: Subscription) -> None:
        target = subscription.target
        if isinstance(target, JobTarget):
            example = {"id": "0", "type": "modelyard.example", "subject": "example", "time": tx.now.isoformat()}
            try:
                job_of(tx, workspace, target.create_job, event_scope(example))
            except ModelyardError as error:
                error.field = f"target.create_job.{error.field}" if error.field else "target.create_job"
                raise
        else:
            self.outgoing.check(target)


def entity(tx: Transaction, record: SubscriptionRecord) -> Subscription:
    """A subscription as its readers see it: without its secret."""
    counts = tx.subscriptions.counts(record)
    return Subscription.from_stored(
        {
            **record.spec,
            "name": record.name,
            "id": f"azureml://workspaces/{record.workspace}/subscriptions/{record.name}",
            "description": record.description,
            "tags": record.tags,
            "properties": record.properties,
            "is_enabled": record.enabled,
            "cursor": record.cursor,
            "waiting": counts.get(WAITING, 0),
            "dead": counts.get(DEAD, 0),
            "creation_context": creation_context(record),
        }
    )


def wanted(record: SubscriptionRecord, events: list[EventRecord]) -> list[tuple[EventRecord, dict[str, Any]]]:
    """Those of `events` that pass the filter, with their CloudEvents form."""
    filter = Subscription.from_stored(record.spec).filter
    return [
        (stored, cloud_event(stored))
        for stored in events
        if not stored.event.type.startswith(_SILENT)
        and filter.takes(stored.event.type, stored.event.subject, stored.event.data)
    ]


def cloud_event(stored: EventRecord) -> dict[str, Any]:
    """An event by CloudEvents 1.0."""
    event = stored.event
    return {
        "specversion": SPEC_VERSION,
        "id": str(stored.id),
        "source": f"/workspaces/{event.workspace}" if event.workspace else "/",
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "datacontenttype": "application/json",
        "actor": event.actor,
        "data": dict(event.data),
    }


def event_scope(event: Mapping[str, Any]) -> dict[str, str]:
    """What a job's inputs and tags may say of the event."""
    plain = {f"event.{name}": str(event[name]) for name in ("id", "type", "subject", "time") if name in event}
    name = str(event.get("subject", "")).rpartition("/")[2]
    data = {f"event.data.{key}": str(value) for key, value in (event.get("data") or {}).items()}
    return {**plain, "event.name": name, **data}
