"""What is forgotten after a time, in small steps: old events, tokens that ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from modelyard.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept after they happened or ended."""

    events: timedelta = timedelta(days=90)
    ended_tokens: timedelta = timedelta(days=30)


def forget(tx: Transaction, retention: Retention, *, limit: int = 2000) -> int:
    """Forget at most `limit` events and the tokens that ended long ago; answers how many of both.

    Call again, in a new transaction, while it answers `limit` or more: others write in between.
    """
    return tx.events.prune(tx.now - retention.events, limit) + tx.tokens.prune(tx.now - retention.ended_tokens)
