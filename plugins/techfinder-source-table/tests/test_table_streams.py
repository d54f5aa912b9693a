from __future__ import annotations

import gzip
import os
import random
import tracemalloc
from contextlib import suppress

import pytest
import zstandard

from techfinder.errors import SourceError
from techfinder_source_table.streams import BrokenStream, open_stream

LINES = [f"{k},{k % 90},{random.Random(k).random()}" for k in range(20_000)]
TEXT = ("user_id,age,location\n" + "\n".join(LINES) + "\n").encode()
PACK = {"gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("packing", PACK)
def test_packed_files_read_like_plain_ones(read, packing):
    assert read(PACK[packing](TEXT), name=f"people.csv.{packing}") == read(TEXT)


@pytest.mark.parametrize("packing", PACK)
def test_packing_is_told_by_content_not_by_name(read, packing):
    assert len(read(PACK[packing](TEXT), name="people.csv").rows) == 20_000


@pytest.mark.parametrize("packing", PACK)
def test_several_streams_in_one_file_are_read_as_one(read, packing):
    cut = len(TEXT) // 2
    packed = PACK[packing](TEXT[:cut]) + PACK[packing](TEXT[cut:])
    assert len(read(packed).rows) == 20_000


@pytest.mark.parametrize("packing", PACK)
def test_good_rows_before_a_cut_are_kept_and_the_cut_is_fatal(read, tmp_path, packing):
    packed = PACK[packing](TEXT)
    rows, problems = read(packed[: len(packed) // 2])
    assert 3_000 < len(rows) < 20_000
    assert [",".join(map(str, values.values())) for _, values in rows] == LINES[: len(rows)]
    assert [(p.number, p.fatal) for p in problems] == [(len(rows) + 2, True)]
    assert "in the middle" in problems[0].expected


def test_a_cut_gzip_file_yields_everything_that_was_there(tmp_path):
    packed = gzip.compress(TEXT)
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[:-9])
    found = b""
    with open_stream(path) as stream, suppress(BrokenStream):
        while piece := stream.read1(1000):
            found += piece
        pytest.fail("the cut was not noticed")
    assert TEXT.startswith(found)
    assert len(TEXT) - len(found) < 300


@pytest.mark.parametrize("packing", PACK)
def test_damage_in_the_middle_is_fatal(read, packing):
    packed = bytearray(PACK[packing](TEXT))
    packed[len(packed) // 2 : len(packed) // 2 + 200] = bytes(200)
    rows, problems = read(bytes(packed))
    assert problems[-1].fatal
    assert len(rows) < 20_000


@pytest.mark.parametrize("packing", PACK)
def test_a_cut_in_the_header_stops_at_once(read, packing):
    with pytest.raises(SourceError, match=r"cannot be read|no readable header"):
        read(PACK[packing](TEXT)[:12])


@pytest.mark.parametrize("packing", PACK)
def test_nothing_inside_is_an_empty_file(read, packing):
    with pytest.raises(SourceError, match="empty once unpacked"):
        read(PACK[packing](b""))


@pytest.mark.parametrize("packing", PACK)
def test_a_decompression_bomb_does_not_fill_the_memory(entries, write, packing):
    bomb = PACK[packing](b"user_id,age\n1,2\n3," + bytes(100_000_000) + b"\n4,5\n")
    source = entries["csv"].load(str(write(bomb, f"bomb.csv.{packing}")))
    tracemalloc.start()
    try:
        kinds = [type(item).__name__ for item in source.rows()]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert kinds == ["Row", "RowProblem", "Row"]
    assert peak < 80_000_000


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: os.mkfifo(p), "not a regular file"),
        (lambda p: p.touch(), "is empty"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_what_is_no_file_is_refused_when_it_is_opened(entries, tmp_path, kind, make, said):
    make(tmp_path / "people.x")
    with pytest.raises(SourceError, match=said):
        entries[kind].load(str(tmp_path / "people.x"))


def test_endings_name_each_kind_plain_and_packed(entries):
    assert {name: entry.suffixes for name, entry in entries.items()} == {
        "csv": (".csv", ".csv.gz", ".csv.zst"),
        "tsv": (".tsv", ".tsv.gz", ".tsv.zst"),
        "jsonl": (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".ndjson.gz", ".ndjson.zst"),
        "parquet": (".parquet", ".parquet.gz", ".parquet.zst"),
    }
    assert not any(entry.generates for entry in entries.values())
