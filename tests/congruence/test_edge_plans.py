"""The embedded store and the brute-force judge agree on thousands of random plans."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from random_clauses import random_clauses, random_profiles, random_sort
from techfinder.interfaces import Collection, CollectionSpec, FacetRequest, Point
from techfinder.judge import Judge
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.testing.store_samples import build, vector_of

SIZE = 600


@dataclass(frozen=True)
class Stage:
    """The same people in the store and before the judge."""

    people: Collection
    judge: Judge


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    schema = load_schema()
    profiles = random_profiles(schema, SIZE, random.Random(20))
    vectors = np.stack([vector_of(n % 400) for n in range(SIZE)])  # some are equal
    spec = CollectionSpec(
        "people", 8, "cosine", "hash", "t", schema.name, {k: a.storage for k, a in schema.attributes.items()}
    )
    points = [Point(p, n, f"r{n}", f"t{n}", v) for n, (p, v) in enumerate(zip(profiles, vectors, strict=True))]
    shuffled = random.Random(1).sample(points, SIZE)
    with closing(open_store(Settings(home=tmp_path_factory.mktemp("home"), nice=0))) as store:
        build(store, spec, shuffled)
        with closing(store.open("people")) as people:
            yield Stage(people, Judge(schema, profiles, vectors))


def _check(stage: Stage, seed: int) -> int:
    """One plan: set, count, order, ranking and a facet. Returns how many match."""
    people, judge, schema = stage.people, stage.judge, stage.judge.schema
    rng = random.Random(seed)
    clauses = random_clauses(schema, judge.profiles, rng)
    where, sort, query = schema.resolve(clauses), random_sort(schema, rng), vector_of(rng.randint(0, 500))
    expected = judge.matches(clauses)

    assert people.count(where) == len(expected), clauses
    assert [h.profile.id for h in people.search(query, where, SIZE)] == [
        p.id for p, _ in judge.search(query, clauses, SIZE)
    ] or _same_up_to_rounding(stage, query, clauses), clauses
    limit, offset = rng.randint(1, 40), rng.choice((0, 0, 5, len(expected)))
    assert people.browse(where, sort, limit, offset) == judge.browse(clauses, sort)[offset : offset + limit], clauses
    field = rng.choice(list(schema.attributes))
    assert people.facets([FacetRequest("f", where, field)])["f"] == judge.facet(field, clauses), (field, clauses)
    return len(expected)


def _same_up_to_rounding(stage: Stage, query: np.ndarray, clauses: list) -> bool:  # type: ignore[type-arg]
    """Same people and same scores where two sums differ in the last bit at the border of rounding."""
    where = stage.judge.schema.resolve(clauses)
    found = {h.profile.id: h.score for h in stage.people.search(query, where, SIZE)}
    expected = {p.id: s for p, s in stage.judge.search(query, clauses, SIZE)}
    return found.keys() == expected.keys() and all(abs(found[i] - expected[i]) < 2e-6 for i in found)


@pytest.mark.parametrize("batch", range(10))
def test_store_and_judge_agree(stage: Stage, batch: int) -> None:
    sizes = [_check(stage, 1000 * batch + n) for n in range(100)]
    assert any(0 < size < SIZE // 2 for size in sizes)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(100, 140))
def test_store_and_judge_agree_for_long(stage: Stage, batch: int) -> None:
    assert sum(_check(stage, 1000 * batch + n) for n in range(200)) > 0
