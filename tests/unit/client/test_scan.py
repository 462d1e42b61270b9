import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelyard.client.uploads.scan import scan
from modelyard.client.uploads.stat_cache import StatCache, hash_file
from modelyard.domain.errors import InvalidInput


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    with StatCache(tmp_path / "cache" / "hashes.sqlite") as cache:
        yield cache


def paths(root: Path, cache: StatCache, *, gitignore: bool = True) -> list[str]:
    return [file.path for file in scan(root, cache, gitignore=gitignore).files]


@dataclass
class Status:
    """What a cache looks at of a file that was written long ago."""

    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int = 0
    st_ino: int = 7


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ({"a.py": "", "__pycache__/a.pyc": "", ".git/HEAD": "", "sub/.ipynb_checkpoints/x": ""}, ["a.py"]),
        ({".gitignore": "*.log\n!keep.log\n", "a.log": "", "keep.log": "", "b": ""}, [".gitignore", "b", "keep.log"]),
        ({".amlignore": "x\n", ".gitignore": "y\n", "x": "", "y": ""}, [".amlignore", ".gitignore", "y"]),
        ({"sub/.gitignore": "/x\n", "sub/x": "", "x": ""}, ["sub/.gitignore", "x"]),
        ({".gitignore": "*.log\n", "sub/.gitignore": "!a.log\n", "sub/a.log": "", "b.log": ""},
         [".gitignore", "sub/.gitignore", "sub/a.log"]),
        ({".gitignore": "data/\n", "data/x": "", "src/data/y": "", "src/z": ""}, [".gitignore", "src/z"]),
    ],
    ids=["never of use", "gitignore", "amlignore alone", "nested anchored", "nested un-ignores", "folders"],
)  # fmt: skip
def test_ignored_files_stay_at_home(tmp_path: Path, cache: StatCache, files: dict[str, str], kept: list[str]) -> None:
    assert paths(make(tmp_path / "code", files), cache) == kept


def test_gitignore_does_not_keep_data_at_home(tmp_path: Path, cache: StatCache) -> None:
    root = make(tmp_path / "data", {".gitignore": "*\n", "x.csv": ""})
    assert paths(root, cache, gitignore=False) == [".gitignore", "x.csv"]


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is(tmp_path: Path, cache: StatCache) -> None:
    file = make(tmp_path / "code", {"a.py": "one"}) / "a.py"
    long_ago = time.time() - 100
    os.utime(file, (long_ago, long_ago))
    first = scan(tmp_path / "code", cache).files[0].sha256
    assert first == hash_file(file)
    # The change time cannot be set back, so a file this fresh is hashed each time.
    scan(tmp_path / "code", cache)
    assert cache.hashed_files == 2
    file.write_text("two")
    assert scan(tmp_path / "code", cache).files[0].sha256 == hash_file(file) != first


def test_the_cache_outlives_its_process_and_notices_a_change_of_the_same_size(tmp_path: Path) -> None:
    file = make(tmp_path, {"a": "one"}) / "a"
    status = Status(3, 1000)
    place = tmp_path / "hashes.sqlite"
    with StatCache(place) as cache:
        assert cache.sha256(file, status) == hash_file(file)
    with StatCache(place) as cache:
        cache.sha256(file, status)
        assert cache.hashed_files == 0
        cache.sha256(file, Status(3, 1001))
        assert cache.hashed_files == 1


def test_a_broken_cache_is_no_reason_to_fail(tmp_path: Path) -> None:
    place = tmp_path / "hashes.sqlite"
    place.write_bytes(b"this is not a database" * 100)
    with StatCache(place) as cache:
        assert paths(make(tmp_path / "code", {"a": ""}), cache) == ["a"]


def test_links_are_followed_and_a_circle_is_refused(tmp_path: Path, cache: StatCache) -> None:
    root = make(tmp_path / "code", {"a": "x"})
    (root / "link").symlink_to(root / "a")
    make(tmp_path / "elsewhere", {"b": ""})
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    assert paths(root, cache) == ["a", "folder/b", "link"]
    (root / "up").symlink_to(root)
    with pytest.raises(InvalidInput, match="link to a folder above"):
        scan(root, cache)


def test_a_single_file_keeps_its_name_and_its_executable_bit(tmp_path: Path, cache: StatCache) -> None:
    file = make(tmp_path, {"run.sh": "#!/bin/sh"}) / "run.sh"
    file.chmod(0o700)
    found = scan(file, cache)
    assert (found.name, found.single_file, found.files[0].path, found.files[0].mode) == (
        "run.sh",
        True,
        "run.sh",
        0o755,
    )


def test_what_is_not_there_names_the_field(tmp_path: Path, cache: StatCache) -> None:
    with pytest.raises(InvalidInput, match="does not exist") as caught:
        scan(tmp_path / "nope", cache, field="code")
    assert caught.value.field == "code"
