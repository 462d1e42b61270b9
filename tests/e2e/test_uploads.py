"""What the client uploads, the server takes: files, folders, and nothing twice."""

from pathlib import Path

from .installation import Installation


def test_file_and_folder_become_versions(platform: Installation, tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "a.txt").write_text("a\n")
    (tmp_path / "one.csv").write_text("x\n1\n")
    for name, path, kind in (("up-file", "one.csv", "uri_file"), ("up-folder", "folder", "uri_folder")):
        made = ("data", "create", "--name", name, "--path", path, "--type", kind, "--query", "version", "-o", "tsv")
        assert platform.cli(*made, cwd=tmp_path) == "1"
    uri = platform.cli("data", "show", "-n", "up-file", "-v", "1", "--query", "path", "-o", "tsv")
    assert uri.endswith("/one.csv")
    assert platform.get("/files/content", uri=uri).text == "x\n1\n"
