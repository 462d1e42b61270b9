"""Every example loads, survives a dump, and every bad one is refused with what its comments say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelyard import yamlio
from modelyard.domain.errors import InvalidInput

FILES = Path(__file__).parent / "files"
KINDS = {"data": "data", "model": "model", "env": "environment", "datastore": "datastore", "compute": "compute"}


def kind_of(path: Path) -> str:
    if path.parent.name == "jobs":
        return "job"
    if path.parent.name == "endpoints":
        return "online-deployment" if "deployment" in path.stem else "online-endpoint"
    return KINDS.get(path.stem.split("-")[0], path.stem)


GOOD = sorted(path for folder in ("jobs", "assets", "endpoints") for path in (FILES / folder).glob("*.yml"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_round_trips(path: Path, tmp_path: Path) -> None:
    entity = yamlio.load(kind_of(path), path)
    written = tmp_path / "again.yml"
    written.write_text(yamlio.dump(entity))
    again = yamlio.load(kind_of(path), written)
    assert again.to_dict() == entity.to_dict()
    assert type(again) is type(entity)
    assert type(entity).from_stored(entity.to_dict()).to_dict() == entity.to_dict()


def expected(path: Path) -> list[tuple[int, str, str, str | None]]:
    found = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        for note in line.split(" # ")[1:]:
            field, _, rest = note.strip().partition(": ")
            message, _, mend = rest.partition(" | ")
            found.append((number, field, message, mend or None))
    return found


@pytest.mark.parametrize("path", sorted((FILES / "bad").glob("*.yml")), ids=lambda path: path.stem)
def test_bad_example_is_refused_with_every_problem(path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        yamlio.load("job", path)
    error = caught.value
    assert error.file == str(path)
    problems: list[dict[str, Any]] = error.details or [vars(error)]
    notes = expected(path)
    for number, field, message, mend in notes:
        matching = [item for item in problems if item["field"] == field and message in item["message"]]
        assert matching, f"{field}: {message} is not among {problems}"
        assert matching[0]["line"] == number
        if mend is not None:
            assert matching[0]["mend"] == mend
    assert not notes or len(problems) == len(notes)


def test_the_text_of_the_error_names_each_problem_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        yamlio.load("job", FILES / "bad" / "unknown-keys.yml")
    text = str(caught.value)
    assert "4 problems" in text
    assert text.count("did you mean") == 4
    assert re.search(r"unknown-keys\.yml:8 limits\.timeot: ", text)
