from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import zstandard

from techfinder.errors import SourceError
from techfinder.tables import TABLE_SUFFIXES, write_frames

ROWS = [
    {"user_id": "007", "age": 41, "income": 1500.5, "location": "Austin, TX", "seen": "2024-05-01"},
    {"user_id": "None", "age": 42, "income": None, "location": 'the "Loop"\nChicago', "seen": None},
    {"user_id": "é", "age": 43, "income": 3.0, "location": "Zürich", "seen": None},
]


def frames() -> list[pd.DataFrame]:
    """Two frames; in the first, the last column has no value to tell its type from."""
    return [pd.DataFrame(ROWS[1:]), pd.DataFrame(ROWS[:1])]


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return content


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_text_tables_hold_every_cell(tmp_path, kind, delimiter, packing):
    path = tmp_path / f"people.{kind}{packing}"
    assert write_frames(frames(), path) == 3
    found = list(csv.reader(unpacked(path).decode().splitlines(keepends=True), delimiter=delimiter))
    assert found == [
        ["user_id", "age", "income", "location", "seen"],
        ["None", "42", "", 'the "Loop"\nChicago', ""],
        ["é", "43", "3.0", "Zürich", ""],
        ["007", "41", "1500.5", "Austin, TX", "2024-05-01"],
    ]


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_json_lines_hold_an_object_a_row_with_null_for_missing(tmp_path, packing):
    path = tmp_path / f"people.jsonl{packing}"
    assert write_frames(frames(), path) == 3
    assert [json.loads(line) for line in unpacked(path).splitlines()] == [ROWS[1], ROWS[2], ROWS[0]]


def test_parquet_holds_types_and_nulls(tmp_path):
    path = tmp_path / "people.parquet"
    assert write_frames(frames(), path) == 3
    assert pq.read_table(path).to_pylist() == [ROWS[1], ROWS[2], ROWS[0]]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_the_same_frames_give_the_same_bytes(tmp_path, suffix):
    for name in "ab":
        write_frames(frames(), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_progress_counts_rows(tmp_path):
    seen: list[int] = []
    write_frames(frames(), tmp_path / "people.csv", seen.append)
    assert seen == [2, 3]


@pytest.mark.parametrize("name", ["people", "people.xlsx", "people.csv.bz2", "people.parquet.gz"])
def test_an_unknown_ending_names_the_known_ones(tmp_path, name):
    with pytest.raises(SourceError, match=r"\.csv, .*\.parquet"):
        write_frames(frames(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def broken():
    yield from frames()
    raise RuntimeError("the generator broke")


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, suffix):
    path = tmp_path / f"people{suffix}"
    path.write_text("as it was")
    with pytest.raises(RuntimeError, match="the generator broke"):
        write_frames(broken(), path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["as it was"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "nothing to write"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})], "differ in columns"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": ["x"]})], "types of the first"),
    ],
)
def test_frames_that_cannot_be_one_table_are_refused(tmp_path, given, said):
    with pytest.raises(SourceError, match=said):
        write_frames(given, tmp_path / "people.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_or_a_folder_as_target_is_refused(tmp_path):
    with pytest.raises(SourceError, match="Check that its folder exists"):
        write_frames(frames(), tmp_path / "no" / "people.csv")
    (tmp_path / "people.csv").mkdir()
    with pytest.raises(SourceError, match="is a folder"):
        write_frames(frames(), tmp_path / "people.csv")
