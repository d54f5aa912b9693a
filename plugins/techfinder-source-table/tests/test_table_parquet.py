from __future__ import annotations

import datetime as dt
import gzip
import io
import subprocess
import sys
import tracemalloc
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from techfinder.errors import SourceError
from techfinder_source_table.parquet import ParquetSource


def parquet(columns: dict[str, object], **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def test_every_type_becomes_a_cell(read):
    day = dt.date(2024, 5, 1)
    moment = dt.datetime(2024, 5, 1, 12, 30)
    content = parquet(
        {
            "user_id": ["007", None],
            "shared": pa.array(["a", None]).dictionary_encode(),
            "unsigned": pa.DictionaryArray.from_arrays(pa.array([0, None], pa.uint32()), ["x"]),
            "age": [41, None],
            "income": [1.5, float("nan")],
            "vip": [True, None],
            "day": [day, None],
            "midnight": pa.array([dt.datetime(2024, 5, 1), None], pa.timestamp("ns")),
            "moment": [moment, None],
            "price": [Decimal("12.50"), None],
            "tags": [["a", None, "b"], None],
            "numbers": [[1, 2], []],
            "nothing": pa.nulls(2),
            "large": pa.array(["x", None], pa.large_string()),
            "bytes": [b"abc", None],
        }
    )
    rows, problems = read(content, "parquet")
    assert problems == []
    assert rows[0] == (
        1,
        {
            "user_id": "007",
            "shared": "a",
            "unsigned": "x",
            "age": 41,
            "income": 1.5,
            "vip": True,
            "day": "2024-05-01",
            "midnight": "2024-05-01",
            "moment": "2024-05-01T12:30:00",
            "price": "12.50",
            "tags": ("a", "b"),
            "numbers": ("1", "2"),
            "nothing": None,
            "large": "x",
            "bytes": "abc",
        },
    )
    assert rows[1] == (2, {name: () if name == "numbers" else None for name in rows[0][1]})


def test_the_count_is_known(entries, write):
    source = entries["parquet"].load(str(write(parquet({"user_id": [str(k) for k in range(10_000)]}))))
    assert source.count() == 10_000
    assert [row.number for row in source.rows()] == list(range(1, 10_001))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([{"years": 3}]), "a plain value"),
        (pa.array([[["a"]]]), "a plain value"),
        (pa.array([float("inf")]), "a finite number"),
        (pa.array(["x" * 1001]), "1000 characters"),
        (pa.array(["x" * 5000]), "1000 characters"),
        (pa.array(["a\0b"]), "NUL"),
        (pa.array([["x" * 1001]]), "1000 characters"),
        (pa.array([b"Z\xfcrich"]).view(pa.string()), "UTF-8"),
        (pa.array([b"Z\xfcrich"]), "UTF-8"),
    ],
)
def test_a_bad_cell_costs_only_its_row(read, column, expected):
    bad = pa.concat_arrays([pa.nulls(1, column.type), column, pa.nulls(1, column.type)])
    rows, problems = read(parquet({"user_id": ["1", "2", "3"], "bad": bad}), "parquet")
    assert [number for number, _ in rows] == [1, 3]
    assert [(p.number, p.column) for p in problems] == [(2, "bad")]
    assert expected in problems[0].expected
    assert len(problems[0].value) <= 80


def ticks(values: list[int | None], kind: pa.DataType) -> pa.Array:
    """Dates and times by their stored numbers, possible ones or not."""
    return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


@pytest.mark.parametrize(
    ("kind", "bad", "good", "expected"),
    [
        (pa.timestamp("us"), 2**62, "1970-01-01", "a date from the year 1 to 9999"),
        (pa.timestamp("ms", "UTC"), -(2**62), "1970-01-01T00:00:00+00:00", "a date from the year 1 to 9999"),
        (pa.timestamp("us", "America/Chicago"), 253402300800000000 - 1, "1969-12-31T18:00:00-06:00", ""),
        (pa.date32(), 10**9, "1970-01-01", "a date from the year 1 to 9999"),
        (pa.date32(), -(10**6), "1970-01-01", "a date from the year 1 to 9999"),
        (pa.time64("us"), 86_400_000_000, "00:00:00", "a time within one day"),
        (pa.time32("ms"), -1, "00:00:00", "a time within one day"),
        (pa.list_(pa.timestamp("us")), 2**62, ("1970-01-01",), "a date from the year 1 to 9999"),
    ],
)
def test_an_impossible_date_costs_only_its_row(read, kind, bad, good, expected):
    if pa.types.is_list(kind):
        column = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 3], pa.int32()), ticks([0, bad, 0], kind.value_type))
    else:
        column = ticks([0, bad, 0, None], kind)
    rows, problems = read(parquet({"user_id": ["1", "2", "3", "4"], "when": column}), "parquet")
    assert [values["when"] for _, values in rows if values["user_id"] in ("1", "3")] == [good, good]
    if expected:
        assert [(p.number, p.column, p.expected) for p in problems] == [(2, "when", expected)]
        assert str(bad) in problems[0].value
    else:
        assert problems == []


def test_an_unknown_time_zone_costs_the_rows_that_have_a_moment_in_it(read):
    moments = ticks([0, None, 0], pa.timestamp("us", "Mars/Olympus"))
    rows, problems = read(parquet({"user_id": ["1", "2", "3"], "when": moments}), "parquet")
    assert rows == [(2, {"user_id": "2", "when": None})]
    assert [(p.number, p.column) for p in problems] == [(1, "when"), (3, "when")]
    assert "a time zone that this machine knows, not 'Mars/Olympus': install tzdata" in problems[0].expected


