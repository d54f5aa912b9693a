"""Reading ahead: the pages are those of the store, and the store is asked far less often than there are pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from techfinder.interfaces import Collection, ScoredPoint
from techfinder.models import GenerationInfo, Profile
from techfinder.paging import Paged, Windows

VECTOR = np.zeros(2, dtype=np.float32)


class Ranked(Collection):
    """People in a fixed order; notes how deep it was asked to rank."""

    def __init__(self, count: int) -> None:
        self.everybody = [ScoredPoint(Profile(f"p{n}", {}), 1 - n / count) for n in range(count)]
        self.live = GenerationInfo("people", 1, count, 2, "cosine", "e", "t", "s", "", "d")
        self.searches: list[tuple[int, int]] = []
        self.looked_up = 0

    def info(self) -> GenerationInfo:
        return self.live

    def search(
        self, vector: NDArray[np.float32], where: Sequence[object], limit: int, offset: int = 0, exact: bool = False
    ) -> list[ScoredPoint]:
        assert exact
        self.searches.append((offset, limit))
        return self.everybody[offset : offset + limit]

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        self.looked_up += len(ids)
        return [p.profile for i in ids for p in self.everybody if p.profile.id == i]


def turn(paged: Paged, size: int, count: int) -> list[ScoredPoint]:
    return [p for offset in range(0, count + size, size) for p in paged.search(VECTOR, [], size, offset)]


@pytest.mark.parametrize(("count", "size"), [(1, 1), (99, 10), (100, 10), (101, 10), (300, 7), (50, 60)])
def test_all_pages_are_one_big_page(count: int, size: int) -> None:
    people = Ranked(count)
    assert turn(Paged(people, Windows(), b"q"), size, count) == people.everybody


def test_the_store_is_asked_a_few_times_only() -> None:
    people = Ranked(2000)
    turn(Paged(people, Windows(), b"q"), 10, 2000)
    # What is read ahead doubles: 201 pages, and as many questions as 10 fits into 2000 by doubling.
    assert people.searches == [(0, 10), *((10 * 2**n, 10 * 2**n) for n in range(8))]
    assert people.looked_up < 2000


def test_at_most_ten_thousand_people_are_read_ahead() -> None:
    people = Ranked(51_000)
    paged = Paged(people, Windows(), b"q")
    paged.search(VECTOR, [], 1000, 0)
    paged.search(VECTOR, [], 1000, 50_000)
    assert people.searches == [(0, 1000), (50_000, 10_000)]


def test_for_one_page_nothing_is_read_ahead() -> None:
    people = Ranked(100)
    Paged(people, Windows(), b"q").search(VECTOR, [], 5, 40)
    assert people.searches == [(40, 5)]


def test_questions_do_not_get_each_others_people() -> None:
    people, windows = Ranked(100), Windows()
    turn(Paged(people, windows, b"q"), 5, 30)
    asked = len(people.searches)
    Paged(people, windows, b"other").search(VECTOR, [], 5, 30)
    assert people.searches[asked:] == [(30, 5)]


@pytest.mark.parametrize("change", [{"number": 2}, {"revision": 1}])
def test_another_state_of_the_people_is_read_anew(change: dict[str, int]) -> None:
    people, windows = Ranked(100), Windows()
    paged = Paged(people, windows, b"q")
    paged.search(VECTOR, [], 5, 0)
    paged.search(VECTOR, [], 5, 40)
    people.live = replace(people.live, **change)  # type: ignore[arg-type]
    paged.search(VECTOR, [], 5, 45)
    assert people.searches == [(0, 5), (40, 40), (45, 5)]


def test_people_who_went_meanwhile_are_not_skipped() -> None:
    people = Ranked(100)
    paged = Paged(people, Windows(), b"q")
    paged.search(VECTOR, [], 5, 0)
    paged.search(VECTOR, [], 5, 40)
    del people.everybody[47]
    assert [p.profile.id for p in paged.search(VECTOR, [], 5, 45)] == ["p45", "p46", "p48", "p49", "p50"]


def test_a_few_questions_are_kept() -> None:
    people, windows = Ranked(100), Windows()
    for question in range(25):
        Paged(people, windows, bytes([question])).search(VECTOR, [], 5, 0)
        Paged(people, windows, bytes([question])).search(VECTOR, [], 5, 40)
    asked = len(people.searches)
    Paged(people, windows, bytes([24])).search(VECTOR, [], 5, 45)
    assert len(people.searches) == asked
    Paged(people, windows, bytes([0])).search(VECTOR, [], 5, 45)
    assert len(people.searches) == asked + 1
