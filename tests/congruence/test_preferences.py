"""Wishes at 100,000 people: who comes first is whom the judge, who looks at everybody, puts first."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qdrant_process import QdrantAddress
from random_clauses import random_clauses
from recall_bands import QUESTIONS, encoded_people, fill
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition
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


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["edge", "server"])
def test_the_first_ten_are_the_judges(kind: str, tmp_path: Path, qdrant: QdrantAddress) -> None:
    settings = Settings(home=tmp_path, nice=0) if kind == "edge" else qdrant.settings(tmp_path)
    schema, encoder = load_schema(), HashEncoder(dim=64)
    points = list(encoded_people(schema, encoder, PEOPLE))
    judge = Judge(schema, [p.profile for p in points], np.stack([p.vector for p in points]))
    with closing(open_store(settings)) as store:
        fill(store, NAME, schema, encoder, iter(points))
        with closing(store.open(NAME)) as people:
            same = 0
            for seed in range(PLANS):
                wishes, where = _asked(schema, judge.profiles, random.Random(seed))
                vector = encoder.encode_query(QUESTIONS[seed % len(QUESTIONS)])
                found = ranked_page(schema.resolve(wishes), schema.resolve(where), vector, FIRST, 0, people)
                wanted = judge.prefer(vector, where, wishes)[:FIRST]
                same += [p.id for p, _ in found] == [p.id for p, _, _ in wanted]
        store.drop(NAME)
    assert same >= 0.99 * PLANS


def _asked(schema: Schema, people: Sequence[Profile], rng: random.Random) -> tuple[list[Clause], list[Clause]]:
    """Wishes of several weights, and in half of the cases something required."""
    changes = ({"required": False, "weight": rng.choice(WEIGHTS)} for _ in range(8))
    wishes = [
        c.model_copy(update=change) for c, change in zip(random_clauses(schema, people, rng), changes, strict=False)
    ]
    return wishes, random_clauses(schema, people, rng)[:1] if rng.random() < 0.5 else []
