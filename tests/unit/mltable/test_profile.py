from __future__ import annotations

import json
import math
import random
import statistics
from pathlib import Path

import pytest

from modelyard import mltable
from modelyard.artifacts.local_store import LocalStore
from modelyard.artifacts.object_store import ObjectStore
from modelyard.domain.choices import DataType
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.mltable.cells import MAX_TEXT, cell
from modelyard.mltable.preview import preview
from modelyard.mltable.profile import DataProfile, profile
from modelyard.ports.artifact_store import ArtifactStore
from modelyard.services import data_preview


def of(folder: Path, text: str) -> mltable.MLTable:
    (folder / "x.csv").write_text(text)
    return mltable.from_delimited_files([{"file": str(folder / "x.csv")}])


def test_a_preview_has_types_and_rows(tmp_path: Path) -> None:
    found = preview(of(tmp_path, "a,b,c\n1,x,2020-01-01\n2,,2020-01-02\n3,z,\n"), rows=2)
    assert [(column.name, column.type) for column in found.columns] == [
        ("a", "int64"),
        ("b", "string"),
        ("c", "date32[day]"),
    ]
    assert found.rows == [[1, "x", "2020-01-01"], [2, None, "2020-01-02"]]
    assert found.truncated
    assert not preview(of(tmp_path, "a\n1\n"), rows=1).truncated


def test_a_preview_of_a_wide_row_is_bounded(tmp_path: Path) -> None:
    found = preview(of(tmp_path, "a\n" + "x" * 5000 + "\n"))
    assert len(found.rows[0][0]) == MAX_TEXT


@pytest.mark.parametrize(
    ("value", "expected"),
    [(math.nan, None), (math.inf, "inf"), (b"ab", "<2 bytes>"), ([1, [2.5]], [1, [2.5]]), ({"a": None}, {"a": None})],
)
def test_cells_are_json(value: object, expected: object) -> None:
    assert cell(value) == expected
    json.dumps(cell(value), allow_nan=False)


def test_numbers_are_profiled_exactly(tmp_path: Path) -> None:
    source = random.Random(3)
    numbers = [round(source.gauss(10, 4), 3) for _ in range(5000)]
    found = profile(of(tmp_path, "n\n" + "\n".join(map(str, numbers)) + "\n\n")).columns[0]
    assert found.count == 5000
    assert found.mean == pytest.approx(statistics.fmean(numbers))
    assert found.std == pytest.approx(statistics.stdev(numbers))
    assert (found.min, found.max) == (min(numbers), max(numbers))
    assert found.quantiles is not None and found.histogram is not None
    assert found.quantiles["0.5"] == pytest.approx(statistics.median(numbers))
    assert sum(item.count for item in found.histogram) == 5000


def test_words_missing_values_and_constants(tmp_path: Path) -> None:
    found = profile(of(tmp_path, "w,c,e\na,7,\nb,7,\na,7,\n,7,\n"))
    word, constant, empty = found.columns
    assert found.row_count == 4
    assert (word.count, word.missing, word.distinct) == (3, 1, 2)
    assert word.top_values is not None
    assert (word.top_values[0].value, word.top_values[0].count) == ("a", 2)
    assert constant.std == 0
    assert constant.histogram is not None and constant.histogram[0].count == 4
    assert (empty.type, empty.count, empty.missing, empty.top_values) == ("null", 0, 4, None)


def test_many_distinct_values_are_estimated(tmp_path: Path) -> None:
    count = 60_000
    found = profile(of(tmp_path, "id,s\n" + "\n".join(f"{n},user-{n}" for n in range(count))))
    for column in found.columns:
        assert not column.distinct_exact
        assert column.distinct == pytest.approx(count, rel=0.06)
        assert column.top_values is None


def test_a_profile_stops_at_its_limit(tmp_path: Path) -> None:
    found = profile(of(tmp_path, "a\n" + "\n".join(map(str, range(100)))), max_rows=10)
    assert (found.row_count, found.columns[0].max, found.truncated) == (10, 9, True)


def test_a_profile_is_json(tmp_path: Path) -> None:
    found = profile(of(tmp_path, "a,b\n1e308,x\n-1e308,y\n"))
    json.dumps(found.to_dict(), allow_nan=False)
    assert DataProfile.from_stored(found.to_dict()).to_dict() == found.to_dict()


def test_an_empty_table(tmp_path: Path) -> None:
    assert profile(of(tmp_path, "")).columns == []
    assert preview(of(tmp_path, "a,b\n")).rows == []


@pytest.fixture(params=["local", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return LocalStore(tmp_path / "store") if request.param == "local" else ObjectStore.from_url("memory://")


def test_stored_data_is_previewed_wherever_it_lies(store: ArtifactStore) -> None:
    store.put_stream("data/x/rows.csv", [b"a,b\n1,x\n"])
    store.put_stream("data/x/MLTable", [b"paths: [{file: ./rows.csv}]\ntransformations: [read_delimited, {take: 1}]"])
    for path, kind in (("data/x/rows.csv", DataType.URI_FILE), ("data/x", DataType.MLTABLE)):
        assert data_preview.preview(store, path, kind, rows=5).rows == [[1, "x"]]
        assert data_preview.profile(store, path, kind).row_count == 1


def test_stored_tables_cannot_reach_other_data(store: ArtifactStore) -> None:
    store.put_stream("data/y/rows.csv", [b"secret\n1\n"])
    store.put_stream("data/x/MLTable", [b"paths: [{file: ../y/rows.csv}]\ntransformations: [read_delimited]"])
    with pytest.raises(InvalidInput):
        data_preview.preview(store, "data/x", DataType.MLTABLE)


def test_missing_data_is_not_found(store: ArtifactStore) -> None:
    with pytest.raises(NotFound):
        data_preview.preview(store, "nothing", DataType.URI_FOLDER)
