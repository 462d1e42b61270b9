"""Bearer tokens: only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update

from modelyard.domain.errors import NotFound
from modelyard.kit.ids import secret_token
from modelyard.kit.paging import Page, PageOf
from modelyard.store.records import TokenKind, TokenRecord
from modelyard.store.repository import Repository
from modelyard.store.rows.tokens import TOKENS

_FIELDS = [field.name for field in fields(TokenRecord)]
_PREFIXES = {TokenKind.USER: "myu", TokenKind.JOB: "myj"}


def hash_of(secret: str) -> str:
    """The SHA-256 of a token. Tokens are long and random, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class TokenRepository(Repository):
    def create(
        self,
        kind: TokenKind,
        name: str,
        *,
        actor: str,
        role: str,
        workspace: str | None = None,
        job_name: str | None = None,
        expires_at: datetime | None = None,
        secret: str | None = None,
    ) -> tuple[TokenRecord, str]:
        """A new token and its secret, which cannot be had again. `secret`: one made elsewhere, such as a key file's."""
        secret = secret or secret_token(_PREFIXES[kind])
        values = {
            "secret_hash": hash_of(secret),
            "kind": kind.value,
            "name": name,
            "actor": actor,
            "role": role,
            "workspace": workspace,
            "job_name": job_name,
            "hint": secret[:8],
            "created_at": self.tx.now,
            "expires_at": expires_at,
        }
        row = self.connection.execute(insert(TOKENS).values(values).returning(*TOKENS.c)).one()
        if kind is TokenKind.USER:
            self._emit("created", row)
        return _record(row), secret

    def find(self, secret: str) -> TokenRecord | None:
        """The valid token of this secret: not revoked, not expired."""
        return self.find_hash(hash_of(secret))

    def find_hash(self, secret_hash: str) -> TokenRecord | None:
        valid = select(TOKENS).where(
            TOKENS.c.secret_hash == secret_hash,
            TOKENS.c.revoked_at.is_(None),
            or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > self.tx.now),
        )
        row = self.connection.execute(valid).one_or_none()
        return None if row is None else _record(row)

    def list(self, page: Page, *, kind: TokenKind | None = None, actor: str | None = None) -> PageOf[TokenRecord]:
        """Tokens that were not revoked, newest first."""
        statement = select(TOKENS).where(TOKENS.c.revoked_at.is_(None))
        if kind is not None:
            statement = statement.where(TOKENS.c.kind == kind.value)
        if actor is not None:
            statement = statement.where(TOKENS.c.actor == actor)
        return self.page(statement, [TOKENS.c.id], page, _record, descending=True)

    def revoke(self, token_id: int) -> None:
        """Make a token worthless; NotFound when there is none or it was revoked before."""
        still_valid = (TOKENS.c.id == token_id) & TOKENS.c.revoked_at.is_(None)
        statement = update(TOKENS).where(still_valid).values(revoked_at=self.tx.now).returning(*TOKENS.c)
        row = self.connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no token {token_id}.", field="id")
        self._emit("revoked", row)

    def revoke_for_job(self, workspace: str, job_name: str) -> int:
        """Make every token of a job worthless; answers how many."""
        mine = (TOKENS.c.workspace == workspace) & (TOKENS.c.job_name == job_name) & TOKENS.c.revoked_at.is_(None)
        return self.connection.execute(update(TOKENS).where(mine).values(revoked_at=self.tx.now)).rowcount

    def prune(self, before: datetime) -> int:
        """Forget tokens that ended before that moment."""
        return self.connection.execute(
            delete(TOKENS).where(or_(TOKENS.c.revoked_at < before, TOKENS.c.expires_at < before))
        ).rowcount

    def _emit(self, verb: str, row: Row[Any]) -> None:
        data = {"name": row.name, "actor": row.actor, "role": row.role}
        self.tx.emit(f"modelyard.token.{verb}", f"tokens/{row.id}", workspace=row.workspace, data=data)


def _record(row: Row[Any]) -> TokenRecord:
    values = {name: row._mapping[name] for name in _FIELDS}
    return TokenRecord(**{**values, "kind": TokenKind(values["kind"])})
