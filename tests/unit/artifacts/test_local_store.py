"""What only files on a disk can do wrong: links, full disks, leftovers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.artifacts.content_store import ContentStore
from modelyard.artifacts.local_store import LEFTOVER_SECONDS, TEMPORARY_PREFIX, LocalStore
from modelyard.domain.errors import InvalidInput, StorageFull


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    root = tmp_path / "root"
    root.mkdir()
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    store = LocalStore(root)
    for path in ("folder/secret", "file"):
        with pytest.raises(InvalidInput):
            store.open_read(path)
        with pytest.raises(InvalidInput):
            store.put_stream(path, [b"x"])
        with pytest.raises(InvalidInput):
            store.delete(path)
    assert (outside / "secret").read_text() == "s"


def test_a_link_within_the_root_is_followed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put_stream("real", [b"x"])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert b"".join(store.open_read("link")) == b"x"


def test_a_list_does_not_follow_links_to_folders(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put_stream("folder/file", [b"x"])
    (tmp_path / "folder" / "loop").symlink_to(tmp_path)
    assert [found.path for found in store.list()] == ["folder/file"]


def test_a_list_keeps_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").symlink_to(tmp_path / "secret")
    assert list(LocalStore(root).list()) == []


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    store = LocalStore(tmp_path / "root")
    store.put_stream("a/b", [b"x"])
    assert (tmp_path / "real" / "a" / "b").read_bytes() == b"x"


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put_stream("a", [b"x"])
    with pytest.raises(InvalidInput):
        store.put_stream("a/b", [b"x"])


def test_leftovers_of_killed_writers_are_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "root")
    store.put_stream("deep/kept", [b"x"])
    for name in ("old-file", "new-file"):
        (tmp_path / "root" / "deep" / f"{TEMPORARY_PREFIX}{name}").write_bytes(b"half")
    folder = tmp_path / "root" / f"{TEMPORARY_PREFIX}old-folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"half")
    long_ago = time.time() - LEFTOVER_SECONDS - 60
    for old in (folder, tmp_path / "root" / "deep" / f"{TEMPORARY_PREFIX}old-file"):
        os.utime(old, (long_ago, long_ago))
    assert store.sweep() == 2
    left = sorted(path.name for path in (tmp_path / "root").rglob("*"))
    assert left == [f"{TEMPORARY_PREFIX}new-file", "deep", "kept"]
    assert LocalStore(tmp_path / "nowhere").sweep() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    store = LocalStore(small_disk / "root")
    store.put_stream("before", [b"kept"])
    with pytest.raises(StorageFull):
        store.put_stream("large", [bytes(600_000)] * 3)
    assert [found.path for found in store.list()] == ["before"]
    assert [entry.name for entry in (small_disk / "root").iterdir()] == ["before"]
    assert store.put_stream("after", [bytes(500_000)]).size == 500_000


def test_a_full_disk_keeps_no_half_blob(small_disk: Path) -> None:
    content = ContentStore(LocalStore(small_disk / "cas"), small_disk / "partial", max_blob_bytes=1 << 30)
    digest = "a" * 64
    with pytest.raises(StorageFull), content.receive(digest) as writer:
        for _ in range(3):
            writer.write(bytes(600_000))
    assert content.size(digest) is None
    assert list((small_disk / "partial").iterdir()) == []


def test_a_copy_to_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    store = LocalStore(small_disk)
    store.put_stream("source", [bytes(700_000)])
    with pytest.raises(StorageFull):
        store.copy("source", "target")
    assert [found.path for found in store.list()] == ["source"]
