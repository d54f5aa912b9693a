"""Random histories of writes: after each step a store holds what a plain dict holds, whoever reads it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdrant_process import QdrantAddress
from random_plans import GRIDS, grid_vector
from techfinder.errors import CollectionNotFound
from techfinder.interfaces import Collection, FacetRequest, Point, Store
from techfinder.models import GenerationInfo
from techfinder.plan import Condition
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.points import check_points, digest_of, vector_digest
from techfinder.store.tally import total_of
from techfinder.testing.store_samples import (
    ATTRIBUTES,
    DIM,
    build,
    eventually,
    holds,
    make_point,
    make_points,
    make_spec,
    vector_of,
)

KINDS = ("edge", "server")
SHORT = {"edge": 6, "server": 8}
LONG = {"edge": 40, "server": 80}
SAMPLES = make_points(420)
BIG = 1100
"""Changes that the server store makes in a new collection instead of in place."""

LOOK = """
import json, sys
from techfinder.settings import Settings
from techfinder.store import open_store
store = open_store(Settings(**json.loads(sys.argv[1])))
people = store.open(sys.argv[2])
print(json.dumps([people.info().digest, people.count([]), [p.id for p in people.browse([], [], 10_000)]]))
store.close()
"""

Contents = dict[str, Point]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(kind: str, tmp_path: Path, qdrant: QdrantAddress) -> Settings:
    return Settings(home=tmp_path, nice=0) if kind == "edge" else qdrant.settings(tmp_path)


class History:
    """A collection, its readers, and what each kept generation should hold."""

    def __init__(self, settings: Settings, name: str, seed: int) -> None:
        self.settings, self.spec, self.rng = settings, make_spec(name), random.Random(seed)
        self.store: Store = open_store(settings)
        self.kept: dict[int, Contents] = {}
        self.live = 0
        self.ordinals = iter(range(10**6))
        self.rebuild()
        self.reader: Collection = self.store.open(name)

    def close(self) -> None:
        self.store.drop(self.spec.name)
        self.store.close()

    @property
    def contents(self) -> Contents:
        return self.kept.get(self.live, {})

    # --- steps -----------------------------------------------------------------------------

    def change(self, size: int = 0) -> None:
        """A few calls that add, change, move and remove, some of it twice."""
        writer, now = self.store.write(self.spec), dict(self.contents)
        for _ in range(self.rng.randint(1, 3)):
            if self.rng.random() < 0.6:
                gone = [*self.rng.sample(sorted(now), min(len(now), self.rng.randint(0, 9))), "nobody"]
                writer.delete(gone)
                now = {i: p for i, p in now.items() if i not in gone}
            points = [self._point(now) for _ in range(size or self.rng.randint(0, 25))]
            writer.upsert(points)
            _apply(now, points)
        self._publish(writer, now)

    def change_much(self) -> None:
        self.change(BIG)

    def change_nothing(self) -> None:
        self._publish(self.store.write(self.spec), dict(self.contents))

    def give_up(self) -> None:
        writer = self.store.write(self.spec)
        writer.upsert([self._point({}) for _ in range(5)])
        writer.delete(list(self.contents)[:5])
        if self.rng.random() < 0.5:
            writer.seal()
        writer.discard()

    def rebuild(self) -> None:
        """Some of those who are there, and others, from nothing."""
        writer = self.store.write(self.spec, fresh=True)
        now: Contents = {}
        points = [*self.rng.sample(list(self.contents.values()), len(self.contents) // 2)]
        points += [self._point({}) for _ in range(self.rng.randint(0, 60))]
        writer.upsert(points)
        _apply(now, points)
        self._publish(writer, now)

    def switch(self) -> None:
        number = self.rng.choice(sorted(self.kept))
        self.store.activate(self.spec.name, number)
        self.live = number

    def drop_and_rebuild(self) -> None:
        """The reader stays open over it."""
        self.store.drop(self.spec.name)
        if self.rng.random() < 0.5:
            with pytest.raises(CollectionNotFound):
                self.reader.count([])
        self.kept, self.live = {}, 0
        self.rebuild()

    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(self.settings)
        self.reader = self.store.open(self.spec.name)

    def _point(self, now: Contents) -> Point:
        """Someone new or known, often without a vector where one is stored."""
        number = self.rng.randint(0, 400 + (BIG if self.rng.random() < 0.2 else 0))
        values = self.rng.choice(SAMPLES).profile.values
        known = now.get(f"p{number}")
        if known is not None and self.rng.random() < 0.5:
            return replace(known, profile=replace(known.profile, values=values), row=f"r{number}", vector=None)
        vector = grid_vector(self.rng, DIM, self.rng.choice(GRIDS))
        return replace(make_point(number, next(self.ordinals), **values), vector=vector)

    def _publish(self, writer: object, now: Contents) -> None:
        sealed = writer.seal()  # type: ignore[attr-defined]
        published = writer.publish()  # type: ignore[attr-defined]
        assert published == sealed
        self.live = published.number
        self.kept[self.live] = now

    # --- looking ---------------------------------------------------------------------------

    def check(self) -> None:
        """Everything that can be asked is as the contents say."""
        generations = self.store.generations(self.spec.name)
        self.kept = {g.number: self.kept[g.number] for g in generations}
        for info in generations:
            assert (info.points, info.digest) == (len(self.kept[info.number]), digest(self.kept[info.number]))
        live = next(g for g in generations if g.number == self.live)
        assert live in self.store.collections()
        self._check_ledger()
        assert eventually(lambda: self._seen() == live)
        self._check_reader()

    def _seen(self) -> GenerationInfo | None:
        with suppress(CollectionNotFound):  # of the moment between drop and rebuild
            return self.reader.info()
        return None

    def _check_ledger(self) -> None:
        ledger, ordered = self.store.ledger(self.spec.name), self._ordered()
        assert ledger.ids == tuple(p.profile.id for p in ordered)
        assert ledger.ordinals.tolist() == [p.ordinal for p in ordered]
        assert (ledger.rows, ledger.texts) == (tuple(p.row for p in ordered), tuple(p.text for p in ordered))

    def _check_reader(self) -> None:
        ordered, size = self._ordered(), 10_000
        assert self.reader.browse([], [], size) == [p.profile for p in ordered]
        query = grid_vector(self.rng, DIM, 16)
        scores = {p.profile.id: float(np.dot(p.vector, query)) for p in ordered if p.vector is not None}
        hits = self.reader.search(query, [], size, exact=True)
        assert [(h.profile.id, h.score) for h in hits] == sorted(scores.items(), key=lambda s: (-round(s[1], 6), s[0]))
        clause = Condition(field="age", op="range", gte=self.rng.randint(18, 58))
        assert self.reader.count([clause]) == sum(holds(clause, p.profile.values) for p in ordered)
        for field in ATTRIBUTES:
            fresh = self.reader.facets([FacetRequest("f", [], field)])["f"]  # type: ignore[arg-type]
            assert fresh == facet(ordered, field), field

    def _ordered(self) -> list[Point]:
        return sorted(self.contents.values(), key=lambda p: p.ordinal)

    def check_elsewhere(self, home: Path) -> None:
        """Another process sees the same; on a server also one that starts without columns."""
        for place in {self.settings.home, home}:
            asked = self.settings.model_copy(update={"home": place}).model_dump(mode="json", exclude={"qdrant_api_key"})
            done = subprocess.run(
                [sys.executable, "-c", LOOK, json.dumps(asked), self.spec.name], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout) == [
                digest(self.contents),
                len(self.contents),
                [p.profile.id for p in self._ordered()],
            ]


def _apply(now: Contents, points: list[Point]) -> None:
    for point in points:
        vector = now[point.profile.id].vector if point.vector is None else point.vector
        now[point.profile.id] = replace(point, vector=vector)


def digest(contents: Contents) -> str:
    """What the digest of these points must be, whatever holds them."""
    spec = make_spec("any")
    stored = check_points(list(contents.values()), DIM, spec.similarity, spec.attributes)
    return total_of([digest_of(p.payload, vector_digest(p.vector)) for p in stored if p.vector is not None])


def facet(points: list[Point], field: str) -> dict[str, float]:
    """Plain Python's counts."""
    values = [p.profile.values[field] for p in points if field in p.profile.values]
    numbers = [v for v in values if isinstance(v, int | float)]
    if numbers:
        return {"min": min(numbers), "max": max(numbers)}
    flat = [str(v) for value in values for v in (value if isinstance(value, tuple) else (value,))]
    return {value: flat.count(value) for value in flat}


