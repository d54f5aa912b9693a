"""Wishes at 100,000 people: who comes first is whom the judge, who looks at everybody, puts first."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qdrant_process import QdrantAddress
from random_clauses import random_clauses
from recall_bands import QUESTIONS, encoded_people, fill
from techfinder.interfaces import Collection, FacetRequest, ScoredPoint
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.preferences import ranked_page
from techfinder.schema import Schema, load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.testing.fakes import HashEncoder

PEOPLE = int(os.environ.get("TECHFINDER_TEST_PEOPLE", "100000"))
NAME = "preferences"
PLANS = 100
FIRST = 10
Clause = Condition | AnyOf
WEIGHTS = (0.5, 1.0, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Exactly:
    """A collection that compares one by one."""

    of: Collection

    def search(
        self, vector: NDArray[np.float32], where: Sequence[Clause], limit: int, offset: int = 0
    ) -> list[ScoredPoint]:
        return self.of.search(vector, where, limit, offset, exact=True)

    def browse(self, where: Sequence[Clause], sort: Sequence[Sort], limit: int, offset: int = 0) -> list[Profile]:
        return self.of.browse(where, sort, limit, offset)

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        return self.of.facets(requests)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["edge", "server"])
def test_the_first_ten_are_the_judges(kind: str, tmp_path: Path, qdrant: QdrantAddress) -> None:
    """The very same ten where all are compared; a graph may overlook one in a hundred, and no fulfilled wish."""
    settings = Settings(home=tmp_path, nice=0) if kind == "edge" else qdrant.settings(tmp_path)
    schema, encoder = load_schema(), HashEncoder(dim=64)
    points = list(encoded_people(schema, encoder, PEOPLE))
    judge = Judge(schema, [p.profile for p in points], np.stack([p.vector for p in points]))
    different, overlooked, asked = [], 0, 0
    with closing(open_store(settings)) as store:
        fill(store, NAME, schema, encoder, iter(points))
        with closing(store.open(NAME)) as people:
            assert not people.info().exact
            for seed in range(PLANS):
                wishes, where = _asked(schema, judge.profiles, random.Random(seed))
                vector = encoder.encode_query(QUESTIONS[seed % len(QUESTIONS)])
                everybody = judge.prefer(vector, where, wishes)
                wanted, fits = [p.id for p, *_ in everybody[:FIRST]], {p.id: fit for p, fit, _ in everybody}
                resolved = schema.resolve(wishes), schema.resolve(where)
                exact, through_graph = (
                    [p.id for p, _ in ranked_page(*resolved, vector, FIRST, 0, c)] for c in (Exactly(people), people)
                )
                if exact != wanted or [fits.get(i) for i in through_graph] != [fits[i] for i in wanted]:
                    different.append(seed)
                overlooked += len(set(wanted) - set(through_graph))
                asked += len(wanted)
        store.drop(NAME)
    assert different == []
    assert asked >= 5 * PLANS
    assert overlooked <= 0.01 * asked


def _asked(schema: Schema, people: Sequence[Profile], rng: random.Random) -> tuple[list[Clause], list[Clause]]:
    """Wishes of several weights, and in half of the cases something required."""
    changes = ({"required": False, "weight": rng.choice(WEIGHTS)} for _ in range(8))
    wishes = [
        c.model_copy(update=change) for c, change in zip(random_clauses(schema, people, rng), changes, strict=False)
    ]
    return wishes, random_clauses(schema, people, rng)[:1] if rng.random() < 0.5 else []
