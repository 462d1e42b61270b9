from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import yaml

from modelyard import mltable
from modelyard.domain.choices import DataType
from modelyard.domain.errors import InvalidInput, ModelyardError, NotFound, Unsupported


def write(folder: Path, name: str, text: str) -> Path:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def table(folder: Path, paths: list[dict[str, str]], *transformations: Any) -> mltable.MLTable:
    write(folder, "MLTable", yaml.safe_dump({"paths": paths, "transformations": list(transformations)}))
    return mltable.load(folder)


def rows(source: mltable.MLTable) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = source.to_arrow().to_pylist()
    return found


@pytest.fixture
def people(tmp_path: Path) -> Path:
    write(tmp_path, "a.csv", "name,age,born\nann,30,1995-01-02\nbob,,1980-12-31\n")
    write(tmp_path, "b.csv", "name,age,born\ncid,40,1970-05-06\n")
    return tmp_path


def test_files_of_one_header(people: Path) -> None:
    read = table(
        people, [{"pattern": "./*.csv"}], {"read_delimited": {"delimiter": ",", "header": "all_files_same_headers"}}
    )
    assert [row["name"] for row in rows(read)] == ["ann", "bob", "cid"]
    assert [row["age"] for row in rows(read)] == [30, None, 40]


def test_the_same_table_as_pandas_and_polars(people: Path) -> None:
    read = table(people, [{"file": "./a.csv"}, {"file": "./b.csv"}], "read_delimited")
    assert read.to_pandas_dataframe()["name"].tolist() == ["ann", "bob", "cid"]
    assert read.to_polars().shape == (3, 3)
    assert len(read.show(2)) == 2


@pytest.mark.parametrize(
    ("header", "first", "second", "expected"),
    [
        (
            "no_header",
            "1,x\n2,y\n",
            "3,z\n",
            [{"Column1": 1, "Column2": "x"}, {"Column1": 2, "Column2": "y"}, {"Column1": 3, "Column2": "z"}],
        ),
        ("from_first_file", "a,b\n1,x\n", "2,y\n", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ("all_files_different_headers", "a\n1\n", "b\n2\n", [{"a": 1, "b": None}, {"a": None, "b": 2}]),
    ],
)
def test_headers(tmp_path: Path, header: str, first: str, second: str, expected: list[dict[str, Any]]) -> None:
    write(tmp_path, "1.csv", first)
    write(tmp_path, "2.csv", second)
    assert rows(table(tmp_path, [{"pattern": "*.csv"}], {"read_delimited": {"header": header}})) == expected


def test_a_column_that_turns_out_wider_is_read_again(tmp_path: Path) -> None:
    count = 400_000
    body = "\n".join(f"{n},{n},{n}" for n in range(count))
    write(tmp_path, "a.csv", f"whole,fraction,text\n{body}\n{count},0.5,late\n")
    found = mltable.from_delimited_files([{"file": str(tmp_path / "a.csv")}]).to_arrow()
    assert [str(field.type) for field in found.schema] == ["int64", "double", "string"]
    assert found.num_rows == count + 1
    assert found["fraction"][count].as_py() == 0.5


def test_types_may_differ_between_files(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "a,b\n1,\n")
    write(tmp_path, "2.csv", "a,b\nx,2.5\n")
    assert rows(mltable.from_delimited_files([{"folder": str(tmp_path)}])) == [
        {"a": "1", "b": None},
        {"a": "x", "b": 2.5},
    ]


def test_types_can_be_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "a\n007\n")
    assert rows(mltable.from_delimited_files([{"folder": str(tmp_path)}], infer_column_types=False)) == [{"a": "007"}]


def test_lines_within_quotes_and_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_bytes('a;b\n"x\ny";é\n'.encode("latin-1"))
    read = mltable.from_delimited_files(
        [{"folder": str(tmp_path)}], delimiter=";", encoding="iso88591", support_multi_line=True
    )
    assert rows(read) == [{"a": "x\ny", "b": "é"}]


def test_parquet_and_its_path_column(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1, 2]}), tmp_path / "x.parquet")
    read = table(tmp_path, [{"folder": "."}], {"read_parquet": {"include_path_column": True}})
    assert rows(read) == [{"a": n, "Path": str(tmp_path / "x.parquet")} for n in (1, 2)]


