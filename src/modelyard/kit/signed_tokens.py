"""Short-lived signed tokens: issued by one process, verified by another without a database.

A token is `base64url(payload).base64url(HMAC-SHA256)`; the payload names whom it is for and when it ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path


def signing_key(path: Path) -> bytes:
    """The key in a file that only its user may read, made at the first need; two makers at once agree on one."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return path.read_bytes()


def issue(key: bytes, audience: str, *, expires_at: float) -> str:
    payload = json.dumps({"aud": audience, "exp": expires_at}, separators=(",", ":")).encode()
    return f"{_encode(payload)}.{_encode(_sign(key, payload))}"


def verify(key: bytes, token: str, audience: str, *, now: float) -> bool:
    """True when the token was signed with this key, for this audience, and has not ended. Never raises."""
    try:
        payload_text, _, signature_text = token.partition(".")
        payload = _decode(payload_text)
        if not hmac.compare_digest(_sign(key, payload), _decode(signature_text)):
            return False
        claims = json.loads(payload)
        return claims["aud"] == audience and float(claims["exp"]) > now
    except (ValueError, KeyError, TypeError):
        return False


def _sign(key: bytes, payload: bytes) -> bytes:
    return hmac.new(key, b"modelyard-token:" + payload, hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
