"""The folder that AZUREML_MODEL_DIR names."""

from pathlib import Path

from modelyard.controllers.deployment_preparation import link_tree


def test_a_linked_model_is_found_by_rglob(tmp_path: Path) -> None:
    (tmp_path / "source" / "inner").mkdir(parents=True)
    (tmp_path / "source" / "inner" / "thresholds.json").write_text("{}")
    for _ in range(2):
        link_tree(tmp_path / "source", tmp_path / "model_dir" / "model")
    found = list((tmp_path / "model_dir").rglob("thresholds.json"))
    assert [path.read_text() for path in found] == ["{}"]


def test_a_model_of_one_file_outlives_its_source(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("x")
    link_tree(tmp_path / "model.pkl", tmp_path / "linked.pkl")
    (tmp_path / "model.pkl").unlink()
    assert (tmp_path / "linked.pkl").read_text() == "x"


def test_what_a_broken_attempt_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / ".model.part").write_text("left over")
    link_tree(tmp_path / "source", tmp_path / "model")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["model", "source"]


def test_a_linked_tree_can_be_removed_though_its_source_is_closed(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source").chmod(0o555)
    link_tree(tmp_path / "source", tmp_path / "model")
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o755