def test_json_lines(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", '{"a": 1, "b": {"c": 2}}\n\n{"a": 2.5, "d": [1]}\n{"a": 3}\n')
    read = table(tmp_path, [{"file": "x.jsonl"}], "read_json_lines")
    assert rows(read)[1] == {"a": 2.5, "b": None, "d": [1]}


def test_invalid_json_lines_are_an_error_or_dropped(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", '{"a": 1}\nnot json\n[1]\n{"a": "x"}\n')
    with pytest.raises(InvalidInput, match="line 2"):
        rows(mltable.from_json_lines_files([{"folder": str(tmp_path)}]))
    kept = rows(mltable.from_json_lines_files([{"folder": str(tmp_path)}], invalid_lines="drop"))
    assert kept == [{"a": "1"}, {"a": "x"}]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"take": 1}, ["ann"]),
        ({"take": 0}, []),
        ({"skip": 1}, ["bob", "cid"]),
        ({"filter": "col('age') >= 40"}, ["cid"]),
        ({"filter": "not col('name') == 'bob' and (is_null(col('age')) or col('age') * 2 > 50)"}, ["ann", "cid"]),
        ({"filter": "col('name') in ['ann', 'cid']"}, ["ann", "cid"]),
        ({"filter": "(col('age') > 10) & ~(col('age') > 35)"}, ["ann"]),
        ({"filter": "20 < col('age') < 35"}, ["ann"]),
        ({"take_random_sample": {"probability": 1.0}}, ["ann", "bob", "cid"]),
        ({"take_random_sample": {"probability": 0}}, []),
    ],
)
def test_rows_are_chosen(people: Path, step: dict[str, Any], expected: list[str]) -> None:
    read = table(people, [{"pattern": "*.csv"}], "read_delimited", step)
    assert [row["name"] for row in rows(read)] == expected


def test_a_seed_gives_the_same_sample(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "a\n" + "\n".join(map(str, range(1000))))
    read = mltable.from_delimited_files([{"folder": str(tmp_path)}]).take_random_sample(0.1, seed=7)
    first = rows(read)
    assert 50 < len(first) < 150
    assert rows(read) == first


@pytest.mark.parametrize(
    ("step", "columns"),
    [
        ({"keep_columns": ["born", "name"]}, ["born", "name"]),
        ({"keep_columns": "name"}, ["name"]),
        ({"drop_columns": ["age"]}, ["name", "born"]),
        ({"rename_columns": {"age": "years"}}, ["name", "years", "born"]),
    ],
)
def test_columns_are_chosen(people: Path, step: dict[str, Any], columns: list[str]) -> None:
    assert table(people, [{"pattern": "*.csv"}], "read_delimited", step).to_arrow().column_names == columns


def test_columns_are_converted(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "i,f,s,b,d\n 1,2,3,yes,31/12/2020\n2,3,4,NO,2021-01-01\n")
    wanted = [
        {"columns": "i", "column_type": "int"},
        {"columns": ["f"], "column_type": "float"},
        {"columns": ["s"], "column_type": "string"},
        {"columns": ["b"], "column_type": {"boolean": {"true_values": ["yes"], "false_values": ["no"]}}},
        {"columns": ["d"], "column_type": {"datetime": {"formats": ["%d/%m/%Y", "%Y-%m-%d"]}}},
    ]
    read = table(tmp_path, [{"file": "a.csv"}], "read_delimited", {"convert_column_types": wanted})
    assert rows(read) == [
        {"i": 1, "f": 2.0, "s": "3", "b": True, "d": datetime(2020, 12, 31)},
        {"i": 2, "f": 3.0, "s": "4", "b": False, "d": datetime(2021, 1, 1)},
    ]


@pytest.mark.parametrize("kind", ["int", "float", "boolean", "datetime"])
def test_a_value_that_does_not_convert_names_its_column(tmp_path: Path, kind: str) -> None:
    write(tmp_path, "a.csv", "odd\nwhat\n")
    read = mltable.from_delimited_files([{"folder": str(tmp_path)}]).convert_column_types({"odd": kind})
    with pytest.raises(InvalidInput, match="column 'odd' cannot become"):
        read.to_arrow()


def test_columns_out_of_paths(tmp_path: Path) -> None:
    write(tmp_path, "2024/01/31/eu/a.csv", "x\n1\n")
    read = table(
        tmp_path,
        [{"pattern": "./**/*.csv"}],
        "read_delimited",
        {"extract_columns_from_partition_format": "/{day:yyyy/MM/dd}/{region}/*.csv"},
    )
    assert rows(read) == [{"day": datetime(2024, 1, 31), "region": "eu", "x": 1}]


def test_partitions_above_the_file_and_a_filter_on_them(tmp_path: Path) -> None:
    for month in (1, 2):
        write(tmp_path, f"puYear=2015/puMonth={month}/part.csv", f"x\n{month}\n")
        write(tmp_path, f"2024/01/0{month}/part.csv", f"x\n{month}\n")
    read = mltable.from_delimited_files([{"pattern": f"{tmp_path}/puYear=*/**"}])
    assert rows(read.extract_columns_from_partition_format("/puYear={year}/puMonth={month}"))[0] == {
        "year": "2015",
        "month": "1",
        "x": 1,
    }
    read = mltable.from_delimited_files([{"file": f"{tmp_path}/2024/*/*/*.csv"}])
    dated = read.extract_columns_from_partition_format("/{day:yyyy/MM/dd}/part.csv")
    assert [row["x"] for row in rows(dated.filter("day >= datetime(2024, 1, 2)"))] == [2]


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    for pattern in ("a**/*.csv", "***", "[", ""):
        with pytest.raises((InvalidInput, NotFound)):
            mltable.from_delimited_files([{"pattern": f"{tmp_path}/{pattern}"}]).to_arrow()


