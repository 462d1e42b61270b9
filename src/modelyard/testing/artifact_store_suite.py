"""The promise of `ArtifactStore`, as tests: subclass it, give it a `store` fixture, and pytest runs all of them."""

from __future__ import annotations

import threading

import pytest

from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.ports.artifact_store import CHUNK_BYTES, ArtifactStore

ESCAPES = ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "C:/x", "a\x00b", "a\nb", "a/" + "n" * 256, "\ud800"]


class ArtifactStoreSuite:
    """Every test begins with an empty store."""

    def test_what_was_written_is_read(self, store: ArtifactStore) -> None:
        stat = store.put_stream("a/b.txt", [b"hel", b"lo"])
        assert (stat.path, stat.size) == ("a/b.txt", 5)
        assert b"".join(store.open_read("a/b.txt")) == b"hello"

    def test_a_write_replaces(self, store: ArtifactStore) -> None:
        store.put_stream("f", [b"a long first text"])
        store.put_stream("f", [b"second"])
        assert b"".join(store.open_read("f")) == b"second"

    def test_an_empty_file_is_a_file(self, store: ArtifactStore) -> None:
        assert store.put_stream("empty", []).size == 0
        assert b"".join(store.open_read("empty")) == b""

    @pytest.mark.parametrize(
        ("offset", "length", "part"),
        [(0, None, b"0123456789"), (4, None, b"456789"), (4, 3, b"456"), (8, 99, b"89"), (10, None, b""), (99, 1, b"")],
    )
    def test_a_part_is_read(self, store: ArtifactStore, offset: int, length: int | None, part: bytes) -> None:
        store.put_stream("f", [b"0123456789"])
        assert b"".join(store.open_read("f", offset, length)) == part

    def test_large_content_comes_in_chunks(self, store: ArtifactStore) -> None:
        content = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end"
        store.put_stream("large", [content])
        chunks = list(store.open_read("large"))
        assert b"".join(chunks) == content
        assert max(map(len, chunks)) <= CHUNK_BYTES

    def test_a_failed_write_leaves_what_was_there(self, store: ArtifactStore) -> None:
        store.put_stream("f", [b"old"])
        with pytest.raises(RuntimeError, match="client died"), store.open_write("f") as writer:
            writer.write(b"half of the n")
            raise RuntimeError("client died")
        assert b"".join(store.open_read("f")) == b"old"
        assert [found.path for found in store.list()] == ["f"]

    def test_a_file_appears_when_it_is_whole(self, store: ArtifactStore) -> None:
        with store.open_write("f") as writer:
            writer.write(b"part")
            with pytest.raises(NotFound):
                store.stat("f")
            assert list(store.list()) == []
        assert store.stat("f").size == 4

    def test_a_list_is_deep_and_in_order(self, store: ArtifactStore) -> None:
        for path in ("b/2", "a", "b-c/1", "b/1/x", "c"):
            store.put_stream(path, [b"."])
        assert [found.path for found in store.list()] == ["a", "b-c/1", "b/1/x", "b/2", "c"]
        assert [found.path for found in store.list("b")] == ["b/1/x", "b/2"]
        assert [found.path for found in store.list("b/")] == ["b/1/x", "b/2"]
        assert list(store.list("nowhere")) == []

    def test_a_list_goes_on_after_a_path(self, store: ArtifactStore) -> None:
        paths = ["a", "b-c/1", "b/1/x", "b/1/y", "b/2", "c"]
        for path in paths:
            store.put_stream(path, [b"."])
        for index, after in enumerate(paths):
            assert [found.path for found in store.list(after=after)] == paths[index + 1 :]
        assert [found.path for found in store.list("b", after="b/1/x")] == ["b/1/y", "b/2"]
        assert [found.path for found in store.list(after="b/1")] == paths[2:]
        assert list(store.list(after="d")) == []

    def test_names_keep_their_characters(self, store: ArtifactStore) -> None:
        path = "dossier é/100% #1?&=+ [x]~.txt"
        store.put_stream(path, [b"x"])
        assert [found.path for found in store.list()] == [path]
        assert b"".join(store.open_read(path)) == b"x"

    def test_what_is_missing_is_not_found(self, store: ArtifactStore) -> None:
        store.put_stream("folder/file", [b"x"])
        for call in (store.stat, store.open_read):
            for path in ("nothing", "folder", "folder/other"):
                with pytest.raises(NotFound):
                    call(path)

    def test_a_copy_is_apart(self, store: ArtifactStore) -> None:
        store.put_stream("a", [b"1"])
        store.copy("a", "deep/b")
        store.put_stream("a", [b"2"])
        assert b"".join(store.open_read("deep/b")) == b"1"

    def test_copying_nothing_is_not_found(self, store: ArtifactStore) -> None:
        with pytest.raises(NotFound):
            store.copy("nothing", "b")
        assert list(store.list()) == []

    def test_a_file_or_a_folder_is_deleted(self, store: ArtifactStore) -> None:
        for path in ("keep", "file", "folder/1", "folder/deep/2", "folder-not"):
            store.put_stream(path, [b"."])
        assert store.delete("file") == 1
        assert store.delete("folder") == 2
        assert store.delete("nothing") == 0
        assert [found.path for found in store.list()] == ["folder-not", "keep"]

    @pytest.mark.parametrize("path", ESCAPES)
    def test_a_path_that_leads_out_is_refused(self, store: ArtifactStore, path: str) -> None:
        for call in (store.stat, store.open_read, store.delete, store.list, store.local_path):
            with pytest.raises(InvalidInput):
                call(path)
        with pytest.raises(InvalidInput):
            store.put_stream(path, [b"x"])
        with pytest.raises(InvalidInput):
            store.copy("a", path)

    @pytest.mark.parametrize("path", ["", ".", "folder/"])
    def test_a_file_has_a_name(self, store: ArtifactStore, path: str) -> None:
        with pytest.raises(InvalidInput):
            store.put_stream(path, [b"x"])

    def test_rivals_leave_one_whole_file(self, store: ArtifactStore) -> None:
        contents = [bytes([number]) * 100_000 for number in range(4)]
        threads = [threading.Thread(target=store.put_stream, args=("f", [content])) for content in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert b"".join(store.open_read("f")) in contents
        assert [found.path for found in store.list()] == ["f"]
