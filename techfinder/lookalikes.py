"""People who share what sets some chosen people apart from everybody.

Each attribute is cut into values (numbers into the bars of its histogram). A value that is more common among the chosen
than among everybody adds to the score of whoever has it, a rarer one takes away:

    weight(value) = sqrt(agreement) * log(P(value | chosen) / P(value | everybody))
    P(value | chosen) = (count + 2 * share) / (n + 2)

where `n` of the chosen are known, `count` of them have the value, and `share` of everybody do. This is the naive Bayes
score of relevance feedback, S. E. Robertson and K. Spärck Jones, "Relevance weighting of search terms", Journal of the
American Society for Information Science 27 (1976), pages 129 to 146, with the shares of everybody as a prior worth two
people, as in B. L. Monroe, M. P. Colaresi and K. M. Quinn, "Fightin' words", Political Analysis 16 (2008), pages 372 to
403. Of tags each counts by its log odds ratio, since a person has several.

The agreement of the chosen on an attribute is how much oftener two of them have the same value than two people at
random, as a share of what is possible: J. L. Fleiss, "Measuring nominal scale agreement among many raters",
Psychological Bulletin 76 (1971), pages 378 to 382; on a scale near values agree in part, as in J. Cohen, "Weighted
kappa", Psychological Bulletin 70 (1968), pages 213 to 220. What the chosen have in common only by chance, they hardly
agree on, so that a handful of people is enough. One person agrees on everything.

Those not to be like get weights of their own, which count half and are taken away. A missing value weighs nothing.

Vectors play no part: they are made of texts that tell sensitive fields too, and these do not rank unless they are let.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techfinder.analyses import Alike, Lookalikes, Part, SharedAttribute, SharedValue
from techfinder.distributions import BaseCounts, Counted, Cut, CutValue, listed
from techfinder.errors import ProfileNotFound, QueryError, cut, known_names
from techfinder.interfaces import Collection, FacetRequest, ScoredPoint, ValueWeights
from techfinder.lifts import Lift, lift_of
from techfinder.matching import fulfils
from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.preferences import ranked_page
from techfinder.schema import Schema

__all__ = ["MOST", "find_alike"]

MOST = 5000
"""Most people to be like, or not to be like."""

PRIOR = 2.0
"""How many people the shares of everybody count for, beside the chosen."""

NOT_LIKED = 0.5
"""What those not to be like count for, those to be like counting 1."""

_DEEPEST = 10_000


def find_alike(
    plan: QueryPlan,
    schema: Schema,
    base: BaseCounts,
    collection: Collection,
    *,
    off: AnyCollection[str] = (),
    sensitive: bool = False,
) -> Lookalikes:
    """The people who are most like those that the plan likes, and fulfil its conditions.

    Args:
        plan: Whom to like and not to like, conditions, limit and offset; a text and an order do not count.
        schema, base, collection: Of one generation.
        off: Names of attributes that do not rank.
        sensitive: Whether sensitive fields rank.

    Raises:
        QueryError: Nobody is liked, somebody is liked and not liked, or there is nothing left to rank by.
        ProfileNotFound: Some of them do not exist; they are named.
    """
    started = time.perf_counter()
    like, not_like = _chosen(plan, collection)
    cuts = [c for c in base.cuts if c.attribute is not None]
    _check_off(off, cuts)
    weighed = [_weigh(c, base, like, not_like, c.name not in off and (sensitive or not c.sensitive)) for c in cuts]
    scale = _Scale.of(weighed, base, like)
    schema.check(plan)
    where, wishes = schema.resolve(plan.required), schema.resolve(plan.preferred)
    known = [p.id for p in (*like, *not_like)]
    ranking = _Ranking(collection, [w.as_asked() for w in weighed if w.on and w.weights], known)
    found = ranked_page(wishes, where, _NO_VECTOR, plan.limit, plan.offset, ranking)
    return Lookalikes(
        hits=tuple(_alike(p, score, weighed, scale) for p, score in found),
        total=collection.count(where) - sum(fulfils(p, where) for p in (*like, *not_like)),
        attributes=tuple(w.shared() for w in weighed),
        generation=collection.info(),
        took_ms=(time.perf_counter() - started) * 1000,
    )


_NO_VECTOR = np.zeros(0, dtype=np.float32)


class _Ranking:
    """A collection in which nearness is what values weigh, so that wishes rank as they do elsewhere."""

    def __init__(self, collection: Collection, weights: Sequence[ValueWeights], without: Sequence[str]) -> None:
        self._collection, self._weights, self._without = collection, weights, without

    def search(
        self, vector: NDArray[np.float32], where: Sequence[Condition | AnyOf], limit: int, offset: int = 0
    ) -> list[ScoredPoint]:
        return self._collection.rank(self._weights, where, self._without, limit, offset)

    def browse(
        self, where: Sequence[Condition | AnyOf], sort: Sequence[Sort], limit: int, offset: int = 0
    ) -> list[Profile]:
        return self._collection.browse(where, sort, limit, offset)

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        return self._collection.facets(requests)


def _chosen(plan: QueryPlan, collection: Collection) -> tuple[list[Profile], list[Profile]]:
    like, not_like = list(dict.fromkeys(plan.like)), list(dict.fromkeys(plan.not_like))
    if not like:
        raise QueryError("Nobody is named to be like. Name at least one id.")
    if max(len(like), len(not_like)) > MOST:
        raise QueryError(f"At most {MOST:,} people can be liked and as many not liked; choose the most telling ones.")
    if both := sorted({*like} & {*not_like}):
        raise QueryError(f"{cut(both[0])} cannot be liked and not liked at once. Leave one out.")
    if plan.offset > _DEEPEST:
        raise QueryError(f"Likeness is paged through up to place {_DEEPEST:,}, not from {plan.offset:,} on.")
    found = {p.id: p for p in collection.retrieve([*like, *not_like])}
    if missing := [i for i in (*like, *not_like) if i not in found]:
        raise ProfileNotFound(missing)
    return [found[i] for i in like], [found[i] for i in not_like]


def _check_off(off: Iterable[str], cuts: Sequence[Cut]) -> None:
    names = [c.name for c in cuts]
    for name in off:
        if name not in names:
            raise QueryError(f"No attribute {cut(name)} can be switched off. {known_names(name, names)}")


# --- what values weigh --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Weighed:
    """An attribute, what the chosen have in it, and what its values weigh (nothing when it is off)."""

    cut: Cut
    chosen: Counted
    base: Counted
    agreement: float
    on: bool
    weights: Mapping[str, float]

    def as_asked(self) -> ValueWeights:
        """The weights as a store takes them."""
        assert self.cut.attribute is not None
        return ValueWeights(self.cut.attribute.key, self.weights, self.cut.starts)

    def shared(self) -> SharedAttribute:
        values = [
            SharedValue(v.label, self._lift(v), self.weights.get(v.name, 0.0))
            for v in listed(self.cut, self.chosen)
            if self.chosen.counts.get(v.name)
        ]
        values.sort(key=lambda v: -(v.lift.lift or 0.0))
        c = self.cut
        return SharedAttribute(c.name, c.label, c.group, c.sensitive, self.on, self.agreement, tuple(values))

    def _lift(self, value: CutValue) -> Lift:
        return lift_of(
            self.chosen.counts.get(value.name, 0),
            self.chosen.known,
            self.base.counts.get(value.name, 0),
            self.base.known,
        )


def _weigh(cut: Cut, base: BaseCounts, like: Sequence[Profile], not_like: Sequence[Profile], on: bool) -> _Weighed:
    everybody, chosen, others = base.counted[cut.name], _tally(cut, like), _tally(cut, not_like)
    agreement = _agreement(cut, chosen, everybody)
    weights: dict[str, float] = {}
    if on:
        for_, against = (_log_lifts(cut, counted, everybody) for counted in (chosen, others))
        weights = {
            name: round(for_.get(name, 0.0) - NOT_LIKED * against.get(name, 0.0), 9) for name in everybody.counts
        }
        weights = {name: weight for name, weight in weights.items() if weight}
    return _Weighed(cut, chosen, everybody, agreement, on, weights)


def _tally(cut: Cut, people: Sequence[Profile]) -> Counted:
    """How many of these people have each value."""
    counts: dict[str, int] = {}
    known = 0
    for person in people:
        names = _names(cut, person)
        known += bool(names)
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return Counted(counts, known)


def _names(cut: Cut, person: Profile) -> tuple[str, ...]:
    """The names of somebody's values, each once."""
    assert cut.attribute is not None
    value: Value | None = person.values.get(cut.attribute.key)
    if value is None:
        return ()
    if cut.starts and isinstance(value, int | float):
        place = int(np.searchsorted(cut.starts, value, side="right")) - 1
        return (str(place),) if place >= 0 else ()
    return tuple(dict.fromkeys(value)) if isinstance(value, tuple) else (str(value),)