def test_lists_without_any_item(read):
    empty = pa.ListArray.from_arrays(pa.array([0, 0, 0], pa.int32()), pa.array([], pa.string()).dictionary_encode())
    rows, problems = read(parquet({"user_id": ["1", "2"], "tags": empty}), "parquet")
    assert ([values["tags"] for _, values in rows], problems) == ([(), ()], [])


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_packed_file_is_unpacked_and_tidied_away(entries, write, tmp_path, monkeypatch, pack):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "room"))
    (tmp_path / "room").mkdir()
    source = entries["parquet"].load(str(write(pack(parquet({"user_id": ["1"]})), "people.parquet.x")))
    assert source.columns() == ("user_id",)
    assert [row.values["user_id"] for row in source.rows()] == ["1"]
    assert len(list((tmp_path / "room").iterdir())) == 1
    del source
    assert list((tmp_path / "room").iterdir()) == []


def test_a_packed_file_that_is_cut_is_refused(entries, write):
    packed = gzip.compress(parquet({"user_id": ["1"]}))
    with pytest.raises(SourceError, match="damaged"):
        entries["parquet"].load(str(write(packed[:-20]))).columns()


@pytest.mark.parametrize(
    "content", [b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"user_id,age\n1,2\n", parquet({"user_id": ["1"]})[:-30]]
)
def test_what_is_no_parquet_is_refused(entries, write, content):
    with pytest.raises(SourceError, match="no Parquet file or is damaged"):
        entries["parquet"].load(str(write(content))).columns()


def test_damaged_pages_are_told_by_their_checksum(read):
    content = bytearray(
        parquet({"user_id": [f"person {k}" for k in range(50)]}, compression="none", write_page_checksum=True)
    )
    place = content.index(b"person 25")
    content[place : place + 6] = b"PERSON"
    with pytest.raises(SourceError, match="damaged"):
        read(bytes(content), "parquet")


def test_damage_after_the_first_rows_is_fatal(read):
    people = {"user_id": [f"person {k}" for k in range(20_000)]}
    content = bytearray(parquet(people, row_group_size=5_000, compression="none", write_page_checksum=True))
    place = content.index(b"person 17000")
    content[place : place + 6] = b"PERSON"
    rows, problems = read(bytes(content), "parquet")
    assert 5_000 <= len(rows) <= 17_000
    assert [(p.number, p.fatal) for p in problems] == [(len(rows) + 1, True)]


def test_no_rows_and_equal_names_are_refused(entries, write):
    empty = entries["parquet"].load(str(write(parquet({"user_id": pa.array([], pa.string())}))))
    with pytest.raises(SourceError, match="no rows"):
        next(iter(empty.rows()))
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["age", "age"]), sink)
    with pytest.raises(SourceError, match="columns 1 and 2 are both named 'age'"):
        entries["parquet"].load(str(write(sink.getvalue()))).columns()


def test_one_huge_value_that_all_rows_share_is_held_once(entries, write):
    huge = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 5_000_000])
    ids = [str(k) for k in range(20_000)]
    source = entries["parquet"].load(str(write(parquet({"user_id": ids, "bio": huge}))))
    before = pa.total_allocated_bytes()
    pa.default_memory_pool().release_unused()
    tracemalloc.start()
    try:
        problems = sum(1 for item in source.rows() if item.column == "bio")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert problems == 20_000
    assert peak < 60_000_000
    assert pa.total_allocated_bytes() - before < 60_000_000


def test_large_texts_are_read_a_few_rows_at_a_time(write):
    texts = [f"{k:08}" * 12_500 for k in range(2_000)]  # 200 MB, of which each row is good
    content = parquet(
        {"user_id": [str(k) for k in range(2_000)], "bio": texts}, write_batch_size=1, use_dictionary=False
    )
    source = ParquetSource(str(write(content)), max_cell_chars=200_000)
    del content, texts
    pa.default_memory_pool().release_unused()
    before, most = pa.total_allocated_bytes(), 0
    tracemalloc.start()
    try:
        for number, row in enumerate(source.rows(), 1):
            assert row.values["bio"] == f"{number - 1:08}" * 12_500
            most = max(most, pa.total_allocated_bytes() - before)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert number == 2_000
    assert peak < 120_000_000
    assert most < 120_000_000


FLIPPED = """
import io, random, sys
import pyarrow as pa
import pyarrow.parquet as pq
from techfinder.errors import SourceError
from techfinder_source_table.parquet import ParquetSource

path, people = sys.argv[1], 300
columns = {"user_id": [f"P{k}" for k in range(people)], "age": list(range(people)), "tags": [["a", "b"]] * people}
columns |= {"t": ["x" * 50] * people, "d": [1.5] * people}
for codec in ("zstd", "none"):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression=codec, row_group_size=100)
    for seed in range(115, 140):
        rng, content = random.Random(seed), bytearray(sink.getvalue())
        for _ in range(rng.choice([1, 1, 2, 5])):
            anywhere = rng.randrange(len(content)) if rng.random() < 0.5 else -1 - rng.randrange(1500)
            content[anywhere] ^= 1 << rng.randrange(8)  # every second one in the footer
        open(path, "wb").write(content)
        print(codec, seed, end=" ", flush=True)
        try:
            source = ParquetSource(path, 100_000)
            source.columns()
            print(sum(1 for _ in source.rows()), "rows")
        except SourceError:
            print("refused")
"""


def test_flipped_bits_are_refused_and_end_no_process(tmp_path):
    """In a process of its own: the library may end the one it is in."""
    command = [sys.executable, "-c", FLIPPED, str(tmp_path / "flipped.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    tries = done.stdout.splitlines()
    assert (done.returncode, len(tries)) == (0, 50), f"{tries[-1:]}\n{done.stderr[-1000:]}"
    assert 10 < sum(line.endswith("refused") for line in tries) < 48
