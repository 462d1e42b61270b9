"""Known tokens by hash, so that a call costs no database read to know its caller."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict

from modelyard.domain.errors import Unauthenticated
from modelyard.services.tokens import Caller, authenticate
from modelyard.store.database import Database

_LOG = logging.getLogger("modelyard.server")
TRUST_SECONDS = 5.0
_MAX_KNOWN = 4096


class TokenCache:
    """Remembers who a token is for `TRUST_SECONDS`: that long may a token revoked by another replica still work.

    A token revoked in this process is forgotten at once by `forget_all`. Keys are SHA-256, never the token itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._failures = _FailureLog()

    def cached(self, token: str) -> Caller | None:
        """The caller when the token was seen a moment ago; None says nothing about the token."""
        with self._lock:
            entry = self._known.get(_key(token))
        return entry[0] if entry and entry[1] > time.monotonic() else None

    def authenticate(self, token: str) -> Caller:
        """The caller behind `token`, by the database; Unauthenticated when it is unknown, expired or revoked."""
        try:
            with self._database.snapshot() as tx:
                caller = authenticate(tx, token)
        except Unauthenticated:
            self._failures.record()
            raise
        with self._lock:
            self._known[_key(token)] = (caller, time.monotonic() + TRUST_SECONDS)
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return caller

    def forget_all(self) -> None:
        """After a revocation: ask the database again for every token."""
        with self._lock:
            self._known.clear()


class _FailureLog:
    """Counts refused tokens and says so at most once in ten seconds; a token itself never reaches the log."""

    def __init__(self) -> None:
        self._count = 0
        self._next = 0.0

    def record(self) -> None:
        self._count += 1
        if time.monotonic() >= self._next:
            _LOG.warning("%d calls with an unknown or expired token", self._count)
            self._count, self._next = 0, time.monotonic() + 10


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