def _log_lifts(cut: Cut, chosen: Counted, everybody: Counted) -> dict[str, float]:
    """Of each value that anybody has: the log of its lift among the chosen, as far as they agree."""
    if not chosen.known or not everybody.known:
        return {}
    agreements = _tag_agreements(chosen, everybody) if _has_tags(cut) else {}
    overall = 0.0 if agreements else _agreement(cut, chosen, everybody)
    found = {}
    for name, number in everybody.counts.items():
        share = min(number / everybody.known, 1 - 0.5 / everybody.known)
        expected = (chosen.counts.get(name, 0) + PRIOR * share) / (chosen.known + PRIOR)
        lift = math.log(expected / share)
        if _has_tags(cut):
            lift -= math.log((1 - expected) / (1 - share)) if expected < 1 else 0.0
        found[name] = math.sqrt(agreements.get(name, overall)) * lift
    return found


def _has_tags(cut: Cut) -> bool:
    return cut.attribute is not None and cut.attribute.storage == "keywords"


def _agreement(cut: Cut, chosen: Counted, everybody: Counted) -> float:
    """How much the chosen agree beyond chance, 0 to 1."""
    if not chosen.known or not everybody.known:
        return 0.0
    if _has_tags(cut):
        found = [a for name, a in _tag_agreements(chosen, everybody).items() if chosen.counts.get(name)]
        return sum(found) / len(found) if found else 0.0
    if chosen.known == 1:
        return 1.0
    names = [v.name for v in listed(cut, chosen)]
    nearness = _nearness(len(names), cut.ordered)
    mine = np.array([chosen.counts.get(n, 0) for n in names], dtype=np.float64)
    seen = (mine @ nearness @ mine - mine.sum()) / (chosen.known * (chosen.known - 1))
    if cut.ordered:
        shares = np.array([everybody.counts.get(n, 0) for n in names]) / everybody.known
        chance = float(shares @ nearness @ shares)
    else:
        chance = sum((number / everybody.known) ** 2 for number in everybody.counts.values())
    return _beyond(float(seen), chance)


