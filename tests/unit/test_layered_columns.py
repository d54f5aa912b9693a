"""Columns and the changes beside them answer like columns that were written anew."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from random_clauses import random_clauses, random_profiles
from techfinder.histograms import bar_clauses
from techfinder.models import Profile
from techfinder.plan import Condition
from techfinder.schema import Schema, load_schema
from techfinder.store.column_files import ColumnsWriter
from techfinder.store.columns import Columns
from techfinder.store.conditions import to_filter
from techfinder.store.layered import Layered
from techfinder.store.points import point_id

SIZE, CHANGES = 200, 60
SORTS = ([], [("age", False)], [("job_sector", True), ("age", True)], [("preferred_platforms", False)])

Payload = dict[str, Any]


def payload_of(profile: Profile, ordinal: int) -> Payload:
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in profile.values.items()}
    return {**values, "_id": profile.id, "_ordinal": ordinal, "_row": "r", "_text": "t"}


def columns_of(payloads: Sequence[Payload], schema: Schema) -> Columns:
    writer = ColumnsWriter({k: a.storage for k, a in schema.attributes.items()})
    for payload in payloads:
        writer.add(point_id(payload["_id"]).bytes, payload, b"\0" * 16, b"\0" * 16)
    return Columns.of(*writer.arrays())


class Stage:
    """The same people twice: layered, and in columns of their own."""

    def __init__(self, seed: int) -> None:
        self.schema, rng = load_schema(), random.Random(seed)
        self.profiles = random_profiles(self.schema, SIZE + CHANGES, rng)
        now = {p.id: payload_of(p, n) for n, p in enumerate(self.profiles[:SIZE])}
        base = columns_of(list(now.values()), self.schema)
        changed: dict[str, Payload | None] = {}
        for n, other in enumerate(self.profiles[SIZE:]):
            profile_id = rng.choice([*now, f"new {n}"]) if rng.random() < 0.7 else f"new {n}"
            gone = rng.random() < 0.3
            ordinal = now[profile_id]["_ordinal"] if profile_id in now else SIZE + n
            changed[profile_id] = None if gone else payload_of(Profile(profile_id, other.values), ordinal)
            now.pop(profile_id, None)
            if (payload := changed[profile_id]) is not None:
                now[profile_id] = payload
        self.layered, self.anew = Layered(base, changed), columns_of(list(now.values()), self.schema)
        self.rng = rng


@pytest.fixture(scope="module", params=range(3))
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


def queries(stage: Stage) -> list[Payload]:
    attributes = stage.anew.attributes
    made = [random_clauses(stage.schema, stage.profiles, stage.rng) for _ in range(40)]
    return [{}, *(to_filter(stage.schema.resolve(c), attributes) for c in made)]


def test_counts_and_facets_are_the_same(stage: Stage) -> None:
    counts = set()
    for query in queries(stage):
        assert stage.layered.count(query) == stage.anew.count(query)
        counts.add(stage.anew.count(query))
        for key in stage.anew.attributes:
            assert stage.layered.facet(query, key) == stage.anew.facet(query, key), key
        options = {str(n): q for n, q in enumerate(queries(stage)[:5])}
        assert stage.layered.options(query, options) == stage.anew.options(query, options)
    assert len(counts) > 5


def test_attributes_are_as_full(stage: Stage) -> None:
    fills = {key: stage.layered.fill(key) for key in stage.anew.attributes}
    assert fills == {key: stage.anew.fill(key) for key in stage.anew.attributes}
    assert len({f.distinct for f in fills.values()}) > 10


@pytest.mark.parametrize("sort", SORTS, ids=str)
def test_pages_are_the_same(stage: Stage, sort: list[tuple[str, bool]]) -> None:
    for query in queries(stage):
        for offset, limit in ((0, 1000), (0, 7), (13, 20), (1000, 5)):
            assert stage.layered.page(query, sort, offset, limit) == stage.anew.page(query, sort, offset, limit)


def test_nothing_of_the_base_shows_through_what_was_removed(stage: Stage) -> None:
    gone = stage.layered.points
    assert gone == stage.anew.points == stage.anew.count({})


def test_values_of_rows_are_those_written(tmp_path: Path) -> None:
    schema = load_schema()
    profiles = random_profiles(schema, 40, random.Random(5))
    columns = columns_of([payload_of(p, n) for n, p in enumerate(profiles)], schema)
    for row, profile in enumerate(profiles):
        found = {k: v for k in columns.attributes if (v := columns.value(row, k)) is not None}
        assert found == profile.values
        assert columns.ordinal(row) == row


@pytest.mark.parametrize(
    ("key", "starts"), [("age", (0, 18, 25, 65, 119)), ("annual_income", (0, 20_000_000.5, 60_000_000))]
)
@pytest.mark.parametrize("where", [None, "gender"])
def test_the_bars_of_a_histogram_are_counted_at_once_as_each_by_itself(
    stage: Stage, key: str, starts: tuple[float, ...], where: str | None
) -> None:
    storage = {k: a.storage for k, a in stage.schema.attributes.items()}
    clauses = [Condition(field=where, op="any_of", values=("Female",))] if where else []
    options = {str(n): to_filter([bar], storage) for n, bar in enumerate(bar_clauses(key, starts))}
    counted = stage.layered.options(to_filter(clauses, storage), options)
    bars = bar_clauses(key, starts)
    alone = {str(n): stage.anew.count(to_filter([*clauses, bar], storage)) for n, bar in enumerate(bars)}
    assert counted == {name: count for name, count in alone.items() if count}
    assert where or len(counted) > 1


def test_ranges_that_are_no_bars_are_counted_one_by_one(stage: Stage) -> None:
    storage = {k: a.storage for k, a in stage.schema.attributes.items()}
    ranges = [{"lt": 30}, {"gte": 20, "lt": 50}, {"gte": 50}]
    parts = [Condition.model_validate({"field": "age", "op": "range", **r}) for r in ranges]
    options = {str(n): to_filter([p], storage) for n, p in enumerate(parts)}
    for chosen in (["0", "2"], ["1", "2"], ["0", "1"], ["2", "1"]):
        some = {name: options[name] for name in chosen}
        counts = {name: stage.anew.count(option) for name, option in some.items()}
        assert stage.layered.options({}, some) == {name: count for name, count in counts.items() if count}


def test_between_ranges_of_decimal_numbers_is_room() -> None:
    """Up to and including 1, and from 2 on: of decimal numbers 1.5 is in neither, of whole ones nothing is between."""
    writer = ColumnsWriter({"price": "float", "size": "integer"})
    for n, (price, size) in enumerate(((1.0, 1), (1.5, 1), (2.0, 2))):
        payload = {"_id": f"p{n}", "_ordinal": n, "_row": "", "_text": "", "price": price, "size": size}
        writer.add(bytes([n]) * 16, payload, bytes(16), bytes(16))
    columns = Columns.of(*writer.arrays())
    for key, low in (("price", 1), ("size", 2)):
        ranges = {"low": {"gte": 0, "lte": 1}, "high": {"gte": 2}}
        options = {name: {"must": [{"key": key, "range": r}]} for name, r in ranges.items()}
        assert columns.options({}, options) == {"low": low, "high": 1}


def test_the_best_are_the_same(stage: Stage) -> None:
    rng, attributes = stage.rng, stage.anew.attributes
    weighing = []
    for key, storage in list(attributes.items())[::3]:
        if storage in ("integer", "float"):
            weighing.append((key, {str(n): rng.uniform(-1, 1) for n in range(3)}, (5.0, 30.0, 60.0)))
        else:
            weighing.append((key, {v: rng.uniform(-1, 1) for v in stage.anew.values(key).all()[:9]}, ()))
    without = [point_id(p.id).bytes for p in stage.profiles[:20]]
    for query in queries(stage):
        for count in (1, 10, SIZE * 2):
            assert stage.layered.best(query, weighing, without, count) == stage.anew.best(
                query, weighing, without, count
            )
