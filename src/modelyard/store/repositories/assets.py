"""Assets: data, environments, components and code, each a name with immutable versions and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, exists, func, insert, select, update

from modelyard.domain.errors import Conflict, InvalidInput, NotFound, did_you_mean
from modelyard.kit.paging import Page, PageOf
from modelyard.store.records import AssetContainer, AssetKind, AssetRecord
from modelyard.store.repository import Repository
from modelyard.store.rows.assets import ASSET_LABELS, ASSET_VERSIONS, ASSETS

LATEST = "latest"
_VERSION_FIELDS = [field.name for field in fields(AssetRecord) if field.name in ASSET_VERSIONS.c]
_CONTAINER_FIELDS = [field.name for field in fields(AssetContainer) if field.name in ASSETS.c]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """`version` None: the next number. An anonymous one, named by its content, may be created again and again."""

    name: str
    spec: Mapping[str, Any]
    version: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    properties: Mapping[str, str] | None = None
    content_hash: str | None = None
    job_name: str | None = None
    anonymous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFilter:
    """Conditions of a list, all of which must hold; `archived` None takes both."""

    text: str | None = None
    tags: Mapping[str, str | None] | None = None
    archived: bool | None = False
    created_after: datetime | None = None
    created_before: datetime | None = None
    created_by: str | None = None


class AssetRepository(Repository):
    def create_version(self, workspace: str, kind: AssetKind, new: NewVersion) -> AssetRecord:
        """Write a new version. Of two that write the same one, one wins and the other has Conflict.

        Automatic numbers have no gaps: the row of the name is locked from here to the commit, and a rollback
        gives the number back. An anonymous version that is there already is returned as it is.
        """
        asset = self._lock_container(workspace, kind, new)
        version = new.version or str(asset.next_number)
        there = self.find(workspace, kind, new.name, version)
        if there is not None:
            if new.anonymous and there.content_hash == new.content_hash:
                return there
            raise _exists(kind, new.name, version, asset.next_number)
        statement = insert(ASSET_VERSIONS).values(self._version_values(asset.id, version, new))
        row_id = self.connection.execute(statement.returning(ASSET_VERSIONS.c.id)).scalar_one()
        self.connection.execute(
            update(ASSETS)
            .where(ASSETS.c.id == asset.id)
            .values(
                latest_version_id=row_id,
                next_number=max(asset.next_number, _number(version) + 1),
                modified_at=self.tx.now,
            )
        )
        self._emit("created", workspace, kind, new.name, version)
        return self.get(workspace, kind, new.name, version)

    def get(self, workspace: str, kind: AssetKind, name: str, version: str) -> AssetRecord:
        """That version; NotFound, naming the versions or names there are, else."""
        found = self.find(workspace, kind, name, version)
        if found is not None:
            return found
        known = self.versions(workspace, kind, name)
        if not known:
            raise self._no_name(workspace, kind, name)
        raise NotFound(
            f"The {kind.value} '{name}' has no version '{version}'. There are: {_listed(known)}.",
            field="version",
            mend=did_you_mean(version, known),
        )

    def find(self, workspace: str, kind: AssetKind, name: str, version: str) -> AssetRecord | None:
        row = self.connection.execute(
            _versions().where(_is(workspace, kind, name), ASSET_VERSIONS.c.version == version)
        ).one_or_none()
        return None if row is None else _record(row)

    def by_label(self, workspace: str, kind: AssetKind, name: str, label: str) -> AssetRecord:
        """The version under a label; `latest` is the newest that is not archived. NotFound else."""
        container = self.container(workspace, kind, name)
        if label == LATEST:
            if container.latest is None:
                raise NotFound(
                    f"Every version of the {kind.value} '{name}' is archived.",
                    field="label",
                    mend="restore one, or name a version",
                )
            return container.latest
        row = self.connection.execute(
            _versions()
            .join(ASSET_LABELS, ASSET_LABELS.c.version_id == ASSET_VERSIONS.c.id)
            .where(ASSET_LABELS.c.asset_id == container.id, ASSET_LABELS.c.label == label)
        ).one_or_none()
        if row is None:
            known = [LATEST, *self.labels(workspace, kind, name)]
            raise NotFound(
                f"The {kind.value} '{name}' has no label '{label}'. There are: {_listed(known)}.",
                field="label",
                mend=did_you_mean(label, known),
            )
        return _record(row)

    def by_hash(self, workspace: str, kind: AssetKind, content_hash: str) -> AssetRecord | None:
        """The newest version with this content."""
        mine = (ASSETS.c.workspace == workspace) & (ASSETS.c.kind == kind.value)
        statement = _versions().where(mine, ASSET_VERSIONS.c.content_hash == content_hash)
        row = self.connection.execute(statement.order_by(ASSET_VERSIONS.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _record(row)

    def container(self, workspace: str, kind: AssetKind, name: str) -> AssetContainer:
        """The row of a name, with its latest version; NotFound else."""
        row = self.connection.execute(select(ASSETS).where(_is(workspace, kind, name))).one_or_none()
        if row is None:
            raise self._no_name(workspace, kind, name)
        return self._containers([row])[0]

    def list(
        self, workspace: str, kind: AssetKind, page: Page, filter: AssetFilter | None = None
    ) -> PageOf[AssetContainer]:
        """One row for each name, newest name first. Tags are looked for on the name and on its latest version."""
        wanted = filter or AssetFilter()
        statement = select(ASSETS).where(
            ASSETS.c.workspace == workspace, ASSETS.c.kind == kind.value, ASSETS.c.anonymous.is_(False)
        )
        statement = statement.where(*_common(ASSETS, wanted))
        if wanted.text:
            statement = statement.where(ASSETS.c.name.icontains(wanted.text, autoescape=True))
        for key, value in (wanted.tags or {}).items():
            on_latest = exists().where(
                ASSET_VERSIONS.c.id == ASSETS.c.latest_version_id, self.has_tag(ASSET_VERSIONS.c.tags, key, value)
            )
            statement = statement.where(on_latest | self.has_tag(ASSETS.c.tags, key, value))
        rows = self.page(statement, [ASSETS.c.id], page, lambda row: row, descending=True)
        return PageOf(self._containers(rows.items), rows.next_token)

    def list_versions(
        self, workspace: str, kind: AssetKind, name: str, page: Page, filter: AssetFilter | None = None
    ) -> PageOf[AssetRecord]:
        """Versions of a name, newest first; NotFound when there is no such name."""
        wanted = filter or AssetFilter()
        container = self.container(workspace, kind, name)
        statement = _versions().where(ASSET_VERSIONS.c.asset_id == container.id, *_common(ASSET_VERSIONS, wanted))
        if wanted.text:
            statement = statement.where(ASSET_VERSIONS.c.version.icontains(wanted.text, autoescape=True))
        tags = [self.has_tag(ASSET_VERSIONS.c.tags, *tag) for tag in (wanted.tags or {}).items()]
        return self.page(statement.where(*tags), [ASSET_VERSIONS.c.id], page, _record, descending=True)

    def versions(self, workspace: str, kind: AssetKind, name: str, limit: int = 50) -> Sequence[str]:
        """The newest versions of a name, for messages."""
        statement = select(ASSET_VERSIONS.c.version).join(ASSETS).where(_is(workspace, kind, name))
        return list(self.connection.execute(statement.order_by(ASSET_VERSIONS.c.id.desc()).limit(limit)).scalars())

    def labels(self, workspace: str, kind: AssetKind, name: str) -> dict[str, str]:
        """Label to version, `latest` not among them: it is computed."""
        statement = (
            select(ASSET_LABELS.c.label, ASSET_VERSIONS.c.version)
            .join(ASSET_VERSIONS, ASSET_VERSIONS.c.id == ASSET_LABELS.c.version_id)
            .join(ASSETS, ASSETS.c.id == ASSET_LABELS.c.asset_id)
            .where(_is(workspace, kind, name))
            .order_by(ASSET_LABELS.c.label)
        )
        return {row.label: row.version for row in self.connection.execute(statement)}

    def set_label(self, workspace: str, kind: AssetKind, name: str, label: str, version: str) -> None:
        """Put a label on a version, taking it from the one that had it."""
        if label == LATEST:
            raise InvalidInput("The label 'latest' is computed and cannot be set.", field="label")
        record = self.get(workspace, kind, name, version)
        container = self.container(workspace, kind, name)
        values = {"asset_id": container.id, "label": label, "version_id": record.id}
        if not self.insert_new(ASSET_LABELS, values):
            mine = (ASSET_LABELS.c.asset_id == container.id) & (ASSET_LABELS.c.label == label)
            self.connection.execute(update(ASSET_LABELS).where(mine).values(version_id=record.id))
        self._emit("labeled", workspace, kind, name, version, {"label": label})

    def remove_label(self, workspace: str, kind: AssetKind, name: str, label: str) -> None:
        """Take a label off; NotFound when it is not there."""
        record = self.by_label(workspace, kind, name, label)
        if label == LATEST:
            raise InvalidInput("The label 'latest' is computed and cannot be removed.", field="label")
        container = self.container(workspace, kind, name)
        mine = (ASSET_LABELS.c.asset_id == container.id) & (ASSET_LABELS.c.label == label)
        self.connection.execute(delete(ASSET_LABELS).where(mine))
        self._emit("unlabeled", workspace, kind, name, record.version, {"label": label})

    def set_archived(
        self, workspace: str, kind: AssetKind, name: str, version: str | None = None, *, archived: bool
    ) -> None:
        """Hide from lists, or show again, a version or the whole name. References by version go on working."""
        container = self.container(workspace, kind, name)
        verb = "archived" if archived else "restored"
        changes = {"archived": archived, "modified_at": self.tx.now}
        if version is None:
            self.connection.execute(update(ASSETS).where(ASSETS.c.id == container.id).values(changes))
        else:
            record = self.get(workspace, kind, name, version)
            self.connection.execute(update(ASSET_VERSIONS).where(ASSET_VERSIONS.c.id == record.id).values(changes))
            self._find_latest(container.id)
        self._emit(verb, workspace, kind, name, version)

    def edit(
        self,
        workspace: str,
        kind: AssetKind,
        name: str,
        version: str | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Change what is not part of the content of a version, or of the name itself; None stays."""
        changes: dict[str, Any] = {"modified_at": self.tx.now}
        if description is not None:
            changes["description"] = description
        if tags is not None:
            changes["tags"] = dict(tags)
        if properties is not None:
            changes["properties"] = dict(properties)
        if version is None:
            row_id = self.container(workspace, kind, name).id
            self.connection.execute(update(ASSETS).where(ASSETS.c.id == row_id).values(changes))
        else:
            row_id = self.get(workspace, kind, name, version).id
            self.connection.execute(update(ASSET_VERSIONS).where(ASSET_VERSIONS.c.id == row_id).values(changes))
        self._emit("updated", workspace, kind, name, version)

    def _lock_container(self, workspace: str, kind: AssetKind, new: NewVersion) -> Row[Any]:
        named = select(ASSETS).where(_is(workspace, kind, new.name)).with_for_update()
        row = self.connection.execute(named).one_or_none()
        if row is None:
            values: dict[str, Any] = {
                "workspace": workspace,
                "kind": kind.value,
                "name": new.name,
                "next_number": 1,
                "anonymous": new.anonymous,
                "archived": False,
                "description": new.description,
                "tags": {},
                "properties": {},
                "created_at": self.tx.now,
                "modified_at": self.tx.now,
                "created_by": self.tx.actor,
            }
            self.insert_new(ASSETS, values)
            row = self.connection.execute(named).one()
        return row

    def _version_values(self, asset_id: int, version: str, new: NewVersion) -> dict[str, Any]:
        return {
            "asset_id": asset_id,
            "version": version,
            "spec": dict(new.spec),
            "description": new.description,
            "tags": dict(new.tags or {}),
            "properties": dict(new.properties or {}),
            "content_hash": new.content_hash,
            "job_name": new.job_name,
            "archived": False,
            "created_at": self.tx.now,
            "modified_at": self.tx.now,
            "created_by": self.tx.actor,
        }

    def _find_latest(self, asset_id: int) -> None:
        newest = select(func.max(ASSET_VERSIONS.c.id)).where(
            ASSET_VERSIONS.c.asset_id == asset_id, ASSET_VERSIONS.c.archived.is_(False)
        )
        self.connection.execute(
            update(ASSETS).where(ASSETS.c.id == asset_id).values(latest_version_id=newest.scalar_subquery())
        )

    def _containers(self, rows: Sequence[Row[Any]]) -> Sequence[AssetContainer]:
        ids = [row.latest_version_id for row in rows if row.latest_version_id is not None]
        found = self.connection.execute(_versions().where(ASSET_VERSIONS.c.id.in_(ids))).all() if ids else []
        latest = {row.id: _record(row) for row in found}
        return [_container(row, latest.get(row.latest_version_id)) for row in rows]

    def _no_name(self, workspace: str, kind: AssetKind, name: str) -> NotFound:
        mine = (ASSETS.c.workspace == workspace) & (ASSETS.c.kind == kind.value) & ASSETS.c.anonymous.is_(False)
        known = self.connection.execute(select(ASSETS.c.name).where(mine).order_by(ASSETS.c.name).limit(200)).scalars()
        text = f"There is no {kind.value} asset '{name}' in workspace '{workspace}'."
        return NotFound(text, field="name", mend=did_you_mean(name, known))

    def _emit(
        self,
        verb: str,
        workspace: str,
        kind: AssetKind,
        name: str,
        version: str | None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        subject = f"{kind.value}/{name}" + ("" if version is None else f"/versions/{version}")
        self.tx.emit(f"modelyard.{kind.value}.{verb}", subject, workspace=workspace, data=data)


def _versions() -> Select[Any]:
    names = (ASSETS.c.workspace, ASSETS.c.kind, ASSETS.c.name, ASSETS.c.anonymous)
    return select(ASSET_VERSIONS, *names).join_from(ASSET_VERSIONS, ASSETS, ASSETS.c.id == ASSET_VERSIONS.c.asset_id)


def _is(workspace: str, kind: AssetKind, name: str) -> ColumnElement[bool]:
    return (ASSETS.c.workspace == workspace) & (ASSETS.c.kind == kind.value) & (ASSETS.c.name == name)


def _common(table: Any, filter: AssetFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filter.archived is not None:
        conditions.append(table.c.archived.is_(filter.archived))
    if filter.created_after is not None:
        conditions.append(table.c.created_at >= filter.created_after)
    if filter.created_before is not None:
        conditions.append(table.c.created_at < filter.created_before)
    if filter.created_by is not None:
        conditions.append(table.c.created_by == filter.created_by)
    return conditions


def _number(version: str) -> int:
    """The version as a number, 0 for one that is text or too long to count on from."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 16 else 0


def _listed(known: Sequence[str]) -> str:
    return ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")


def _exists(kind: AssetKind, name: str, version: str, next_number: int) -> Conflict:
    return Conflict(
        f"The {kind.value} '{name}' has a version '{version}' already; versions do not change.",
        field="version",
        mend=f"leave the version out to get {next_number}, or choose another",
    )


def _record(row: Row[Any]) -> AssetRecord:
    mapping = row._mapping
    values = {name: mapping[name] for name in _VERSION_FIELDS}
    return AssetRecord(
        **values,
        workspace=mapping["workspace"],
        kind=AssetKind(mapping["kind"]),
        name=mapping["name"],
        anonymous=mapping["anonymous"],
    )


def _container(row: Row[Any], latest: AssetRecord | None) -> AssetContainer:
    values = {name: row._mapping[name] for name in _CONTAINER_FIELDS}
    values["kind"] = AssetKind(values["kind"])
    return AssetContainer(**values, next_version=str(row.next_number), latest=latest)
