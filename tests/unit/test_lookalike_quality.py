"""Lookalikes find people of the same persona, better than vectors do, and see no gender unless they are let.

The generated people have personas: what kind of adopter somebody is, in the light of interest, budget and job. They are
hidden here: the column is taken out before indexing. Of each persona half the people are held out; five of the other
half are the chosen, and the rest of that half is not looked at, since they would be right too. Recall is what part of
the held-out half comes among as many people as it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

import homes
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.models import Row
from techfinder.plan import QueryPlan
from techfinder.sources import open_source
from techfinder.testing.fakes import HashEncoder, ListSource

HIDDEN = "persona"
CHOSEN = 5
LEAST_PEOPLE = 20
Rank = Callable[[Sequence[str], int], list[str]]


@dataclass(frozen=True)
class Crowd:
    """People whose personas are hidden, and who has which."""

    finder: Finder
    personas: Mapping[str, str]

    def groups(self) -> dict[str, list[str]]:
        """Ids by persona; the rare ones left out."""
        found: dict[str, list[str]] = {}
        for name, persona in self.personas.items():
            found.setdefault(persona, []).append(name)
        return {p: names for p, names in found.items() if len(names) >= LEAST_PEOPLE}


def crowd(home: Path, entry: EncoderEntry, number: int, seed: int) -> Crowd:
    finder = homes.open_home(home, entry)
    source = open_source(f"synthetic:n={number},seed={seed}", finder.plugins.sources())
    rows = [dict(row.values) for row in source.rows() if isinstance(row, Row)]
    personas = {str(row["user_id"]): str(row.pop(HIDDEN)) for row in rows}
    homes.index(finder, ListSource(rows))
    return Crowd(finder, personas)


def by_attributes(people: Crowd) -> Rank:
    def rank(chosen: Sequence[str], count: int) -> list[str]:
        plan = QueryPlan(like=tuple(chosen), limit=count)
        return [h.profile.id for h in people.finder.lookalikes(plan).hits]

    return rank


def by_centroid(people: Crowd) -> Rank:
    """By similarity to the mean of the chosen people's vectors."""
    names = list(people.personas)
    vectors = people.finder.collection().vectors(names)
    table = np.stack([vectors[n] for n in names]).astype(np.float64)

    def rank(chosen: Sequence[str], count: int) -> list[str]:
        mean = np.mean([vectors[n] for n in chosen], axis=0)
        return [names[i] for i in np.argsort(-(table @ mean), kind="stable")[:count]]

    return rank


def recalls(people: Crowd, rank: Rank, repeats: int) -> dict[str, tuple[float, float]]:
    """By persona: mean recall, and that of a ranking at random."""
    found = {}
    for persona, names in people.groups().items():
        rng = np.random.default_rng(5)
        seen, random = [], []
        for _ in range(repeats):
            order = rng.permutation(names).tolist()
            first, held_out = order[: len(order) // 2], set(order[len(order) // 2 :])
            looked_at = [n for n in rank(first[:CHOSEN], len(order)) if n not in set(first)]
            seen.append(len(held_out & set(looked_at[: len(held_out)])) / len(held_out))
            random.append(len(held_out) / (len(people.personas) - len(first)))
        found[persona] = (fmean(seen), fmean(random))
    return found


def against_random(found: Mapping[str, tuple[float, float]]) -> float:
    return fmean(seen / random for seen, random in found.values())


@pytest.mark.slow
def test_the_held_out_half_is_found_five_times_as_often_as_at_random(tmp_path: Path) -> None:
    people = crowd(tmp_path, HashEncoder().entry(), 800, 21)
    found = recalls(people, by_attributes(people), 2)
    people.finder.close()
    assert len(found) >= 8
    assert against_random(found) >= 5
    assert min(seen / random for seen, random in found.values()) >= 2


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [21, 22])
def test_lookalikes_find_more_than_the_centroid_of_vectors(tmp_path: Path, seed: int) -> None:
    entry = homes.open_home(tmp_path / "none", HashEncoder().entry()).encoder_named("minilm")
    people = crowd(tmp_path / "home", entry, 3000, seed)
    mine, centroid = (recalls(people, rank, 8) for rank in (by_attributes(people), by_centroid(people)))
    people.finder.close()
    print(f"\n{'persona':<34}{'random':>8}{'centroid':>10}{'lookalike':>11}")
    for persona, (seen, random) in sorted(mine.items(), key=lambda f: f[1][1]):
        print(f"{persona:<34}{random:>8.3f}{centroid[persona][0]:>10.3f}{seen:>11.3f}")
    ratio = fmean(s for s, _ in mine.values()) / fmean(s for s, _ in centroid.values())
    print(f"against random: {against_random(mine):.1f}, centroid {against_random(centroid):.1f}; ratio {ratio:.2f}")
    assert against_random(mine) >= 5
    assert ratio >= 1.3
    assert all(mine[p][0] > centroid[p][0] for p in mine)


# --- fairness ------------------------------------------------------------------------------------------

PAIRS = 1000
OTHER = {"Female": "Male", "Male": "Female", "Non-binary": "Female"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """A thousand people, and each a second time with another gender and the same other values."""
    finder = homes.open_home(tmp_path_factory.mktemp("pairs"), HashEncoder().entry())
    source = open_source(f"synthetic:n={PAIRS},seed=8", finder.plugins.sources())
    rows = [dict(row.values) for row in source.rows() if isinstance(row, Row)]
    twins = [{**r, "user_id": f"{r['user_id']}b", "gender": OTHER[str(r["gender"])]} for r in rows]
    homes.index(finder, ListSource([*rows, *twins]))
    yield finder
    finder.close()


def ranks(finder: Finder, like: tuple[str, ...], sensitive: bool) -> dict[str, tuple[int, float]]:
    """Place among those who are not twins (or among the twins), and score, by id."""
    found: dict[str, tuple[int, float]] = {}
    places = {True: 0, False: 0}
    for at in (0, 1000, 2000):
        plan = QueryPlan(like=like, limit=1000, offset=at)
        for hit in finder.lookalikes(plan, sensitive=sensitive).hits:
            twin = hit.profile.id.endswith("b")
            found[hit.profile.id] = (places[twin], sum(p.value for p in hit.parts))
            places[twin] += 1
    return found


@pytest.mark.slow
def test_another_gender_changes_no_rank(pairs: Finder) -> None:
    like = ("TU0001", "TU0001b", "TU0017", "TU0017b", "TU0400", "TU0400b")
    found = ranks(pairs, like, sensitive=False)
    originals = [i for i in found if not i.endswith("b")]
    assert len(originals) == PAIRS - 3
    for name in originals:
        assert found[name][0] == found[f"{name}b"][0]
        assert found[name][1] == pytest.approx(found[f"{name}b"][1], abs=1e-12)


@pytest.mark.slow
def test_whose_gender_the_chosen_have_changes_no_rank(pairs: Finder) -> None:
    first, second = (ranks(pairs, like, False) for like in (("TU0005", "TU0009"), ("TU0005b", "TU0009b")))
    either = {i for i in first if i in second}
    assert len(either) == 2 * PAIRS - 4
    order = [[i for i in found if i in either] for found in (first, second)]
    assert order[0] == order[1]


@pytest.mark.slow
def test_genders_do_count_when_they_are_let(pairs: Finder) -> None:
    women = tuple(p.id for p in pairs.collection().browse([], [], 60) if p.values["gender"] == "Female")[:5]
    found = ranks(pairs, women, sensitive=True)
    assert any(found[i][0] != found[f"{i}b"][0] for i in found if not i.endswith("b") and f"{i}b" in found)
