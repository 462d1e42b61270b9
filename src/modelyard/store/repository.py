"""What every repository shares: its transaction, rows to records, filters by tag, keyset pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from modelyard.domain.errors import InvalidInput
from modelyard.kit.paging import MAX_PAGE_SIZE, MalformedToken, Page, PageOf, decode_token, encode_token
from modelyard.store.rows.columns import Moment

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction

T = TypeVar("T")


class Repository:
    """Reads and writes rows inside one transaction. Never commits."""

    def __init__(self, transaction: Transaction) -> None:
        self.tx = transaction

    @property
    def connection(self) -> Connection:
        return self.tx.connection

    def has_tag(self, column: Column[Any], key: str, value: str | None) -> ColumnElement[bool]:
        """A condition: the mapping in `column` has `key`, with `value` when one is given."""
        if self.tx.sqlite:
            each = func.json_each(column).table_valued("key", "atom")
            found = select(literal(1)).select_from(each).where(each.c.key == key)
            if value is not None:
                found = found.where(each.c.atom == value)
            return found.exists()
        if value is None:
            return column.op("?", is_comparison=True)(key)
        return column.cast(postgresql.JSONB).contains({key: value})

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert a row unless one with its key is there; False when it was. Waits for a rival's commit."""
        insert = sqlite.insert if self.tx.sqlite else postgresql.insert
        # RETURNING tells what happened; the driver's count of rows does not on PostgreSQL.
        key = next(iter(table.primary_key))
        statement = insert(table).values(dict(values)).on_conflict_do_nothing().returning(key)
        return self.connection.execute(statement).one_or_none() is not None

    def page(
        self,
        statement: Select[Any],
        keys: Sequence[Column[Any]],
        page: Page,
        load: Callable[[Row[Any]], T],
        *,
        descending: bool = False,
    ) -> PageOf[T]:
        """One page of `statement` in the order of `keys`, which must be unique together and never null."""
        if not 1 <= page.size <= MAX_PAGE_SIZE:
            raise InvalidInput(f"A page holds 1 to {MAX_PAGE_SIZE} items.", field="page_size")
        if page.token is not None:
            place = tuple_(
                *[literal(value, key.type) for key, value in zip(keys, _place(page.token, keys), strict=True)]
            )
            here = tuple_(*keys)
            statement = statement.where(here < place if descending else here > place)
        order = [key.desc() if descending else key.asc() for key in keys]
        rows = self.connection.execute(statement.order_by(*order).limit(page.size + 1)).all()
        items = [load(row) for row in rows[: page.size]]
        if len(rows) <= page.size:
            return PageOf(items)
        last = rows[page.size - 1]._mapping
        return PageOf(items, encode_token([_plain(last[key]) for key in keys]))


def as_record(cls: Callable[..., T], row: Row[Any], columns: Sequence[str], **extra: Any) -> T:
    """A record of `cls` from the columns of `row` that it has."""
    mapping = row._mapping
    return cls(**{name: mapping[name] for name in columns}, **extra)


def _place(token: str, keys: Sequence[Column[Any]]) -> list[Any]:
    try:
        values = decode_token(token, len(keys))
    except MalformedToken as error:
        raise InvalidInput(f"{error}.", field="page_token", mend="Start again without a page token.") from error
    return [_key_value(value, key) for value, key in zip(values, keys, strict=True)]


def _key_value(value: Any, key: Column[Any]) -> Any:
    number = isinstance(key.type, Moment) or key.type.python_type is int
    if type(value) is not (int if number else str) or (isinstance(value, int) and abs(value) >= 2**63):
        raise InvalidInput("The page token belongs to another list.", field="page_token")
    try:
        return key.type.process_result_value(value, None) if isinstance(key.type, Moment) else value
    except OverflowError as error:
        raise InvalidInput("The page token belongs to another list.", field="page_token") from error


def _plain(value: Any) -> Any:
    return Moment().process_bind_param(value, None) if isinstance(value, datetime) else value