def walk(history: History, steps: int) -> Iterator[str]:
    """Take that many steps, at first each kind once. Yields the name of each after it was taken."""
    kinds: list[Callable[[], None]] = [
        history.change,
        history.drop_and_rebuild,
        history.change,
        history.rebuild,
        history.switch,
        history.change,
        history.give_up,
        history.change_nothing,
        history.reopen,
        history.change_much,
    ]
    for number in range(steps):
        step = kinds[number] if number < len(kinds) else history.rng.choice([history.change, *kinds])
        step()
        yield step.__name__


def test_a_store_holds_what_was_written(kind: str, settings: Settings, tmp_path: Path) -> None:
    with closing(History(settings, "history", seed=1)) as history:
        taken = []
        for name in walk(history, SHORT[kind]):
            taken.append(name)
            history.check()
        assert len(set(taken)) >= 4
        assert history.store.verify("history") == []
        history.check_elsewhere(tmp_path / "elsewhere" if kind == "server" else settings.home)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_store_holds_what_was_written_over_a_long_time(
    kind: str, settings: Settings, tmp_path: Path, seed: int
) -> None:
    with closing(History(settings, "long-history", seed)) as history:
        for number, name in enumerate(walk(history, LONG[kind])):
            history.check()
            if number % 10 == 0:
                assert history.store.verify("long-history") == [], name
                history.check_elsewhere(tmp_path / f"elsewhere{number}" if kind == "server" else settings.home)


def test_a_reader_goes_on_after_a_drop_and_a_rebuild_elsewhere(settings: Settings, tmp_path: Path) -> None:
    elsewhere = settings.model_copy(update={"home": tmp_path / "elsewhere"}) if settings.store == "server" else settings
    spec = make_spec("dropped")
    with closing(open_store(settings)) as store, closing(open_store(elsewhere)) as other:
        build(store, spec, make_points(30))
        reader = other.open(spec.name)
        store.drop(spec.name)
        info = build(store, spec, [make_point(n, age=n) for n in range(40, 60)])
        while True:
            hits = reader.search(vector_of(1), [], 100)
            if reader.info() == info:
                break
            assert len(hits) == 30  # the old one answers, or the new one; never one's name with the other's people
        assert len(reader.search(vector_of(1), [], 100)) == reader.count([]) == 20
        store.drop(spec.name)
