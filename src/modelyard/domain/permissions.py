"""What a caller may do: one enum of permissions, one table from role to permissions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """Every route names exactly one of these."""

    WORKSPACES_READ = "workspaces.read"
    WORKSPACES_WRITE = "workspaces.write"
    JOBS_READ = "jobs.read"
    JOBS_WRITE = "jobs.write"
    ASSETS_READ = "assets.read"
    ASSETS_WRITE = "assets.write"
    FILES_READ = "files.read"
    FILES_WRITE = "files.write"
    DATASTORES_READ = "datastores.read"
    DATASTORES_WRITE = "datastores.write"
    COMPUTES_READ = "computes.read"
    COMPUTES_WRITE = "computes.write"
    ENDPOINTS_READ = "endpoints.read"
    ENDPOINTS_WRITE = "endpoints.write"
    ENDPOINTS_KEYS = "endpoints.keys"
    EVENTS_READ = "events.read"
    SUBSCRIPTIONS_WRITE = "subscriptions.write"
    TRACKING_READ = "tracking.read"
    TRACKING_WRITE = "tracking.write"
    SERVER_READ = "server.read"
    SERVER_ADMIN = "server.admin"


class Role(StrEnum):
    ADMIN = "admin"
    CONTRIBUTOR = "contributor"
    READER = "reader"
    JOB = "job"


_READ = frozenset(permission for permission in Permission if permission.endswith(".read"))

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.CONTRIBUTOR: frozenset(Permission) - {Permission.SERVER_ADMIN, Permission.WORKSPACES_WRITE},
    Role.READER: _READ,
    # Running user code: it may track, read and make assets and child jobs, but not touch what others run on.
    Role.JOB: _READ
    | {Permission.JOBS_WRITE, Permission.ASSETS_WRITE, Permission.FILES_WRITE, Permission.TRACKING_WRITE},
}


def permitted(role: Role, permission: Permission) -> bool:
    """Whether `role` grants `permission`."""
    return permission in ROLE_PERMISSIONS[role]