def test_a_table_without_a_reader_is_its_files(people: Path) -> None:
    assert rows(table(people, [{"file": "a.csv"}])) == [{"Path": str(people / "a.csv")}]


def test_steps_in_python_are_saved_and_read_again(people: Path, tmp_path: Path) -> None:
    read = mltable.from_delimited_files([{"file": str(people / "a.csv")}]).filter("col('age') > 1").keep_columns("name")
    saved = read.save(tmp_path / "saved")
    assert rows(mltable.load(saved)) == rows(read) == [{"name": "ann"}]


@pytest.mark.parametrize(
    ("transformations", "message"),
    [
        ([{"read_delimited": {"delimeter": ","}}], "unknown field 'delimeter'"),
        (["read_delta_lake"], "not supported"),
        ([{"take": -1}], "whole number"),
        (["read_delimited", {"keep_columns": ["nam"]}], "there is no column 'nam'"),
        (["read_delimited", {"filter": "__import__('os')"}], "calls something other"),
        (["read_delimited", {"filter": "col('age').__class__"}], "may not hold"),
        (["read_delimited", {"filter": "col('age') > datetime(1, 2)"}], "datetime that is none"),
        (["read_delimited", {"filter": "col('age') >"}], "is not an expression"),
        (["read_delimited", {"filter": "col('name') > 3"}], "does not fit"),
        ([{"take": 1}, "read_delimited"], "must come first"),
        ([{"take": 1, "skip": 1}], "one name"),
        ([{"read_delimited": {"encoding": "klingon"}}], "unknown encoding"),
        ([{"convert_column_types": [{"columns": "a", "column_type": "complex"}]}], "unknown type"),
        ([{"extract_columns_from_partition_format": "/a/b"}], "names no column"),
    ],
)
def test_wrong_definitions_are_refused(people: Path, transformations: list[Any], message: str) -> None:
    with pytest.raises(ModelyardError, match=message):
        table(people, [{"pattern": "*.csv"}], *transformations).to_arrow()


def test_files_that_are_not_what_they_are_read_as(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00\x01,\n" * 10)
    for make in (mltable.from_parquet_files, mltable.from_json_lines_files, mltable.from_delimited_files):
        with pytest.raises(InvalidInput):
            make([{"file": str(tmp_path / "x.bin")}]).to_arrow()


def test_rows_of_different_lengths_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "x.csv", "a,b\n1,2\n3\n")
    with pytest.raises(InvalidInput, match="Expected 2 columns, got 1"):
        mltable.from_delimited_files([{"folder": str(tmp_path)}]).to_arrow()


@pytest.mark.parametrize(
    "path",
    [
        {"file": "../outside.csv"},
        {"folder": ".."},
        {"pattern": "../*.csv"},
        {"file": "/etc/passwd"},
        {"pattern": "/etc/*"},
        {"file": "link.csv"},
    ],
)
def test_a_bounded_table_cannot_leave_its_folder(tmp_path: Path, path: dict[str, str]) -> None:
    inside = tmp_path / "inside"
    write(tmp_path, "outside.csv", "a\n1\n")
    write(inside, "MLTable", yaml.safe_dump({"paths": [path], "transformations": ["read_delimited"]}))
    (inside / "link.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(InvalidInput, match="leaves"):
        mltable.load(inside, within=inside).to_arrow()


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        mltable.load(tmp_path)
    with pytest.raises(NotFound):
        table(tmp_path, [{"file": "gone.csv"}], "read_delimited").to_arrow()
    with pytest.raises(NotFound):
        table(tmp_path, [{"pattern": "*.csv"}], "read_delimited").to_arrow()


def test_a_uri_needs_someone_to_fetch_it(people: Path) -> None:
    read = table(people, [{"file": "azureml://datastores/d/paths/a.csv"}], "read_delimited")
    with pytest.raises(Unsupported):
        read.to_arrow()
    fetched = mltable.load(people, fetch=lambda uri: people / uri.rsplit("/", 1)[-1])
    assert len(rows(fetched)) == 2


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_data_without_a_definition_is_read_by_suffix(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"x{suffix}"
    if suffix == ".parquet":
        parquet.write_table(pa.table({"a": [1], "b": ["x"]}), target)
    elif suffix == ".jsonl":
        target.write_text(json.dumps({"a": 1, "b": "x"}))
    else:
        target.write_text("a,b\n1,x\n".replace(",", "\t" if suffix == ".tsv" else ","))
    for path, kind in ((target, DataType.URI_FILE), (tmp_path, DataType.URI_FOLDER)):
        assert rows(mltable.of_data(path, kind)) == [{"a": 1, "b": "x"}]


def test_other_data_is_no_table(tmp_path: Path) -> None:
    write(tmp_path, "x.jpg", "")
    with pytest.raises(Unsupported, match="is no table"):
        mltable.of_data(tmp_path, DataType.URI_FOLDER)
