"""Why somebody is found: the shares of a score beside the conditions they come from, and the facts that matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from techfinder import AnyOf, Condition, Hit, Profile, Schema, Share
from techfinder_webui.parts import Reason, Segment

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["Explained", "Explainer", "tone_of"]

TONES = 8
"""Colours that tell conditions apart; more of them begin again."""

Clause = Condition | AnyOf
Values = frozenset[str]


def tone_of(number: int) -> str:
    """The class that gives the condition of that number, from 0 on, its colour."""
    return f"share-{number % TONES}"


@dataclass(frozen=True, slots=True)
class Explained:
    """A hit beside what was asked for.

    Attributes:
        segments: The shares of its score.
        reasons: What holds for it and what does not; percents add up to the score's.
        missed: What is required and does not hold, in words.
        matched: By the key of a fact: the values asked for, or None where the whole fact is meant.
    """

    segments: tuple[Segment, ...]
    reasons: tuple[Reason, ...]
    missed: tuple[str, ...]
    matched: Mapping[str, Values | None]


class Explainer:
    """Explains the hits of one answer."""

    def __init__(self, finder: Finder, conditions: Sequence[Clause]) -> None:
        """Put what is the same for every hit into words, once."""
        self._conditions = conditions
        self._texts = [finder.describe(c) for c in conditions]
        self._words = ["" if c.origin else c.words for c in conditions]
        self._tones = [tone_of(n) for n in range(len(conditions))]
        self._matchers = [[_Matcher(finder.schema, c) for c in _positive(clause)] for clause in conditions]

    def explain(self, hit: Hit) -> Explained:
        """What speaks for a hit, in the order of the plan's conditions."""
        shares, others = _by_condition(self._conditions, hit.shares)
        percents = _percents(hit.shares)
        return Explained(
            segments=tuple(self._segments(shares, others, percents)),
            reasons=tuple(self._reasons(shares, others, percents)),
            missed=tuple(self._texts[n] for n, c in enumerate(self._conditions) if c.required and n not in shares),
            matched=self._matched(shares, hit.profile),
        )

    def _segments(
        self, shares: Mapping[int, Share], others: Sequence[Share], percents: Mapping[int, str]
    ) -> Iterator[Segment]:
        start = 0.0
        parts = [(self._tones[n], self._conditions[n].words or share.label, share) for n, share in shares.items()]
        for tone, label, share in [*parts, *(("share-meaning", s.label, s) for s in others)]:
            width = 100 * share.value
            yield Segment(label, tone, round(start, 2), round(width, 2), percents[id(share)])
            start += width

    def _reasons(
        self, shares: Mapping[int, Share], others: Sequence[Share], percents: Mapping[int, str]
    ) -> Iterator[Reason]:
        for n, clause in enumerate(self._conditions):
            share = shares.get(n)
            percent = percents[id(share)] if share else "0%"
            yield Reason(
                self._texts[n], self._words[n], share is not None, not clause.required, percent, self._tones[n]
            )
        for share in others:
            yield Reason(share.label, "", True, True, percents[id(share)], "share-meaning")

    def _matched(self, held: Iterable[int], profile: Profile) -> dict[str, Values | None]:
        found: dict[str, Values | None] = {}
        for matcher in (m for n in held for m in self._matchers[n] if m.holds(profile)):
            for key in matcher.facts:
                before = found.get(key, frozenset[str]())
                found[key] = None if matcher.values is None or before is None else before | matcher.values
        return found


class _Matcher:
    """One condition that somebody may fulfil by what they have."""

    def __init__(self, schema: Schema, condition: Condition) -> None:
        self.facts = _fact_keys(schema, condition.field)
        self.values = frozenset(condition.values) if condition.op in ("any_of", "all_of") else None
        [resolved] = schema.resolve([condition])
        self._resolved = resolved if isinstance(resolved, Condition) else condition
        self._asked = frozenset(self._resolved.values)

    def holds(self, profile: Profile) -> bool:
        """Whether it holds; asked of the conditions of a group, as those that stand alone hold anyway."""
        value = profile.values.get(self._resolved.field)
        if value is None:
            return False
        match self._resolved.op:
            case "any_of" | "all_of":
                return not self._asked.isdisjoint(value if isinstance(value, tuple) else (str(value),))
            case "range":
                return isinstance(value, int | float) and self._resolved.spans(value)
        return self._resolved.op == "present"


def _by_condition(conditions: Sequence[Clause], shares: Sequence[Share]) -> tuple[dict[int, Share], list[Share]]:
    """Shares by the number of the condition they come from, and those that come from none (meaning, likeness).

    Shares stand in the order of the conditions; what does not hold has none.
    """
    found: dict[int, Share] = {}
    number = 0
    others = []
    for share in shares:
        place = next((n for n in range(number, len(conditions)) if _is_of(share, conditions[n])), None)
        if place is None:
            others.append(share)
        else:
            found[place] = share
            number = place + 1
    return found, [s for s in others if s.name != "everyone"]


def _is_of(share: Share, clause: Clause) -> bool:
    name = clause.origin or (clause.field if isinstance(clause, Condition) else "group")
    return share.name == name and (not clause.words or share.label == clause.words)


def _percents(shares: Sequence[Share]) -> dict[int, str]:
    """Shares as whole percents, by the id of the share: so many are rounded up that the sum is the whole's."""
    exact = [100 * s.value for s in shares]
    whole = [int(value) for value in exact]
    up = max(round(sum(exact)) - sum(whole), 0)
    for n in sorted(range(len(exact)), key=lambda n: (whole[n] - exact[n], n))[:up]:
        whole[n] += 1
    return {id(s): f"{n}%" if n or not s.value else "under 1%" for s, n in zip(shares, whole, strict=True)}


def _positive(clause: Clause) -> tuple[Condition, ...]:
    """The conditions of a clause that somebody has, and does not only lack."""
    if isinstance(clause, AnyOf):
        return () if clause.negated else clause.conditions
    return () if clause.op in ("none_of", "missing") else (clause,)


def _fact_keys(schema: Schema, key: str) -> tuple[str, ...]:
    """The facts that say what an attribute says: a place for its city, the product for what is used."""
    attribute = schema.attribute(key)
    field = attribute.field
    if attribute.part == "uses":
        return (key, f"{field.name}_product")
    if attribute.part == "day" and field.kind == "adoption":
        return (f"{field.name}_adopted_on",)
    return (field.name,) if attribute.derived or attribute.part in ("city", "state") else (key,)
