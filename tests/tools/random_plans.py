"""Random plans with a vector to rank by and facets to count, and their answers from a store or the judge."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from random_clauses import random_clauses, random_sort
from techfinder.interfaces import Collection, FacetRequest
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import QueryPlan
from techfinder.schema import Schema
from techfinder.testing.store_samples import vector_of

__all__ = ["Question", "Reply", "ask", "differences", "expected", "grid_vector", "random_question"]

Vector = NDArray[np.float32]

GRIDS = (8, 16, 64)
"""Grids whose vectors of norm 1 have scores without rounding; the coarser, the more ties."""

NEAR = 1e-6


@dataclass(frozen=True)
class Question:
    """What is asked of everyone.

    Attributes:
        plan: Conditions, limit, offset, and a sort where nothing is ranked.
        vector: What to rank by; None sorts.
        exact: True when the scores have no rounding, so that nothing may differ.
        facets: What is to be counted.
    """

    plan: QueryPlan
    vector: Vector | None
    exact: bool
    facets: tuple[FacetRequest, ...]


@dataclass(frozen=True)
class Reply:
    """Count, one page of profiles with scores (zeros where nothing is ranked), and counts by facet."""

    total: int
    profiles: list[Profile]
    scores: list[float]
    facets: dict[str, dict[str, int | float]]


def grid_vector(rng: random.Random, dim: int, grid: int) -> Vector:
    """A vector of norm 1 whose parts are multiples of 1/`grid`: products of two such are exact."""
    while True:
        parts = [rng.randint(-grid, grid) // rng.choice((1, 2, 4)) for _ in range(dim - 4)]
        if (rest := grid * grid - sum(p * p for p in parts)) >= 0:
            whole = [*parts, *_four_squares(rest, rng)]
            rng.shuffle(whole)
            return np.array(whole, dtype=np.float32) / np.float32(grid)


def random_question(schema: Schema, profiles: Sequence[Profile], dim: int, seed: int) -> Question:
    """The question of that seed: most are ranked, many go deep, some beyond the end."""
    rng = random.Random(seed)
    clauses = tuple(random_clauses(schema, profiles, rng))
    ranked, exact = rng.random() < 0.6, rng.random() < 0.7
    plan = QueryPlan(
        conditions=clauses,
        sort=() if ranked else tuple(random_sort(schema, rng)),
        limit=rng.choice((1, 3, 20, 100, 1000)),
        offset=rng.choice((0, 0, 0, 1, 7, len(profiles) // 3, len(profiles) - 2, 20_000)),
    )
    vector = grid_vector(rng, dim, rng.choice(GRIDS)) if exact else vector_of(rng.randint(1000, 9999), dim)
    return Question(plan, vector if ranked else None, exact, _facets(schema, profiles, clauses, rng))


def ask(people: Collection, schema: Schema, question: Question) -> Reply:
    """A store's reply."""
    plan = question.plan
    where = schema.resolve(plan.conditions)
    total, facets = people.count(where), people.facets(question.facets)
    if question.vector is None:
        found = people.browse(where, schema.resolve_sort(plan.sort), plan.limit, plan.offset)
        return Reply(total, found, [0.0] * len(found), facets)
    hits = people.search(question.vector, where, plan.limit, plan.offset, exact=True)
    return Reply(total, [h.profile for h in hits], [h.score for h in hits], facets)


def expected(judge: Judge, question: Question) -> Reply:
    """The judge's reply."""
    plan = question.plan
    end = plan.offset + plan.limit
    facets = {f.name: _counted(judge, f) for f in question.facets}
    total = judge.count(plan.conditions)
    if question.vector is None:
        found = judge.browse(plan.conditions, plan.sort)[plan.offset : end]
        return Reply(total, found, [0.0] * len(found), facets)
    hits = judge.search(question.vector, plan.conditions, end)[plan.offset :]
    return Reply(total, [p for p, _ in hits], [s for _, s in hits], facets)


