"""The audience at a glance and lookalikes: every number as plain Python counts it, and the same from both stores."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import homes
from qdrant_process import QdrantAddress
from techfinder.analyses import Audience, AudienceField, Lookalikes
from techfinder.errors import ProfileNotFound, QueryError
from techfinder.finder import Finder
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import Condition, QueryPlan
from techfinder.testing.fakes import HashEncoder

PEOPLE = "synthetic:n=900,seed=12"
TEXAS = Condition(field="location_state", op="any_of", values=("TX",))
YOUNG = Condition(field="age", op="range", lt=35)
PLANS = {
    "everybody": QueryPlan(),
    "innovators": QueryPlan(conditions=(Condition(field="adopter_category", op="any_of", values=("Innovator",)),)),
    "young in Texas": QueryPlan(conditions=(TEXAS, YOUNG)),
    "nobody": QueryPlan(conditions=(Condition(field="age", op="range", gt=200),)),
}
LIKE = ("TU0001", "TU0007", "TU0020")


@pytest.fixture(scope="module")
def finders(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[tuple[Finder, Finder]]:
    server = {"store": "server", "qdrant_url": qdrant.url, "qdrant_grpc_port": qdrant.grpc_port}
    made = []
    for name, settings in (("edge", {}), ("server", server)):
        home: Path = tmp_path_factory.mktemp(name)
        finder = homes.open_home(home, HashEncoder().entry(), collection="audience", **settings)
        homes.index(finder, PEOPLE)
        made.append(finder)
    yield made[0], made[1]
    for finder in made:
        finder.store.drop("audience")
        finder.close()


@pytest.fixture(scope="module")
def judge(finders: tuple[Finder, Finder]) -> Judge:
    return Judge(finders[0].schema, homes.read_profiles(finders[0], PEOPLE))


# --- the audience -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_every_number_is_what_plain_counting_gives(finders: tuple[Finder, Finder], judge: Judge, name: str) -> None:
    edge, server = (f.audience(PLANS[name]) for f in finders)
    assert plain(edge) == plain(server)
    people = judge.matches(PLANS[name].conditions)
    assert (edge.total, edge.points) == (len(people), 900)
    assert len(edge.fields) > 25
    for field in edge.fields:
        check_field(finders[0], field, people, judge.profiles)


def plain(audience: Audience) -> dict[str, Any]:
    """Without what is each store's own."""
    return asdict(replace(audience, generation=None))  # type: ignore[arg-type]


def check_field(finder: Finder, field: AudienceField, people: list[Profile], everybody: list[Profile]) -> None:
    """Counts of values and bars by looking at each person; of options by the filter's own clauses."""
    of_set, known = tally(finder, field, people)
    of_all, base_known = tally(finder, field, everybody)
    assert (field.known, field.base_known) == (known, base_known), field.name
    told = {v.value: v.lift for v in field.values}
    listed = {n for n in of_all if of_all[n]}
    assert listed <= {*told} if not field.more else len(told) == 100
    for value, lift in told.items():
        assert (lift.count, lift.base_count) == (of_set[value], of_all[value]), (field.name, value)
        share, base = (of_set[value] / known if known else 0.0), of_all[value] / base_known if base_known else 0.0
        assert (lift.share, lift.base_share) == (share, base)
        assert lift.lift == (pytest.approx(share / base) if known and base else None)
        if lift.lift is not None:
            assert lift.low is not None
            assert lift.high is not None
            assert lift.low - 1e-9 <= lift.lift <= lift.high + 1e-9


def tally(finder: Finder, field: AudienceField, people: list[Profile]) -> tuple[Counter[str], int]:
    entry = finder.filters[field.name]
    counts: Counter[str] = Counter()
    if not entry.field:
        judge = Judge(finder.schema, people)
        for option in entry.load().options():
            counts[option.value] = judge.count(option.clauses)
        return counts, len(people)
    known = 0
    for person in people:
        value = person.values.get(entry.field)
        if value is None:
            continue
        known += 1
        if entry.control == "range":
            counts[bar(field, value)] += 1
        else:
            counts.update(set(value) if isinstance(value, tuple) else [str(value)])
    return counts, known


def bar(field: AudienceField, value: object) -> str:
    """The bar that a number falls into, by the lower ends that its label tells."""
    starts = [v.input.partition("..")[0] for v in field.values]
    if "-" in starts[0][1:]:
        number, lows = date.fromisoformat(str(value)).toordinal(), [date.fromisoformat(s).toordinal() for s in starts]
    else:
        number, lows = float(str(value)), [float(s) for s in starts]  # type: ignore[assignment]
    return str(sum(low <= number for low in lows) - 1)


