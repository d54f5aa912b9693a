"""Pages without anything to rank by: each reads only its own people, whatever comes before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from techfinder.interfaces import Collection, FacetRequest
from techfinder.matching import fulfils
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.preferences import ranked_page

Clauses = Sequence[Condition | AnyOf]


class Counting(Collection):
    """Forty people who may be browsed, and counted by option; it notes how many it gave."""

    people = tuple(Profile(f"p{n:02}", {"age": n, "team": ("red", "blue", "none")[n % 3]}) for n in range(40))

    def __init__(self) -> None:
        self.given = 0

    def browse(self, where: Clauses, sort: Sequence[Sort], limit: int, offset: int = 0) -> list[Profile]:
        found = [p for p in self.people if fulfils(p, where)][offset : offset + limit]
        self.given += len(found)
        return found

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        return {
            r.name: {
                name: sum(fulfils(p, (*r.where, *clauses)) for p in self.people)
                for name, clauses in (r.options or {}).items()
            }
            for r in requests
        }


WISHES = (
    Condition(field="team", op="any_of", values=("red",), required=False),
    Condition(field="age", op="range", gte=20, required=False),
)


@pytest.mark.parametrize("wishes", [(), WISHES, WISHES[:1]])
@pytest.mark.parametrize("size", [1, 7, 40])
def test_pages_fit_together_and_read_nobody_twice(wishes: Clauses, size: int) -> None:
    collection = Counting()
    whole = [p.id for p, _ in ranked_page(wishes, (), None, 40, 0, collection)]
    assert sorted(whole) == [p.id for p in collection.people]
    collection.given = 0
    pages = [p.id for at in range(0, 45, size) for p, _ in ranked_page(wishes, (), None, size, at, collection)]
    assert pages == whole
    assert collection.given == 40
