"""Levels of a scale, and the field that they are of: "high budget", "interest at least moderate"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from techfinder.parser.clauses import level_condition, levels
from techfinder.parser.sentence import Sentence
from techfinder.parser.spotting import Item
from techfinder.plan import Condition
from techfinder.schema import SchemaField

__all__ = ["graded", "graded_number", "is_graded", "levels_of", "own_field", "read_levels", "said_levels"]

_MOST_TERMS = 8
"""Levels that one list may name; there are no more on a scale that people speak of."""

_UP_TO = frozenset({"to", "-", "until", "till", "through", "thru"})
_SHARES = {
    "very high": (0.8, None), "high": (0.7, None), "mid": (0.4, 0.6), "low": (None, 0.3), "very low": (None, 0.1),
    "below mid": (None, 0.4), "above mid": (0.6, None),
}  # fmt: skip


def read_levels(s: Sentence, place: int) -> int | None:
    """Levels and the field they are of: "high budget", "at least moderate interest", "expert or advanced"."""
    said = said_levels(s, place)
    return None if said is None else _bind(s, said, place)


@dataclass(frozen=True, slots=True)
class SaidLevels:
    """Levels with what is said around them, before it is known of which field they are.

    Attributes:
        terms: The items that name levels.
        sign: A comparison, as ``>=``; empty for none.
        joined: ``or``, ``to`` or empty.
        end: The item after all of it.
    """

    terms: list[int]
    sign: str
    joined: str
    end: int


def said_levels(s: Sentence, place: int) -> SaidLevels | None:
    """The levels that begin at an item, with a comparison before or after them; None when there are none."""
    start, sign = place, ""
    if place < len(s.items) and (not s.is_term(place) or _bounds_a_value(s, place)) and (sign := s.sign(place)):
        start = s.past(place + 1)
    if start >= len(s.items) or not s.is_term(start):
        return None
    terms, end, joined = _term_list(s, start)
    if end + 1 < len(s.items) and s.items[end].text.lower() in ("level", "levels"):
        end += s.items[end + 1].data("compare_after") in (">=", "<=")  # "at advanced level or beyond"
    if end < len(s.items) and (after := s.items[end].data("compare_after")) in (">=", "<="):
        sign, end = str(after), end + 1
    return SaidLevels(terms, sign, joined, end)


def _bounds_a_value(s: Sentence, place: int) -> bool:
    """Whether a word that is a grade too stands before a level: "maximum master's", unlike "maximum interest"."""
    after = s.past(place + 1)
    return after < len(s.items) and bool(s.scale_values(s.items[after])) and not s.items[after].has("grade")


def _bind(s: Sentence, said: SaidLevels, first: int) -> int | None:
    terms, end = said.terms, said.end
    named = s.field_after(end, is_graded)
    if named is not None and not _beside_its_own(s, named[1]):
        of, last = named
    else:
        own = own_field(s, terms)
        if own is None:
            return None
        of, last = own, end
    if not said.sign and last > end and last < len(s.items):
        after = s.items[last].data("compare_after")  # "intermediate skills or better"
        if after in (">=", "<="):
            said, last = replace(said, sign=str(after)), last + 1
    clause = levels_of(s, of, said)
    if clause is None:
        return None
    if (reached := _reaching(s, of, said, last)) is not None:
        return s.add([reached[0]], of.name, first, reached[1])
    s.add([clause], of.name, first, last)
    while named is not None and last + 1 < len(s.items) and s.items[last].has("and", "or", "comma"):
        more = s.fields(last + 1, is_graded)
        if not more or _beside_its_own(s, last + 2) or own_field(s, terms) is not None:
            break
        s.mark(last)
        clause = levels_of(s, more[0], said)
        if clause is None:
            break
        s.add([clause], more[0].name, last + 1, last + 2)
        last += 2
    return last


def _reaching(s: Sentence, of: SchemaField, said: SaidLevels, place: int) -> tuple[Condition, int] | None:
    """With the level that it goes up to, the field named again: "low interest to high interest"."""
    if said.sign or place + 1 >= len(s.items) or s.tokens[s.items[place].first].stem not in _UP_TO:
        return None
    other = said_levels(s, place + 1)
    if other is None or other.sign:
        return None
    named = s.field_after(other.end, lambda f: f is of)
    own = own_field(s, other.terms)
    if named is None and own is not of:
        return None
    clause = levels_of(s, of, SaidLevels([*said.terms, *other.terms], "", "to", other.end))
    return None if clause is None else (clause, named[1] if named else other.end)


def _beside_its_own(s: Sentence, place: int) -> bool:
    """Whether a level follows the field, as in "interest: high"."""
    start = place
    while start < len(s.items) and (
        s.items[start].has("colon") or s.items[start].text.lower() in ("is", "are", "of", "=")
    ):
        start += 1
    return start > place and start < len(s.items) and s.is_term(start)


def _term_list(s: Sentence, place: int) -> tuple[list[int], int, str]:
    """The items that name levels, the item after them, and how they are joined: ``or`` or ``to``."""
    terms, end, joined = [place], place + 1, ""
    while end < len(s.items) and len(terms) < _MOST_TERMS:
        following = end
        while following < min(len(s.items), end + _MOST_TERMS) and (
            s.items[following].has("comma", "or", "slash", "and") or s.items[following].text.lower() == "nor"
        ):
            following += 1
        sign = s.tokens[s.items[end].first].stem
        if following == end and sign in ("to", "-"):
            following = end + 1
        if (
            following == end
            or following >= len(s.items)
            or not s.is_term(following)
            or not _alike(s, terms[0], following, any(s.items[i].has("or", "slash") for i in range(end, following)))
            or (all(s.items[i].has("comma") for i in range(end, following)) and _is_told_of(s, following + 1))
        ):
            break
        joined = "to" if sign in ("to", "-") else "or"
        terms, end = [*terms, following], following + 1
    return terms, end, joined


def _is_told_of(s: Sentence, place: int) -> bool:
    """Whether something is said of the last one of a list alone: "no beginners, experts are fine"."""
    while place < len(s.items) and s.items[place].text.lower() in ("are", "is"):
        place += 1
    return place < len(s.items) and s.items[place].has("welcome", "averse", "after_not", "after_wish")


def _alike(s: Sentence, one: int, other: int, either: bool) -> bool:
    """Whether both may be levels of one field; a grade that has a field of its own beside it is not."""
    if s.items[other].has("not") and not either:
        return False  # "low or very low, no headset"
    ones, others = ({f.name for f, _ in s.scale_values(s.items[i])} for i in (one, other))
    if ones and others:
        return bool(ones & others)
    if s.items[one].has("grade") and s.field_after(one + 1, is_graded) is not None:
        return False
    if ones and s.items[other].has("grade"):
        return s.field_after(other + 1, is_graded) is None
    if others and either and s.items[one].has("grade"):
        return s.field_after(other + 1, is_graded) is not None  # "high or premium budget"
    return s.items[one].has("grade") and s.items[other].has("grade")


def own_field(s: Sentence, terms: Sequence[int]) -> SchemaField | None:
    """The one field that all the values among the terms are of."""
    candidates = [names for i in terms if (names := {f.name for f, _ in s.scale_values(s.items[i])})]
    common = set.intersection(*candidates) if candidates else set()
    if len(common) != 1 or any(s.items[i].has("field") for i in terms):
        return None
    return s.schema.field(common.pop())


def levels_of(s: Sentence, of: SchemaField, said: SaidLevels) -> Condition | None:
    """The condition that the levels are on a field; None when it has no such levels."""
    terms, sign, joined = said.terms, said.sign, said.joined
    if of.kind != "scale":
        return _share_of(s, of, terms, sign)
    sets = [_positions(s, of, s.items[i]) for i in terms]
    if not all(sets):
        return None
    low, high = min(min(s) for s in sets), max(max(s) for s in sets)
    top = len(of.values)
    if sign in (">=", "<=", ">", "<"):
        wanted = {">=": range(low, top), "<=": range(high + 1), ">": range(high + 1, top), "<": range(low)}[sign]
        return level_condition(of, wanted)
    if joined == "to" or sign == "between":
        return level_condition(of, range(low, high + 1))
    return level_condition(of, set().union(*sets))


def _positions(s: Sentence, of: SchemaField, item: Item) -> set[int]:
    values = [of.level(v) for f, v in s.scale_values(item) if f.name == of.name]
    if values:
        return {v for v in values if v is not None}
    return set(levels(of, str(item.data("grade")))) if item.has("grade") else set()


def _share_of(s: Sentence, of: SchemaField, terms: Sequence[int], sign: str = "") -> Condition | None:
    """A grade of a number with a smallest and a largest value."""
    parts = [graded_number(of, str(s.items[i].data("grade"))) for i in terms]
    known = [p for p in parts if p is not None]
    if not known:
        return None
    lows, highs = [p.gte for p in known], [p.lte for p in known]
    low = None if None in lows or sign in ("<=", "<") else min(b for b in lows if b is not None)
    high = None if None in highs or sign in (">=", ">") else max(b for b in highs if b is not None)
    if low is None and high is None:
        return known[0]
    return Condition(field=of.name, op="range", gte=low, lte=high)


def is_graded(of: SchemaField) -> bool:
    """Whether "high" and "low" say something of the field."""
    return of.kind == "scale" or (of.kind in ("integer", "number") and bool(of.brand))


def graded(of: SchemaField, grade: str) -> Condition | None:
    """The condition that a grade is on a field; None where grades say nothing of it."""
    return level_condition(of, levels(of, grade)) if of.kind == "scale" else graded_number(of, grade)


def graded_number(of: SchemaField, grade: str) -> Condition | None:
    """The condition that a grade is on a number with a smallest and a largest value."""
    if of.min is None or of.max is None or grade not in _SHARES:
        return None
    low, high = (None if s is None else of.min + s * (of.max - of.min) for s in _SHARES[grade])
    return Condition(field=of.name, op="range", gte=low, lte=high)