def _nearness(size: int, ordered: bool) -> NDArray[np.float64]:
    """How far two values agree: fully when they are the same, in part when they are near on a scale."""
    if not ordered or size < 2:
        return np.eye(size)
    places = np.arange(size)
    return np.asarray(1 - np.abs(np.subtract.outer(places, places)) / (size - 1), dtype=np.float64)


def _tag_agreements(chosen: Counted, everybody: Counted) -> dict[str, float]:
    """Of each tag: how much the chosen agree on having it or not."""
    n = chosen.known
    found = {}
    for name, number in everybody.counts.items():
        share = number / everybody.known
        have = chosen.counts.get(name, 0)
        lack = n - have
        seen = (have * (have - 1) + lack * (lack - 1)) / (n * (n - 1)) if n > 1 else 1.0
        found[name] = _beyond(seen, share * share + (1 - share) ** 2)
    return found


def _beyond(seen: float, chance: float) -> float:
    return min(max((seen - chance) / (1 - chance), 0.0), 1.0) if chance < 1 else 0.0


# --- scores ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scale:
    """What is the same as anybody (`low`), by attribute and in all, and how far above that the chosen are."""

    lows: Mapping[str, float]
    width: float

    @classmethod
    def of(cls, weighed: Sequence[_Weighed], base: BaseCounts, like: Sequence[Profile]) -> _Scale:
        """Raises QueryError when the weights do not set the chosen apart."""
        lows = {w.cut.name: _mean(w, base.points) for w in weighed if w.weights}
        chosen = sum(sum(_weight(w, p) for w in weighed) for p in like) / len(like)
        width = chosen - sum(lows.values())
        if width <= 1e-9:
            raise QueryError(
                "Nothing that ranks sets those people apart from everybody, or from those not to be like. Let more "
                "attributes count, or name other people."
            )
        return cls(lows, width)


def _mean(weighed: _Weighed, points: int) -> float:
    return sum(weight * weighed.base.counts.get(name, 0) for name, weight in weighed.weights.items()) / points


def _weight(weighed: _Weighed, person: Profile) -> float:
    if not weighed.weights:
        return 0.0
    return sum(weighed.weights.get(name, 0.0) for name in _names(weighed.cut, person))


def _alike(person: Profile, score: float, weighed: Sequence[_Weighed], scale: _Scale) -> Alike:
    parts = [_part(w, person, scale) for w in weighed if w.weights]
    parts = [p for p in parts if round(p.value, 6)]
    parts.sort(key=lambda p: -p.value)
    reached = (score - sum(scale.lows.values())) / scale.width
    return Alike(person, min(max(reached, 0.0), 1.0), tuple(parts))


def _part(weighed: _Weighed, person: Profile, scale: _Scale) -> Part:
    names = _names(weighed.cut, person)
    labels = {v.name: v.label for v in weighed.cut.values}
    value = (_weight(weighed, person) - scale.lows[weighed.cut.name]) / scale.width
    shown = [n for n in names if weighed.weights.get(n, 0.0) > 0] or names
    text = ", ".join(labels.get(n, n) for n in shown) or "not known"
    return Part(weighed.cut.name, weighed.cut.label, text, value)