def differences(judge: Judge, question: Question, wanted: Reply, reply: Reply) -> list[str]:
    """In what a store's reply is not the `wanted` one of the judge, in words."""
    found = [f"total {reply.total}, not {wanted.total}"] if reply.total != wanted.total else []
    found += [
        f"facet {name}: {reply.facets.get(name)}, not {counts}"
        for name, counts in wanted.facets.items()
        if reply.facets.get(name) != counts
    ]
    if question.vector is None or question.exact:
        return found + _differing_lists(wanted, reply)
    return found + _differing_ranks(judge, question.vector, wanted, reply)


def _differing_lists(wanted: Reply, reply: Reply) -> list[str]:
    found = []
    if (ids := [p.id for p in reply.profiles]) != (other := [p.id for p in wanted.profiles]):
        found.append(f"order {ids}, not {other}")
    elif strange := [(p, w) for p, w in zip(reply.profiles, wanted.profiles, strict=True) if p != w]:
        found.append(f"{len(strange)} with other values, as {strange[0][0]}, not {strange[0][1]}")
    elif not np.allclose(reply.scores, wanted.scores, rtol=0, atol=NEAR):
        found.append(f"scores {reply.scores}, not {wanted.scores}")
    return found


def _differing_ranks(judge: Judge, vector: Vector, wanted: Reply, reply: Reply) -> list[str]:
    """Scores come rounded by whoever sums them: near equals may change places, and nothing else."""
    if len(reply.scores) != len(wanted.scores):
        return [f"{len(reply.scores)} hits, not {len(wanted.scores)}"]
    true = judge.scores(vector)
    ids = [p.id for p in reply.profiles]
    keys = [(-round(s, 6), i) for s, i in zip(reply.scores, ids, strict=True)]
    found = ["a profile twice"] if len(set(ids)) < len(ids) else []
    found += ["not in the order of its scores"] if keys != sorted(keys) else []
    pairs = zip(reply.profiles, reply.scores, wanted.scores, strict=True)
    return found + [
        f"{p.id} with {score}, not {true[p.id]}; {there} in its place"
        for p, score, there in pairs
        if abs(score - true[p.id]) > NEAR or abs(score - there) > 2 * NEAR
    ]


def _facets(
    schema: Schema, profiles: Sequence[Profile], clauses: Sequence[object], rng: random.Random
) -> tuple[FacetRequest, ...]:
    """One over the plan's conditions, one over others, one with options."""
    keys = list(schema.attributes)
    here, there = (schema.resolve(c) for c in (clauses, random_clauses(schema, profiles, rng)))  # type: ignore[arg-type]
    options = {f"o{n}": schema.resolve(random_clauses(schema, profiles, rng)) for n in range(3)}
    return (
        FacetRequest("here", here, rng.choice(keys)),
        FacetRequest("there", there, rng.choice(keys)),
        FacetRequest("options", here, options=options),
    )


def _counted(judge: Judge, request: FacetRequest) -> dict[str, int | float]:
    if request.options is None:
        return judge.facet(request.field, request.where)
    counts = {name: judge.count((*request.where, *clauses)) for name, clauses in request.options.items()}
    return {name: count for name, count in counts.items() if count}


def _four_squares(rest: int, rng: random.Random) -> list[int]:
    """Four whole numbers whose squares add up to `rest`; there always are some."""
    first = rng.randint(0, int(rest**0.5))
    for a in (*range(first, -1, -1), *range(first + 1, int(rest**0.5) + 1)):
        for b in range(int((rest - a * a) ** 0.5), -1, -1):
            for c in range(int((rest - a * a - b * b) ** 0.5), -1, -1):
                last = rest - a * a - b * b - c * c
                if (d := int(last**0.5)) ** 2 == last:
                    return [rng.choice((-1, 1)) * n for n in (a, b, c, d)]
    raise AssertionError(f"{rest} is no sum of four squares")
