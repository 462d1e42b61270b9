"""Models: MLflow's registered models and versions, with what we know besides, so that both see the same rows."""
# lint: long-file: one noun whose reads and writes share two pairs of tables

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, and_, delete, func, insert, or_, select, tuple_, update

from modelyard.domain.errors import Conflict, InvalidInput, NotFound, did_you_mean
from modelyard.kit.paging import Page, PageOf
from modelyard.store.repositories.assets import LATEST, AssetFilter
from modelyard.store.repositories.model_records import (
    DELETED_STAGE,
    JOINED,
    MLFLOW_STAGES,
    SHOWN,
    ModelRecord,
    ModelVersionRecord,
    NewModelVersion,
    alive,
    milliseconds,
    name_record,
    of_name,
    select_names,
    select_versions,
    version_record,
)
from modelyard.store.repository import Repository
from modelyard.store.rows.mlflow_tables import model_version_tags as version_tags
from modelyard.store.rows.mlflow_tables import model_versions as versions
from modelyard.store.rows.mlflow_tables import registered_model_aliases as aliases
from modelyard.store.rows.mlflow_tables import registered_model_tags as name_tags
from modelyard.store.rows.mlflow_tables import registered_models as names
from modelyard.store.rows.models import MODEL_VERSIONS, MODELS
from modelyard.store.rows.workspaces import WORKSPACES

_PROMPT_TAG = "mlflow.prompt.is_prompt"
_ALIAS = re.compile(r"[\w\-]{1,255}", re.ASCII)
_NUMBER_ALIAS = re.compile(r"[vV]?\d+")
_MOST_DESCRIPTION = 5000
_MOST_NUMBER = 2**31 - 1


