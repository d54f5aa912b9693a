"""Random searches as somebody at the page makes them: a text, conditions, wishes, an order, people to be like."""

from __future__ import annotations

import random
from collections.abc import Sequence

from random_clauses import random_clauses, random_sort
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.schema import Schema

__all__ = ["random_search"]

WEIGHTS = (0.5, 1.0, 1.0, 2.0)
TEXTS = ("gaming and music", "health", "cheerful people who travel", "budget phones")


def random_search(schema: Schema, profiles: Sequence[Profile], seed: int) -> QueryPlan:
    """The search of that seed."""
    rng = random.Random(seed)
    kind = rng.choice(("text", "text", "text", "nothing", "order", "like"))
    wishes = _wishes(schema, profiles, rng) if kind in ("text", "nothing") and rng.random() < 0.6 else []
    likes = rng.sample(list(profiles), 3) if kind == "like" else []
    return QueryPlan(
        meaning=rng.choice(TEXTS) if kind == "text" else "",
        conditions=(*random_clauses(schema, profiles, rng)[: rng.choice((0, 1, 2))], *wishes),
        sort=tuple(random_sort(schema, rng)) if kind == "order" else (),
        like=tuple(p.id for p in likes[:2]),
        not_like=tuple(p.id for p in likes[2:]) if rng.random() < 0.5 else (),
        limit=rng.choice((1, 5, 20, 20, 100)),
        offset=rng.choice((0, 0, 0, 3, 20, len(profiles) // 2)),
    )


def _wishes(schema: Schema, profiles: Sequence[Profile], rng: random.Random) -> list[Condition | AnyOf]:
    some = [c for _ in range(4) for c in random_clauses(schema, profiles, rng)][: rng.choice((1, 2, 3, 4))]
    return [c.model_copy(update={"required": False, "weight": rng.choice(WEIGHTS)}) for c in some]
