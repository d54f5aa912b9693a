"""Parts of the store that the contract does not reach: floats, filters' shape, columns, copies."""

from __future__ import annotations

import pickle
import random
import re
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from techfinder.errors import StoreError
from techfinder.interfaces import Point
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition
from techfinder.store.column_files import ColumnsWriter
from techfinder.store.columns import Columns
from techfinder.store.conditions import to_filter
from techfinder.store.edge import shard as engine
from techfinder.store.edge.generations import Sealed
from techfinder.store.edge.packing import PackedPoints
from techfinder.store.fingerprints import info_of
from techfinder.store.folders import allocated_bytes, copy_sparse, memory_folder
from techfinder.store.graph import Recall, recall, unsound
from techfinder.store.points import check_points, digest_of, point_id, vector_digest
from techfinder.testing.store_samples import make_spec

ATTRIBUTES = {"sector": "keyword", "age": "integer", "income": "float"}


@pytest.fixture(autouse=True, scope="module")
def quick_stores() -> None:
    """None: how such processes start is looked at here."""


def stored_float(number: float) -> float:
    point = Point(Profile("p", {"income": number}), 0, "r", "t")
    return float(check_points([point], 2, "cosine", ATTRIBUTES)[0].payload["income"])


def test_floats_that_people_write_are_kept_exactly() -> None:
    rng = random.Random(3)
    for number in [0.0, -0.0, 1.5, 0.1, 1e15, 123456.78, *(round(rng.uniform(-1e6, 1e6), 4) for _ in range(1000))]:
        assert stored_float(number) == number


def test_floats_keep_fourteen_digits_and_do_not_drift() -> None:
    rng = random.Random(4)
    for _ in range(1000):
        number = rng.uniform(-1, 1) * 10.0 ** rng.randint(-8, 20)
        kept = stored_float(number)
        assert kept == pytest.approx(number, rel=1e-13)
        assert stored_float(kept) == kept


def test_point_ids_never_change() -> None:
    """They are in every collection out there."""
    assert str(point_id("u1")) == str(point_id("u1"))
    assert point_id("u1").version == 5
    assert point_id("u1") != point_id("U1")


def test_normalizing_twice_changes_no_bit() -> None:
    def normalized(vector: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        found = check_points([Point(Profile("p", {}), 0, "r", "t", vector)], 384, "cosine", {})[0].vector
        assert found is not None
        return found

    once = normalized(np.random.default_rng(1).normal(size=384).astype(np.float32))
    assert np.array_equal(normalized(once), once)
    assert normalized(np.zeros(384, dtype=np.float32)).tolist() == [0.0] * 384


@pytest.mark.parametrize("whole", [(), (True, True), (True, False, True), (False,)])
def test_points_travel_as_they_are(whole: tuple[bool, ...]) -> None:
    points = [
        Point(Profile(f"p{n}", {"age": n}), n, "r", "t", np.array([n, 1], dtype=np.float32) if has else None)
        for n, has in enumerate(whole)
    ]
    stored = check_points(points, 2, "dot", ATTRIBUTES)
    there = pickle.loads(pickle.dumps(PackedPoints.of(stored)))
    assert there.whole == all(whole)
    for before, digests, (identity, after) in zip(stored, there.digests, there.unpacked(), strict=True):
        assert (identity, after.id, after.payload) == (point_id(before.id), before.id, before.payload)
        if before.vector is None:
            assert digests is after.vector is None
        else:
            assert after.vector.tolist() == before.vector.tolist()
            assert digests == (digest_of(before.payload, vector_digest(before.vector)), vector_digest(before.vector))


def test_every_bit_counts_in_a_digest() -> None:
    payload, vector = {"_id": "a", "age": 1}, np.ones(4, dtype=np.float32)
    other = vector.copy()
    other[2] = np.nextafter(other[2], np.float32(2))
    digests = {
        digest_of(payload, vector_digest(vector)),
        digest_of(payload, vector_digest(other)),
        digest_of(payload | {"age": 2}, vector_digest(vector)),
        digest_of(payload | {"age": "1"}, vector_digest(vector)),
    }
    assert len(digests) == 4
    assert digest_of({"age": 1, "_id": "a"}, vector_digest(vector)) in digests


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (
            Condition(field="sector", op="any_of", values=("a", "b", "a")),
            {"must": [{"key": "sector", "match": {"any": ["a", "b"]}}]},
        ),
        (
            Condition(field="sector", op="none_of", values=("a",)),
            {"must_not": [{"key": "sector", "match": {"any": ["a"]}}]},
        ),
        (Condition(field="age", op="range", gt=3.5), {"must": [{"key": "age", "range": {"gte": 4}}]}),
        (Condition(field="age", op="range", lt=4), {"must": [{"key": "age", "range": {"lte": 3}}]}),
        (
            Condition(field="income", op="any_of", values=("2",)),
            {"must": [{"key": "income", "range": {"gte": 2.0, "lte": 2.0}}]},
        ),
        (
            AnyOf(conditions=(Condition(field="age", op="missing"),), negated=True),
            {"must_not": [{"min_should": {"conditions": [{"is_empty": {"key": "age"}}], "min_count": 1}}]},
        ),
    ],
    ids=["any_of", "none_of", "above", "below", "float", "negated"],
)
def test_filters_have_the_shape_of_the_rest_interface(clause: Condition | AnyOf, expected: object) -> None:
    assert to_filter([clause], ATTRIBUTES) == expected


