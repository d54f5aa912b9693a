"""Why somebody is found: the shares of a score beside the conditions they come from, and the facts that matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from techfinder import AnyOf, Condition, Hit, Profile, Schema, Share, Value
from techfinder_webui.parts import Reason, Segment

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["Explained", "explain_hit", "tone_of"]

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
        reasons: What holds for it and what does not.
        matched: By the key of a fact: the values asked for, or None where the whole fact is meant.
    """

    segments: tuple[Segment, ...]
    reasons: tuple[Reason, ...]
    matched: Mapping[str, Values | None]


def explain_hit(finder: Finder, conditions: Sequence[Clause], hit: Hit) -> Explained:
    """What speaks for a hit, in the order of the plan's conditions."""
    shares, others = _by_condition(conditions, hit.shares)
    return Explained(
        segments=tuple(_segments(conditions, shares, others)),
        reasons=tuple(_reasons(finder, conditions, shares, others)),
        matched=_matched(finder.schema, [conditions[n] for n in shares], hit.profile),
    )


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


def _segments(conditions: Sequence[Clause], shares: Mapping[int, Share], others: Sequence[Share]) -> Iterator[Segment]:
    start = 0.0
    parts = [(tone_of(n), conditions[n].words or share.label, share) for n, share in shares.items()]
    for tone, label, share in [*parts, *(("share-meaning", s.label, s) for s in others)]:
        width = 100 * share.value
        yield Segment(label, tone, round(start, 2), round(width, 2))
        start += width


def _reasons(
    finder: Finder, conditions: Sequence[Clause], shares: Mapping[int, Share], others: Sequence[Share]
) -> Iterator[Reason]:
    for n, clause in enumerate(conditions):
        share = shares.get(n)
        words = "" if clause.origin else clause.words
        percent = _percent(share.value) if share else "0%"
        yield Reason(finder.describe(clause), words, share is not None, not clause.required, percent, tone_of(n))
    for share in others:
        yield Reason(share.label, "", True, True, _percent(share.value), "share-meaning")


def _percent(value: float) -> str:
    return f"{value:.0%}" if value >= 0.01 or not value else "under 1%"


def _matched(schema: Schema, held: Sequence[Clause], profile: Profile) -> dict[str, Values | None]:
    found: dict[str, Values | None] = {}
    for condition in _positive(held):
        if not _holds(schema, condition, profile.values):
            continue
        values = frozenset(condition.values) if condition.op in ("any_of", "all_of") else None
        for key in _fact_keys(schema, condition.field):
            before = found.get(key, frozenset[str]())
            found[key] = None if values is None or before is None else before | values
    return found


def _positive(clauses: Sequence[Clause]) -> Iterator[Condition]:
    """The conditions that somebody has, and does not only lack."""
    for clause in clauses:
        if isinstance(clause, AnyOf):
            yield from () if clause.negated else clause.conditions
        elif clause.op not in ("none_of", "missing"):
            yield clause


def _holds(schema: Schema, condition: Condition, values: Mapping[str, Value]) -> bool:
    """Whether one of a group's conditions holds; those that stand alone hold anyway."""
    [resolved] = schema.resolve([condition])
    if not isinstance(resolved, Condition):
        return False
    value = values.get(resolved.field)
    if value is None:
        return False
    match resolved.op:
        case "any_of" | "all_of":
            return bool({*resolved.values} & ({*value} if isinstance(value, tuple) else {str(value)}))
        case "range":
            return isinstance(value, int | float) and resolved.spans(value)
    return resolved.op == "present"


def _fact_keys(schema: Schema, key: str) -> tuple[str, ...]:
    """The facts that say what an attribute says: a place for its city, the product for what is used."""
    attribute = schema.attribute(key)
    field = attribute.field
    if attribute.part == "uses":
        return (key, f"{field.name}_product")
    if attribute.part == "day" and field.kind == "adoption":
        return (f"{field.name}_adopted_on",)
    return (field.name,) if attribute.derived or attribute.part in ("city", "state") else (key,)
