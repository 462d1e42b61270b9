"""Subscriptions to events."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from modelyard.kinds.subscription import Subscription
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_page, takes
from modelyard.server.pages import PageQuery, TextQuery, page_body
from modelyard.server.routing import make_router, with_name
from modelyard.services import workspaces
from modelyard.services.subscriptions import Subscriptions
from modelyard.store.repositories.subscriptions import DeliveryRecord
from modelyard.store.transaction import Transaction

router = make_router("subscriptions")
BASE = "/workspaces/{workspace}/subscriptions"
Reader = Annotated[Access, Depends(allow("events.read"))]
Writer = Annotated[Access, Depends(allow("subscriptions.write"))]
_SHOWN = ("id", "event_id", "subject", "phase", "attempts", "next_at", "code", "reason", "created_at", "ended_at")


@router.get(BASE, responses=gives_page("subscription"))
def list_subscriptions(workspace: str, access: Reader, page: PageQuery, q: TextQuery = None) -> dict[str, Any]:
    """Subscriptions by name."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return page_body(_subscriptions(access).list_page(tx, workspace, page, text=q), Subscription.to_dict)


@router.get(f"{BASE}/{{name}}", responses=gives("subscription"))
def show_subscription(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """A subscription, how far it is, and how much waits or was set aside."""
    with access.read() as tx:
        return _subscriptions(access).get(tx, workspace, name).to_dict()


@router.put(f"{BASE}/{{name}}", responses=gives("subscription"), openapi_extra=takes("subscription"))
def put_subscription(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Create it, from the events of now on, or replace what it was."""
    subscription = Subscription.from_dict(with_name(body, name))
    with access.write() as tx:
        workspaces.get(tx, workspace)
        return _woken(access, tx, _subscriptions(access).put(tx, workspace, subscription))


@router.delete(f"{BASE}/{{name}}", status_code=204)
def delete_subscription(workspace: str, name: str, access: Writer) -> None:
    """Remove it with its history."""
    with access.write() as tx:
        tx.subscriptions.delete(workspace, name)


@router.post(f"{BASE}/{{name}}/pause", responses=gives("subscription"))
def pause_subscription(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Deliver nothing until it is resumed."""
    with access.write() as tx:
        return _subscriptions(access).set_enabled(tx, workspace, name, enabled=False).to_dict()


@router.post(f"{BASE}/{{name}}/resume", responses=gives("subscription"))
def resume_subscription(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Deliver again, with what happened meanwhile."""
    with access.write() as tx:
        return _woken(access, tx, _subscriptions(access).set_enabled(tx, workspace, name, enabled=True))


@router.post(f"{BASE}/{{name}}/replay", responses=gives("subscription"))
def replay_subscription(
    workspace: str,
    name: str,
    access: Writer,
    after: Annotated[int, Query(ge=0, le=2**62, description="The id of the last event that is not wanted again.")] = 0,
) -> dict[str, Any]:
    """Deliver again every event after that one."""
    with access.write() as tx:
        return _woken(access, tx, _subscriptions(access).replay(tx, workspace, name, after))


@router.get(f"{BASE}/{{name}}/deliveries")
def list_deliveries(
    workspace: str,
    name: str,
    access: Reader,
    page: PageQuery,
    phase: Literal["waiting", "delivered", "dead"] | None = None,
) -> dict[str, Any]:
    """Deliveries, newest first, with attempts, the receiver's answer and the reason of a failure."""
    with access.read() as tx:
        return page_body(_subscriptions(access).history(tx, workspace, name, page, phase), _delivery)


def _delivery(record: DeliveryRecord) -> dict[str, Any]:
    facts = asdict(record)
    shown = {key: facts[key] for key in _SHOWN if facts[key] is not None}
    return {**shown, "type": record.event.get("type")}


def _woken(access: Access, tx: Transaction, subscription: Subscription) -> dict[str, Any]:
    tx.after_commit(access.state.job_runtime.subscription_controller.wake)
    return subscription.to_dict()


def _subscriptions(access: Access) -> Subscriptions:
    return access.state.job_runtime.subscriptions
