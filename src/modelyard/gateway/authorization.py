"""Who may score: endpoint keys by their hashes, endpoint tokens by their signature. No database, constant time."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

from modelyard.gateway.routing import EndpointRoute
from modelyard.kit.signed_tokens import signing_key, verify

TOKEN_KEY_FILE = "endpoint-token.key"
ADMIN_TOKEN_FILE = "admin-token"


def bearer(header: bytes | None) -> bytes | None:
    """The credential of `Authorization: Bearer <credential>`, else None."""
    if header is None or header[:7].lower() != b"bearer ":
        return None
    return header[7:].strip() or None


class Authorizer:
    """Answers whether a credential opens an endpoint, or the gateway's own metrics."""

    def __init__(self, home: Path, now: Callable[[], float] = time.time) -> None:
        self._home = home
        self._now = now
        self._token_key: bytes | None = None

    def opens(self, endpoint: EndpointRoute, credential: bytes) -> bool:
        if endpoint.auth_mode == "key":
            return matches_any(credential, endpoint.key_hashes)
        if self._token_key is None:
            self._token_key = signing_key(self._home / TOKEN_KEY_FILE)
        return verify(self._token_key, credential.decode("ascii", "replace"), endpoint.key, now=self._now())

    def is_admin(self, credential: bytes) -> bool:
        """Metrics name endpoints and their load: they are for who runs the platform."""
        try:
            token = (self._home / ADMIN_TOKEN_FILE).read_bytes().strip()
        except OSError:
            return False
        return bool(token) and hmac.compare_digest(token, credential)


def matches_any(credential: bytes, key_hashes: tuple[str, ...]) -> bool:
    """Compare with every hash, whichever matches: the time tells nothing."""
    digest = hashlib.sha256(credential).hexdigest()
    found = False
    for known in key_hashes:
        found |= hmac.compare_digest(digest, known)
    return found