def test_no_clauses_match_everyone() -> None:
    assert to_filter([], ATTRIBUTES) == {}


def test_columns_of_many_values_use_wider_types_and_stay_right(tmp_path: Path) -> None:
    writer = ColumnsWriter({"sector": "keyword", "age": "integer"})
    for n in reversed(range(500)):
        payload = {"_id": f"p{n}", "_ordinal": n, "_row": "", "_text": "", "sector": f"s{n:03d}", "age": n * 10**9}
        writer.add(point_id(f"p{n}").bytes, payload, bytes(16), bytes(16))
    writer.write(tmp_path / "columns")
    columns = Columns(tmp_path / "columns")
    assert columns.count({"must": [{"key": "age", "range": {"gte": 10**9, "lte": 2 * 10**9}}]}) == 2
    assert columns.count({"must": [{"key": "sector", "match": {"any": ["s000", "s499", "s5"]}}]}) == 2
    assert columns.order({}, [("sector", True)])[:2].tolist() == [499, 498]
    rows = columns.rows_of([point_id(p).bytes for p in ("p7", "nobody", "p499")])
    assert rows.tolist() == [7, -1, 499]
    assert columns.point_ids([7]) == [point_id("p7").bytes]


def test_columns_know_whose_tags_are_whose(tmp_path: Path) -> None:
    lists = {"p1": ["B", "A"], "p2": None, "p3": ["C"], "p4": ["A", "A"], "p5": ["B", "A"], "p6": []}
    writer = ColumnsWriter({"tags": "keywords", "who": "keyword"})
    for n, (name, tags) in reversed(list(enumerate(lists.items()))):
        payload = {"_id": name, "_ordinal": n, "_row": "", "_text": "", "tags": tags, "who": name}
        writer.add(point_id(name).bytes, payload, bytes(16), bytes(16))
    writer.write(tmp_path / "columns")
    columns = Columns(tmp_path / "columns")
    for name, tags in lists.items():
        only = {"must": [{"key": "who", "match": {"any": [name]}}]}
        assert columns.facet(only, "tags") == dict.fromkeys(tags or (), 1)


def test_columns_hold_each_text_once_and_write_it_as_it_is(tmp_path: Path) -> None:
    writer, texts = ColumnsWriter({}), [f"{n} Zoë " + "x" * 300 for n in range(20_000)]
    tracemalloc.start()
    for n in reversed(range(len(texts))):
        payload = {
            "_id": f"p{n}",
            "_ordinal": n,
            "_row": "",
            "_text": f"{n} Zoë " + "x" * 300,
            "tags": ["A", "B"][: n % 3],
        }
        writer.add(point_id(f"p{n}").bytes, payload, bytes(16), bytes(16))
    writer.write(tmp_path / "columns")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    columns = Columns(tmp_path / "columns")
    assert columns.ledger().texts == tuple(texts)
    assert peak < 2 * sum(len(t.encode()) for t in texts)


def test_copies_keep_holes_and_share_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source" / "deep"
    source.mkdir(parents=True)
    with (source / "sparse").open("wb") as file:
        file.seek(5_000_000)
        file.write(b"middle")
        file.truncate(9_000_000)
    (source / "zeros").write_bytes(bytes(1_000_000))
    (source / "empty").touch()
    copy_sparse(tmp_path / "source", tmp_path / "copy")
    for name in ("sparse", "zeros", "empty"):
        copied = tmp_path / "copy" / "deep" / name
        assert copied.read_bytes() == (source / name).read_bytes()
        assert copied.stat().st_nlink == 1
        assert copied.stat().st_ino != (source / name).stat().st_ino
    assert allocated_bytes(tmp_path / "copy") < 200_000