class ModelRepository(Repository):
    def create_version(self, workspace: str, new: NewModelVersion) -> ModelVersionRecord:
        """Write a new version, and its name when it is new. Of two that write the same one, one has Conflict."""
        _check_description(new.description)
        self._lock_name(workspace, new)
        top = select(func.max(versions.c.version)).where(of_name(versions, workspace, new.name))
        next_number = int(self.connection.execute(top).scalar() or 0) + 1
        version = new.version or str(next_number)
        if self.find(workspace, new.name, version) is not None or self._number_taken(workspace, new.name, version):
            raise Conflict(
                f"The model '{new.name}' has a version '{version}' already.",
                field="version",
                mend=f"leave the version out to get {next_number}",
            )
        number = _number(version) or next_number
        now = milliseconds(self.tx.now)
        self.connection.execute(insert(versions).values(self._mlflow_values(workspace, new, number, now)))
        self._write_tags(version_tags, new.tags, {"workspace": workspace, "name": new.name, "version": number})
        self.connection.execute(insert(MODEL_VERSIONS).values(self._own_values(workspace, new, number, version)))
        touched = of_name(names, workspace, new.name)
        self.connection.execute(update(names).where(touched).values(last_updated_time=now))
        self._emit("created", workspace, new.name, version)
        return self.get(workspace, new.name, version)

    def create_name(
        self, workspace: str, name: str, *, description: str | None = None, tags: Mapping[str, str] | None = None
    ) -> bool:
        """A name without versions; False when it is there."""
        _check_description(description)
        now = milliseconds(self.tx.now)
        values = {"workspace": workspace, "name": name, "description": description or ""}
        if not self.insert_new(names, values | {"creation_time": now, "last_updated_time": now}):
            return False
        own = {"workspace": workspace, "name": name, "properties": {}, "archived": False}
        audit = {"created_at": self.tx.now, "modified_at": self.tx.now, "created_by": self.tx.actor}
        self.insert_new(MODELS, own | audit)
        self._write_tags(name_tags, tags, {"workspace": workspace, "name": name})
        return True

    def get(self, workspace: str, name: str, version: str) -> ModelVersionRecord:
        """That version; NotFound, naming the versions or names there are, else."""
        found = self.find(workspace, name, version)
        if found is not None:
            return found
        known = self.known_versions(workspace, name)
        if not known:
            raise self._no_name(workspace, name)
        raise NotFound(
            f"The model '{name}' has no version '{version}'. There are: {', '.join(known[:10])}.",
            field="version",
            mend=did_you_mean(version, known),
        )

    def find(self, workspace: str, name: str, version: str) -> ModelVersionRecord | None:
        row = self.connection.execute(
            select_versions().where(alive(workspace, name), SHOWN.in_([version]))
        ).one_or_none()
        return None if row is None else self._records([row])[0]

    def by_number(self, workspace: str, name: str, number: int) -> ModelVersionRecord | None:
        """The version that MLflow knows by this number."""
        row = self.connection.execute(
            select_versions().where(alive(workspace, name), versions.c.version == number)
        ).one_or_none()
        return None if row is None else self._records([row])[0]

    def by_label(self, workspace: str, name: str, label: str) -> ModelVersionRecord:
        """The version under a label, MLflow's alias; `latest` is the newest that is not archived."""
        if label == LATEST:
            latest = self.container(workspace, name).latest
            if latest is None:
                raise NotFound(f"The model '{name}' has no version that is not archived.", field="label")
            return latest
        labels = self.labels(workspace, name)
        if label not in labels:
            self.container(workspace, name)
            known = [LATEST, *labels]
            raise NotFound(
                f"The model '{name}' has no label '{label}'. There are: {', '.join(known)}.",
                field="label",
                mend=did_you_mean(label, known),
            )
        return self.get(workspace, name, labels[label])

    def container(self, workspace: str, name: str) -> ModelRecord:
        """The row of a name, with its latest version; NotFound else."""
        row = self.connection.execute(select_names().where(of_name(names, workspace, name))).one_or_none()
        if row is None:
            raise self._no_name(workspace, name)
        return self._containers([row])[0]

    def list(self, workspace: str, page: Page, filter: AssetFilter | None = None) -> PageOf[ModelRecord]:
        """One row for each name, newest first. MLflow's prompts, which are in the same table, are left out."""
        wanted = filter or AssetFilter()
        prompt = select(name_tags.c.name).where(
            name_tags.c.workspace == workspace, name_tags.c.name == names.c.name, name_tags.c.key == _PROMPT_TAG
        )
        statement = select_names().where(names.c.workspace == workspace, ~prompt.exists())
        if wanted.archived is not None:
            statement = statement.where(func.coalesce(MODELS.c.archived, False).is_(wanted.archived))
        if wanted.text:
            statement = statement.where(names.c.name.icontains(wanted.text, autoescape=True))
        for key, value in (wanted.tags or {}).items():
            tagged = select(name_tags.c.name).where(
                name_tags.c.workspace == workspace, name_tags.c.name == names.c.name, name_tags.c.key == key
            )
            statement = statement.where(
                (tagged if value is None else tagged.where(name_tags.c.value == value)).exists()
            )
        keys = [names.c.creation_time, names.c.name]
        rows = self.page(statement, keys, page, lambda row: row, descending=True)
        return PageOf([*self._containers(rows.items)], rows.next_token)

    def list_versions(
        self, workspace: str, name: str, page: Page, filter: AssetFilter | None = None
    ) -> PageOf[ModelVersionRecord]:
        """Versions of a name, newest first; NotFound when there is no such name."""
        wanted = filter or AssetFilter()
        self.container(workspace, name)
        statement = select_versions().where(alive(workspace, name))
        if wanted.archived is not None:
            statement = statement.where(func.coalesce(MODEL_VERSIONS.c.archived, False).is_(wanted.archived))
        if wanted.text:
            statement = statement.where(SHOWN.icontains(wanted.text, autoescape=True))
        for key, value in (wanted.tags or {}).items():
            same = and_(
                version_tags.c.workspace == versions.c.workspace,
                version_tags.c.name == versions.c.name,
                version_tags.c.version == versions.c.version,
            )
            tagged = select(version_tags.c.name).where(same, version_tags.c.key == key)
            statement = statement.where(
                (tagged if value is None else tagged.where(version_tags.c.value == value)).exists()
            )
        rows = self.page(statement, [versions.c.version], page, lambda row: row, descending=True)
        return PageOf([*self._records(rows.items)], rows.next_token)

    def known_versions(self, workspace: str, name: str, limit: int = 50) -> Sequence[str]:
        """The newest versions of a name, for messages."""
        statement = select(SHOWN).select_from(JOINED).where(alive(workspace, name))
        return list(self.connection.execute(statement.order_by(versions.c.version.desc()).limit(limit)).scalars())

    def labels(self, workspace: str, name: str) -> dict[str, str]:
        """Label to version, `latest` not among them: it is computed."""
        joined = aliases.join(
            JOINED,
            and_(
                versions.c.workspace == aliases.c.workspace,
                versions.c.name == aliases.c.name,
                versions.c.version == aliases.c.version,
            ),
        )
        statement = select(aliases.c.alias, SHOWN.label("shown")).select_from(joined)
        rows = self.connection.execute(statement.where(alive(workspace, name)).order_by(aliases.c.alias))
        return {row.alias: row.shown for row in rows}

    def set_label(self, workspace: str, name: str, label: str, version: str) -> None:
        """Put a label on a version, taking it from the one that had it."""
        if label == LATEST:
            raise InvalidInput("The label 'latest' is computed and cannot be set.", field="label")
        if not _ALIAS.fullmatch(label) or _NUMBER_ALIAS.fullmatch(label):
            raise InvalidInput(
                f"'{label[:60]}' cannot be a model's label.",
                field="label",
                mend="use letters, digits, '_' and '-', and no bare number or v<number>",
            )
        record = self.get(workspace, name, version)
        values = {"workspace": workspace, "name": name, "alias": label, "version": record.number}
        if not self.insert_new(aliases, values):
            mine = of_name(aliases, workspace, name) & (aliases.c.alias == label)
            self.connection.execute(update(aliases).where(mine).values(version=record.number))
        self._emit("labeled", workspace, name, version, {"label": label})

    def remove_label(self, workspace: str, name: str, label: str) -> None:
        """Take a label off; NotFound when it is not there."""
        if label == LATEST:
            raise InvalidInput("The label 'latest' is computed and cannot be removed.", field="label")
        record = self.by_label(workspace, name, label)
        self.connection.execute(delete(aliases).where(of_name(aliases, workspace, name) & (aliases.c.alias == label)))
        self._emit("unlabeled", workspace, name, record.version, {"label": label})

    def set_archived(self, workspace: str, name: str, version: str | None = None, *, archived: bool) -> None:
        """Hide from lists, or show again, a version or the whole name. References by version go on working."""
        changes = {"archived": archived, "modified_at": self.tx.now}
        if version is None:
            self._own_name(workspace, name)
            self.connection.execute(update(MODELS).where(of_name(MODELS, workspace, name)).values(changes))
        else:
            self._change_own_version(workspace, name, version, changes)
        self._emit("archived" if archived else "restored", workspace, name, version)

    def edit(
        self,
        workspace: str,
        name: str,
        version: str | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        stage: str | None = None,
    ) -> None:
        """Change what is not part of the content of a version, or of the name itself; None stays."""
        _check_description(description)
        now = milliseconds(self.tx.now)
        changes: dict[str, Any] = {"last_updated_time": now}
        if description is not None:
            changes["description"] = description
        if version is None:
            self._own_name(workspace, name)
            table, where, labels = names, of_name(names, workspace, name), {"workspace": workspace, "name": name}
            own: dict[str, Any] = {"modified_at": self.tx.now}
            if properties is not None:
                own["properties"] = dict(properties)
            self.connection.execute(update(MODELS).where(of_name(MODELS, workspace, name)).values(own))
        else:
            record = self.get(workspace, name, version)
            table, where = versions, of_name(versions, workspace, name) & (versions.c.version == record.number)
            labels = {"workspace": workspace, "name": name, "version": record.number}  # type: ignore[dict-item]
            own = {"modified_at": self.tx.now, "properties": dict(properties)} if properties is not None else {}
            if stage is not None:
                changes["current_stage"] = MLFLOW_STAGES.get(stage.lower(), "None")
                own["spec"] = {**record.spec, "stage": stage}
            self._change_own_version(workspace, name, version, own)
        self.connection.execute(update(table).where(where).values(changes))
        if tags is not None:
            tag_table = name_tags if version is None else version_tags
            same = and_(*[tag_table.c[key] == value for key, value in labels.items()])
            self.connection.execute(delete(tag_table).where(same))
            self._write_tags(tag_table, tags, labels)
        self._emit("updated", workspace, name, version)

    def adopt_version(self, record: ModelVersionRecord, *, spec: Mapping[str, Any], job_name: str | None) -> bool:
        """Add what we know of a version that MLflow made, and its event; False when it was added before."""
        self._own_name(record.workspace, record.name)
        values = {"workspace": record.workspace, "name": record.name, "number": record.number}
        values |= {"version": record.version, "spec": dict(spec), "job_name": job_name, "properties": {}}
        audit = {"created_at": record.created_at, "modified_at": self.tx.now, "created_by": self.tx.actor}
        if not self.insert_new(MODEL_VERSIONS, values | audit | {"archived": False}):
            return False
        self._emit("created", record.workspace, record.name, record.version)
        return True

    def unadopted(self, limit: int = 10_000) -> Sequence[tuple[str, str, int]]:
        """Workspace, name and number of versions that MLflow made and `adopt_version` has not seen."""
        prompt = select(name_tags.c.name).where(
            name_tags.c.workspace == versions.c.workspace,
            name_tags.c.name == versions.c.name,
            name_tags.c.key == _PROMPT_TAG,
        )
        here = select(WORKSPACES.c.name).where(WORKSPACES.c.name == versions.c.workspace)
        statement = select(versions.c.workspace, versions.c.name, versions.c.version).select_from(JOINED)
        fresh = statement.where(MODEL_VERSIONS.c.id.is_(None), here.exists(), ~prompt.exists())
        return [tuple(row) for row in self.connection.execute(fresh.limit(limit))]

    def adopt_name(self, workspace: str, name: str) -> None:
        """Add what we know of a name that MLflow made a moment ago for this transaction's actor, and its event."""
        self._own_name(workspace, name, created_by=self.tx.actor)
        self._emit("named", workspace, name, None)

    def touched(self, verb: str, workspace: str, name: str, version: str | None) -> None:
        """Write the event of a change that MLflow itself made."""
        self._emit(verb, workspace, name, version)

    def is_prompt(self, workspace: str, name: str) -> bool:
        """Whether the name is one of MLflow's prompts, which are kept in the same tables and are no models."""
        marked = of_name(name_tags, workspace, name) & (name_tags.c.key == _PROMPT_TAG)
        return self.connection.execute(select(name_tags.c.name).where(marked)).first() is not None

    def follow_mlflow(self, workspace: str, *, renamed: tuple[str, str] | None = None) -> bool:
        """After MLflow itself renamed or deleted something: rename or drop what we knew besides; whether any went."""
        if renamed is not None:
            for table in (MODELS, MODEL_VERSIONS):
                self.connection.execute(
                    update(table).where(of_name(table, workspace, renamed[0])).values(name=renamed[1])
                )
        here = select(names.c.name).where(names.c.workspace == workspace)
        nameless = delete(MODELS).where(MODELS.c.workspace == workspace, MODELS.c.name.not_in(here))
        gone_names = self.connection.execute(nameless).rowcount
        kept = select(versions.c.name, versions.c.version).where(
            versions.c.workspace == workspace,
            or_(versions.c.current_stage.is_(None), versions.c.current_stage != DELETED_STAGE),
        )
        gone = tuple_(MODEL_VERSIONS.c.name, MODEL_VERSIONS.c.number).not_in(kept)
        dropped = delete(MODEL_VERSIONS).where(MODEL_VERSIONS.c.workspace == workspace, gone)
        return gone_names + self.connection.execute(dropped).rowcount > 0

    def _lock_name(self, workspace: str, new: NewModelVersion) -> None:
        """Make the name when it is new, and let no other writer number its versions before we commit."""
        self.create_name(workspace, new.name)
        mine = of_name(names, workspace, new.name)
        self.connection.execute(select(names.c.name).where(mine).with_for_update())

    def _number_taken(self, workspace: str, name: str, version: str) -> bool:
        """Whether MLflow has the number already, be it for a deleted version or for one that we call otherwise."""
        number = _number(version)
        if number is None:
            return False
        taken = of_name(versions, workspace, name) & (versions.c.version == number)
        return self.connection.execute(select(versions.c.version).where(taken)).first() is not None

    def _mlflow_values(self, workspace: str, new: NewModelVersion, number: int, now: int) -> dict[str, Any]:
        return {
            "workspace": workspace,
            "name": new.name,
            "version": number,
            "creation_time": now,
            "last_updated_time": now,
            "description": new.description or "",
            "user_id": self.tx.actor,
            "current_stage": MLFLOW_STAGES.get((new.stage or "none").lower(), "None"),
            "source": new.source,
            "storage_location": new.download_uri,
            "run_id": new.run_id or "",
            "status": "READY",
            "run_link": "",
        }

    def _own_values(self, workspace: str, new: NewModelVersion, number: int, version: str) -> dict[str, Any]:
        return {
            "workspace": workspace,
            "name": new.name,
            "number": number,
            "version": version,
            "spec": dict(new.spec) | ({"stage": new.stage} if new.stage else {}),
            "content_hash": new.content_hash,
            "job_name": new.job_name,
            "properties": dict(new.properties or {}),
            "archived": False,
            "created_at": self.tx.now,
            "modified_at": self.tx.now,
            "created_by": self.tx.actor,
        }

    def _own_name(self, workspace: str, name: str, created_by: str = "") -> None:
        """See to it that our row of a name is there: MLflow may have made the name without us."""
        record = self.container(workspace, name)
        values = {"workspace": workspace, "name": name, "properties": {}, "archived": False}
        creator = record.created_by or created_by
        audit = {"created_at": record.created_at, "modified_at": self.tx.now, "created_by": creator}
        self.insert_new(MODELS, values | audit)

    def _change_own_version(self, workspace: str, name: str, version: str, changes: Mapping[str, Any]) -> None:
        record = self.get(workspace, name, version)
        values = {"workspace": workspace, "name": name, "number": record.number, "version": record.version}
        values |= {"spec": record.spec, "properties": record.properties, "archived": record.archived}
        values |= {"created_at": record.created_at, "modified_at": self.tx.now, "created_by": record.created_by}
        self.insert_new(MODEL_VERSIONS, values)
        if changes:
            mine = of_name(MODEL_VERSIONS, workspace, name) & (MODEL_VERSIONS.c.number == record.number)
            self.connection.execute(update(MODEL_VERSIONS).where(mine).values(dict(changes)))

    def _write_tags(self, table: Table, tags: Mapping[str, str] | None, place: Mapping[str, Any]) -> None:
        rows = [{**place, "key": key, "value": value} for key, value in (tags or {}).items()]
        if rows:
            self.connection.execute(insert(table), rows)

    def _records(self, rows: Sequence[Row[Any]]) -> Sequence[ModelVersionRecord]:
        if not rows:
            return []
        workspace = rows[0].workspace
        wanted = tuple_(version_tags.c.name, version_tags.c.version).in_({(row.name, row.version) for row in rows})
        found: dict[tuple[str, int], dict[str, str]] = {}
        statement = select(version_tags).where(version_tags.c.workspace == workspace, wanted)
        for tag in self.connection.execute(statement):
            found.setdefault((tag.name, tag.version), {})[tag.key] = tag.value or ""
        return [version_record(row, found.get((row.name, row.version), {})) for row in rows]

    def _containers(self, rows: Sequence[Row[Any]]) -> Sequence[ModelRecord]:
        if not rows:
            return []
        workspace, found = rows[0].workspace, [row.name for row in rows]
        tags: dict[str, dict[str, str]] = {}
        statement = select(name_tags).where(name_tags.c.workspace == workspace, name_tags.c.name.in_(found))
        for tag in self.connection.execute(statement):
            tags.setdefault(tag.name, {})[tag.key] = tag.value or ""
        latest = self._latest(workspace, found)
        return [name_record(row, tags.get(row.name, {}), latest.get(row.name)) for row in rows]

    def _latest(self, workspace: str, found: Sequence[str]) -> dict[str, ModelVersionRecord]:
        """The newest version of each name that is neither archived nor deleted."""
        place = func.row_number().over(partition_by=versions.c.name, order_by=versions.c.version.desc())
        usable = and_(
            versions.c.workspace == workspace,
            versions.c.name.in_(found),
            func.coalesce(versions.c.current_stage, "None") != DELETED_STAGE,
            func.coalesce(MODEL_VERSIONS.c.archived, False).is_(False),
        )
        ranked = select_versions().add_columns(place.label("place")).where(usable).subquery()
        rows = self.connection.execute(select(ranked).where(ranked.c.place == 1)).all()
        return {record.name: record for record in self._records(rows)}

    def _no_name(self, workspace: str, name: str) -> NotFound:
        known = self.connection.execute(select(names.c.name).where(names.c.workspace == workspace).limit(200)).scalars()
        return NotFound(f"There is no model '{name}'.", field="name", mend=did_you_mean(name, known))

    def _emit(
        self, verb: str, workspace: str, name: str, version: str | None, data: Mapping[str, Any] | None = None
    ) -> None:
        subject = f"model/{name}" if version is None else f"model/{name}/versions/{version}"
        self.tx.emit(f"modelyard.model.{verb}", subject, workspace=workspace, data=data)


def _number(version: str) -> int | None:
    """The number that a version's text is, in its one way to write it."""
    is_number = version.isdecimal() and version.isascii() and not version.startswith("0") and len(version) < 11
    return int(version) if is_number and int(version) <= _MOST_NUMBER else None


def _check_description(description: str | None) -> None:
    if description is not None and len(description) > _MOST_DESCRIPTION:
        raise InvalidInput(f"A model's description has at most {_MOST_DESCRIPTION} characters.", field="description")
