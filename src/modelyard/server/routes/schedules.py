"""Schedules."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends

from modelyard.kinds.schedule import Schedule
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_new, gives_page, takes
from modelyard.server.pages import PageQuery, TextQuery, page_body
from modelyard.server.routing import make_router, with_name
from modelyard.services import workspaces
from modelyard.services.schedules import Schedules
from modelyard.store.transaction import Transaction

router = make_router("schedules")
BASE = "/workspaces/{workspace}/schedules"
Reader = Annotated[Access, Depends(allow("jobs.read"))]
Writer = Annotated[Access, Depends(allow("jobs.write"))]


@router.get(BASE, responses=gives_page("schedule"))
def list_schedules(workspace: str, access: Reader, page: PageQuery, q: TextQuery = None) -> dict[str, Any]:
    """Schedules by name."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return page_body(_schedules(access).list_page(tx, workspace, page, text=q), Schedule.to_dict)


@router.get(f"{BASE}/{{name}}", responses=gives("schedule"))
def show_schedule(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """A schedule with its next and last time."""
    with access.read() as tx:
        return _schedules(access).get(tx, workspace, name).to_dict()


@router.put(f"{BASE}/{{name}}", responses=gives("schedule"), openapi_extra=takes("schedule"))
def put_schedule(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Create it, or replace what it was; it is enabled."""
    schedule = Schedule.from_dict(with_name(body, name))
    with access.write() as tx:
        workspaces.get(tx, workspace)
        return _woken(access, tx, _schedules(access).put(tx, workspace, schedule))


@router.delete(f"{BASE}/{{name}}", status_code=204)
def delete_schedule(workspace: str, name: str, access: Writer) -> None:
    """Remove it with its history. Jobs that it submitted stay."""
    with access.write() as tx:
        tx.schedules.delete(workspace, name)


@router.post(f"{BASE}/{{name}}/enable", responses=gives("schedule"))
def enable_schedule(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Let it fire, from now on."""
    with access.write() as tx:
        return _woken(access, tx, _schedules(access).enable(tx, workspace, name))


@router.post(f"{BASE}/{{name}}/disable", responses=gives("schedule"))
def disable_schedule(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Pause it."""
    with access.write() as tx:
        return _schedules(access).disable(tx, workspace, name).to_dict()


@router.post(f"{BASE}/{{name}}/trigger", status_code=201, responses=gives_new("command-job"))
def trigger_schedule(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Submit its job now."""
    with access.write() as tx:
        return _schedules(access).trigger(tx, workspace, name).to_dict()


@router.get(f"{BASE}/{{name}}/history")
def list_firings(workspace: str, name: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """Its firings, newest first: when it was due, what was submitted, or why not."""
    with access.read() as tx:
        found = _schedules(access).history(tx, workspace, name, page)
    return page_body(found, lambda firing: {key: value for key, value in asdict(firing).items() if value is not None})


def _woken(access: Access, tx: Transaction, schedule: Schedule) -> dict[str, Any]:
    tx.after_commit(access.state.job_runtime.schedule_controller.wake)
    return schedule.to_dict()


def _schedules(access: Access) -> Schedules:
    return access.state.job_runtime.schedules
