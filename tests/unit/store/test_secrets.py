"""Secrets at rest."""

import threading

import pytest

from modelyard.domain.errors import Unavailable
from modelyard.store.secrets import SecretBox


def test_what_is_sealed_opens_with_the_same_key_only(tmp_path):
    box = SecretBox.from_file(tmp_path / "secret.key")
    sealed = box.seal({"account_key": "hidden"})
    assert b"hidden" not in sealed
    assert SecretBox.from_file(tmp_path / "secret.key").open(sealed) == {"account_key": "hidden"}
    other = SecretBox.from_file(tmp_path / "other.key")
    for changed in (sealed[:-1] + b"x", b"", other.seal({})):
        with pytest.raises(Unavailable, match="another key"):
            box.open(changed)


def test_the_key_is_for_its_owner_alone_and_made_once(tmp_path):
    boxes = []
    threads = [
        threading.Thread(target=lambda: boxes.append(SecretBox.from_file(tmp_path / "secret.key"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    sealed = boxes[0].seal({"a": 1})
    assert [box.open(sealed) for box in boxes] == [{"a": 1}] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