def test_the_curve_and_the_map_are_those_that_the_schema_marks(finders: tuple[Finder, Finder]) -> None:
    audience = finders[0].audience(PLANS["young in Texas"])
    [curve] = audience.curves
    assert (curve.field, curve.curve) == ("adopter_category", "falling")
    assert math.isclose(sum(v.lift.base_share for v in curve.values), 1.0)
    [plan] = audience.maps
    assert {t.value.label: t.value.lift.count for t in plan.tiles if t.value.lift.count} == {"TX": audience.total}
    assert plan.elsewhere == 0
    assert len({(t.column, t.row) for t in plan.tiles}) == len(plan.tiles) == 51


def test_the_input_of_a_value_finds_those_who_have_it(finders: tuple[Finder, Finder]) -> None:
    finder = finders[0]
    for field in finder.audience(QueryPlan()).fields:
        for value in field.values[:2] + field.values[-1:]:
            found = finder.search(finder.plan("", {field.name: [value.input]}, limit=1)).total
            # The bars of a fraction end where the next begins, which an input cannot say.
            assert found >= value.lift.count
            if finder.schema.attribute(finder.filters[field.name].field or "age").storage != "float":
                assert found == value.lift.count, (field.name, value)


def test_sensitive_fields_are_left_out_where_they_may_not_be_asked_for(finders: tuple[Finder, Finder]) -> None:
    home = finders[0].settings.home
    closed = homes.open_home(home, HashEncoder().entry(), collection="audience", sensitive_fields="block")
    names = {f.field for f in closed.audience(QueryPlan()).fields}
    assert not names & {"gender", "age"}
    with pytest.raises(QueryError, match="do not rank here"):
        closed.lookalikes(QueryPlan(like=LIKE), sensitive=True)
    closed.close()


# --- lookalikes ----------------------------------------------------------------------------------------


def found_ids(found: Lookalikes) -> list[str]:
    return [h.profile.id for h in found.hits]


@pytest.mark.parametrize("options", [{}, {"sensitive": True}, {"off": ("adopter_category", "tech_interest")}])
@pytest.mark.parametrize("not_like", [(), ("TU0003",)])
@pytest.mark.parametrize("conditions", [(), (YOUNG,), (TEXAS.model_copy(update={"required": False}), YOUNG)])
def test_both_stores_rank_alike(
    finders: tuple[Finder, Finder],
    options: dict[str, Any],
    not_like: tuple[str, ...],
    conditions: tuple[Condition, ...],
) -> None:
    plan = QueryPlan(like=LIKE, not_like=not_like, conditions=conditions, limit=300)
    edge, server = (f.lookalikes(plan, **options) for f in finders)
    assert found_ids(edge) == found_ids(server)
    assert edge.hits == server.hits
    assert edge.attributes == server.attributes
    assert edge.total == server.total


@pytest.mark.slow
def test_the_ranking_is_the_documented_sum(finders: tuple[Finder, Finder], judge: Judge) -> None:
    """Everybody's score made again in plain Python, of the weights that the answer tells of seen values."""
    found = finders[0].lookalikes(QueryPlan(like=LIKE, limit=1000))
    assert found.total == len(found.hits) == 900 - len(LIKE)
    everybody = {p.id: sum(score_part(p, a, judge, LIKE) for a in ATTRIBUTES) for p in judge.profiles}
    only = [n for n in attribute_names(finders[0]) if n not in ATTRIBUTES]
    ranked = finders[0].lookalikes(QueryPlan(like=LIKE, limit=1000), off=only)
    expected = sorted((i for i in everybody if i not in LIKE), key=lambda i: (-round(everybody[i], 6), i))
    assert found_ids(ranked) == expected
    mean = sum(everybody.values()) / len(everybody)
    chosen = sum(everybody[i] for i in LIKE) / len(LIKE)
    for hit in ranked.hits:
        reached = (everybody[hit.profile.id] - mean) / (chosen - mean)
        assert hit.score == pytest.approx(min(max(reached, 0.0), 1.0), abs=1e-5)
        assert sum(p.value for p in hit.parts) == pytest.approx(reached, abs=1e-5)


ATTRIBUTES = ("adopter_category", "job_sector", "interests")


def attribute_names(finder: Finder) -> list[str]:
    return [a.name for a in finder.lookalikes(QueryPlan(like=LIKE)).attributes]