def test_what_is_gone_while_a_folder_is_measured_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x" * 10_000)
    alone = allocated_bytes(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert allocated_bytes(tmp_path) == alone >= 10_000


def test_copying_what_is_not_there_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_bytes(b"a")
    with pytest.raises(StoreError, match="Copying"):
        copy_sparse(tmp_path / "source", file)


def test_a_generation_that_cannot_be_sealed_says_where(tmp_path: Path) -> None:
    (tmp_path / "info.json").mkdir()
    with pytest.raises(StoreError, match=re.escape(f"{tmp_path / 'info.json'} cannot be written: Is a directory.")):
        Sealed.write(info_of(make_spec("people"), 1, 0, f"{0:032x}", exact=False), {}, "", tmp_path)


def test_folders_in_memory_go_away(tmp_path: Path) -> None:
    with memory_folder(tmp_path, 1 << 60) as none:
        assert none is None
    with memory_folder(tmp_path, 1) as first:
        if first is None:
            pytest.skip("this system has no folder in memory")
        (first / "left over").touch()
        with memory_folder(tmp_path, 1) as second:
            assert second == first
            assert list(first.iterdir()) == []
    assert not first.exists()


def test_panics_of_the_engine_become_store_errors() -> None:
    class PanicException(BaseException):
        """As the engine's, which is no Exception either."""

    with (
        pytest.raises(engine.EnginePanic, match="while testing: PanicException: index out of bounds"),
        engine._engine("testing"),
    ):
        raise PanicException("index out of bounds")
    with pytest.raises(StoreError, match="while testing: ValueError: x"), engine._engine("testing"):
        raise ValueError("x")


def test_columns_answer_without_their_files_once_all_are_mapped(tmp_path: Path) -> None:
    writer = ColumnsWriter({"sector": "keyword", "age": "integer", "income": "float", "tags": "keywords"})
    payload = {"_id": "p1", "_ordinal": 1, "_row": "r", "_text": "t", "sector": "Arts", "age": 3, "tags": ("Mail",)}
    writer.add(point_id("p1").bytes, payload, bytes(16), bytes(16))
    writer.write(tmp_path / "columns")
    columns = Columns(tmp_path / "columns")
    columns.map_all()
    shutil.rmtree(tmp_path / "columns")
    assert columns.facet({}, "sector") == {"Arts": 1}
    assert columns.facet({}, "tags") == {"Mail": 1}
    assert columns.order({}, [(key, True) for key in columns.attributes]).tolist() == [0]
    assert columns.ledger().rows == ("r",)


class TestRecall:
    """What a new graph must find for searches to go through it."""

    VECTORS = (np.array([1.0], np.float32), np.array([2.0], np.float32))

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            ([0.9, 0.8, 0.7], 1.0),
            ([0.9, 0.8, 0.70001], 1.0),  # somebody else, equally near
            ([0.9, 0.8, 0.5], 2 / 3),
            ([0.9], 1 / 3),
            ([], 0.0),
        ],
    )
    def test_it_is_the_share_of_the_nearest_that_are_found(self, found: list[float], expected: float) -> None:
        scores = recall(lambda vector, limit, exact: [0.9, 0.8, 0.7] if exact else found, self.VECTORS)
        assert scores.nearest == pytest.approx(expected)

    @pytest.mark.parametrize(("found", "expected"), [([0.9], 1.0), ([0.89995], 1.0), ([0.8, 0.7], 0.0), ([], 0.0)])
    def test_the_first_is_found_or_not(self, found: list[float], expected: float) -> None:
        assert recall(lambda vector, limit, exact: [0.9, 0.8, 0.7] if exact else found, self.VECTORS).first == expected

    def test_a_graph_that_misses_few_is_searched(self, caplog: pytest.LogCaptureFixture) -> None:
        assert not unsound(Recall(0.9, 0.95), "people")
        assert caplog.text == ""
        assert Recall(0.9, 0.95).problems == []

    @pytest.mark.parametrize("found", [Recall(0.8, 1.0), Recall(0.95, 0.9)])
    def test_a_graph_that_misses_many_is_not_searched(self, found: Recall, caplog: pytest.LogCaptureFixture) -> None:
        assert unsound(found, "people")
        (told,) = (r.getMessage() for r in caplog.records)
        assert f"find {found.nearest:.0%} of the nearest, and for {1 - found.first:.0%} not even the first." in told
        assert told.endswith("then index again with --rebuild.")
        (problem,) = found.problems
        assert problem.startswith(
            f"graph: finds {found.nearest:.0%} of the nearest, expected at least 90%, and the very"
        )

    def test_nothing_stored_misses_nothing(self) -> None:
        assert recall(lambda vector, limit, exact: [], self.VECTORS) == (1.0, 1.0)
        assert recall(lambda vector, limit, exact: [], ()) == (1.0, 1.0)
