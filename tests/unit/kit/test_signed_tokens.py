"""Tokens hold for one audience and one time, and cannot be forged."""

from pathlib import Path

import pytest

from modelyard.kit.signed_tokens import issue, signing_key, verify

KEY = b"k" * 32


def test_holds_for_its_audience_until_its_end() -> None:
    token = issue(KEY, "ws/iris", expires_at=100.0)

    assert verify(KEY, token, "ws/iris", now=99.0)
    assert not verify(KEY, token, "ws/iris", now=100.0)
    assert not verify(KEY, token, "ws/other", now=99.0)
    assert not verify(b"x" * 32, token, "ws/iris", now=99.0)


@pytest.mark.parametrize("token", ["", ".", "a.b", "e30.e30", "%%%.%%%", "é.é", "a" * 10_000])
def test_noise_is_refused(token: str) -> None:
    assert not verify(KEY, token, "ws/iris", now=0.0)


def test_changed_payload_is_refused() -> None:
    payload, _, signature = issue(KEY, "ws/iris", expires_at=100.0).partition(".")
    other, _, _ = issue(KEY, "ws/iris", expires_at=10_000.0).partition(".")

    assert not verify(KEY, f"{other}.{signature}", "ws/iris", now=99.0)
    assert verify(KEY, f"{payload}.{signature}", "ws/iris", now=99.0)


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "token.key"

    assert signing_key(path) == signing_key(path)
    assert len(signing_key(path)) == 32
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["token.key"]