def score_part(person: Profile, key: str, judge: Judge, like: tuple[str, ...]) -> float:
    """What one attribute adds, as the docstring of techfinder.lookalikes has it."""
    chosen = [p for p in judge.profiles if p.id in like and key in p.values]
    known = [p for p in judge.profiles if key in p.values]
    scale = [v.name for v in judge.schema.attribute(key).field.values] if judge.schema.attribute(key).ordered else []

    def has(p: Profile) -> tuple[str, ...]:
        value = p.values.get(key, ())
        return value if isinstance(value, tuple) else (str(value),)

    def near(a: str, b: str) -> float:
        return 1 - abs(scale.index(a) - scale.index(b)) / (len(scale) - 1) if scale else float(a == b)

    tags = key == "interests"
    total = 0.0
    for value in has(person):
        share = sum(value in has(p) for p in known) / len(known)
        count = sum(value in has(p) for p in chosen)
        expected = (count + 2 * share) / (len(chosen) + 2)
        pairs = [(a, b) for a in chosen for b in chosen if a is not b]
        if tags:
            seen = sum((value in has(a)) == (value in has(b)) for a, b in pairs) / len(pairs)
            chance = share**2 + (1 - share) ** 2
            weight = math.log(expected / share) - math.log((1 - expected) / (1 - share))
        else:
            seen = sum(near(has(a)[0], has(b)[0]) for a, b in pairs) / len(pairs)
            shares = Counter(has(p)[0] for p in known)
            chance = sum(n * m * near(a, b) for a, n in shares.items() for b, m in shares.items()) / len(known) ** 2
            weight = math.log(expected / share)
        total += math.sqrt(max((seen - chance) / (1 - chance), 0.0)) * weight
    return total


def test_lifts_of_what_is_shared_are_those_of_plain_counting(finders: tuple[Finder, Finder], judge: Judge) -> None:
    found = finders[0].lookalikes(QueryPlan(like=LIKE))
    chosen = [p for p in judge.profiles if p.id in LIKE]
    for attribute in found.attributes:
        if finders[0].filters[attribute.name].control == "range":
            continue
        key = finders[0].filters[attribute.name].field
        for value in attribute.values:
            clause = Condition(field=key, op="any_of", values=(value.label,))
            assert value.lift.count == Judge(judge.schema, chosen).count([clause]) > 0
            assert value.lift.base_count == judge.count([clause])
            present = Condition(field=key, op="present")
            assert value.lift.base_known == judge.count([present])


def test_wishes_come_before_likeness_and_conditions_must_hold(finders: tuple[Finder, Finder], judge: Judge) -> None:
    wish = TEXAS.model_copy(update={"required": False})
    found = finders[1].lookalikes(QueryPlan(like=LIKE, conditions=(wish, YOUNG), limit=1000))
    young = {p.id for p in judge.matches([YOUNG])} - {*LIKE}
    assert {*found_ids(found)} == young
    assert found.total == len(young)
    texans = {p.id for p in judge.matches([TEXAS])} & young
    assert {*found_ids(found)[: len(texans)]} == texans
    inner = [h.score for h in found.hits[len(texans) :]]
    assert inner == sorted(inner, reverse=True)


def test_pages_of_lookalikes_follow_each_other(finders: tuple[Finder, Finder]) -> None:
    whole = found_ids(finders[0].lookalikes(QueryPlan(like=LIKE, limit=60)))
    pages = [
        i
        for at in range(0, 60, 20)
        for i in found_ids(finders[0].lookalikes(QueryPlan(like=LIKE, limit=20, offset=at)))
    ]
    assert pages == whole


def test_what_is_not_liked_comes_later(finders: tuple[Finder, Finder], judge: Judge) -> None:
    def place(plan: QueryPlan, sector: str) -> float:
        hits = finders[0].lookalikes(plan.model_copy(update={"limit": 1000})).hits
        places = [n for n, h in enumerate(hits) if h.profile.values.get("job_sector") == sector]
        return sum(places) / len(places)

    sector = "Healthcare"
    unlike = tuple(p.id for p in judge.profiles if p.values["job_sector"] == sector and p.id not in LIKE)[:6]
    plain_plan = QueryPlan(like=LIKE)
    assert place(plain_plan.model_copy(update={"not_like": unlike}), sector) > place(plain_plan, sector) + 20


@pytest.mark.parametrize(
    ("plan", "options", "error", "said"),
    [
        (QueryPlan(), {}, QueryError, "Nobody is named"),
        (QueryPlan(like=("TU0001",), not_like=("TU0001",)), {}, QueryError, "liked and not liked"),
        (QueryPlan(like=("TU0001", "nobody")), {}, ProfileNotFound, "nobody"),
        (QueryPlan(like=("TU0001",)), {"off": ("nonsense",)}, QueryError, "No attribute 'nonsense'"),
        (QueryPlan(like=("TU0001",), offset=20_000), {}, QueryError, "up to place 10,000"),
        (QueryPlan(like=("TU0001",)), {"off": "all"}, QueryError, "Nothing that ranks sets"),
    ],
)
def test_what_lookalikes_refuse(
    finders: tuple[Finder, Finder], plan: QueryPlan, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    if options.get("off") == "all":
        options = {"off": attribute_names(finders[0])}
    with pytest.raises(error, match=said):
        finders[0].lookalikes(plan, **options)
