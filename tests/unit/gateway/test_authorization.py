"""Keys by hash, tokens by signature."""

import hashlib
from pathlib import Path

import pytest

from modelyard.gateway.authorization import TOKEN_KEY_FILE, Authorizer, bearer
from modelyard.gateway.routing import EndpointRoute
from modelyard.kit.signed_tokens import issue, signing_key


def endpoint(mode: str = "key", *keys: str) -> EndpointRoute:
    hashes = tuple(hashlib.sha256(key.encode()).hexdigest() for key in keys)
    return EndpointRoute("ws/iris", mode, hashes, {}, {}, {})


@pytest.mark.parametrize(
    ("header", "found"),
    [(b"Bearer abc", b"abc"), (b"bearer abc", b"abc"), (b"Basic abc", None), (b"Bearer ", None), (None, None)],
)
def test_credential_of_a_header(header: bytes | None, found: bytes | None) -> None:
    assert bearer(header) == found


def test_either_key_opens(tmp_path: Path) -> None:
    route, authorizer = endpoint("key", "first", "second"), Authorizer(tmp_path)

    assert authorizer.opens(route, b"first")
    assert authorizer.opens(route, b"second")
    assert not authorizer.opens(route, b"third")
    assert not authorizer.opens(endpoint("key"), b"first")
    assert not authorizer.opens(route, b"\xff\xfe")


@pytest.mark.parametrize("mode", ["aml_token", "aad_token"])
def test_token_opens_its_own_endpoint_until_it_ends(tmp_path: Path, mode: str) -> None:
    now = 1000.0
    authorizer = Authorizer(tmp_path, now=lambda: now)
    key = signing_key(tmp_path / TOKEN_KEY_FILE)

    assert authorizer.opens(endpoint(mode), issue(key, "ws/iris", expires_at=1001.0).encode())
    assert not authorizer.opens(endpoint(mode), issue(key, "ws/other", expires_at=1001.0).encode())
    assert not authorizer.opens(endpoint(mode), issue(key, "ws/iris", expires_at=1000.0).encode())
    assert not authorizer.opens(endpoint(mode), b"\xff.\xff")


def test_metrics_are_for_the_admin_token(tmp_path: Path) -> None:
    authorizer = Authorizer(tmp_path)

    assert not authorizer.is_admin(b"")
    (tmp_path / "admin-token").write_text("secret\n")
    assert authorizer.is_admin(b"secret")
    assert not authorizer.is_admin(b"other")
