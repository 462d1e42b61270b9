from pathlib import Path

from modelyard.controllers.deployment_preparation import _mirror


def test_a_mirrored_model_is_found_by_rglob(tmp_path: Path) -> None:
    (tmp_path / "source" / "inner").mkdir(parents=True)
    (tmp_path / "source" / "inner" / "thresholds.json").write_text("{}")
    (tmp_path / "model_dir").mkdir()
    for _ in range(2):
        _mirror(tmp_path / "source", tmp_path / "model_dir" / "model")
    found = list((tmp_path / "model_dir").rglob("thresholds.json"))
    assert [path.read_text() for path in found] == ["{}"]


def test_a_model_of_one_file_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("x")
    _mirror(tmp_path / "model.pkl", tmp_path / "linked.pkl")
    assert (tmp_path / "linked.pkl").read_text() == "x"
