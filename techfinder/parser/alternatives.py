"""Whole alternatives, as "women in Texas or men over 50": a plan knows "or" of single conditions only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from techfinder.parser.clauses import Clause, any_of, opposite
from techfinder.parser.nodes import Said
from techfinder.plan import Condition
from techfinder.schema import Schema

__all__ = ["either_of", "whole_alternatives"]

_OR = frozenset({"or", "slash"})
_JOINTS = _OR | {"and"}
_SIZES = (2, 3)
"""Of so many things both of two alternatives may tell in the same order."""

_LONGEST = 40
"""Things that alternatives tell of at most, all together."""

_MOST = 9
"""Clauses that alternatives become at most; that is three of two parts each, or two of three."""

_MOST_PICKS = 128
"""Ways to take one part of every option; most of them say the same as others."""


def whole_alternatives(said: Sequence[Said], place: int) -> list[Sequence[Said]]:
    """The whole alternatives that begin here, each with all that is said of it; empty where there are none.

    "or" (or "and") stands between them, and not only between what is on either side of it, where the second one begins
    to tell of somebody else ("women in legal or teachers over 50"), or tells of the same things in the same order ("an
    iPhone in Texas or a Pixel in Ohio").
    """
    end = place + 1
    while end < len(said) and said[end].part == said[place].part and said[end].connector != "comma":
        end += 1
    run = said[place:end]
    if len(run) > _LONGEST or any(s.count for s in run):
        return []
    cuts = [0]
    for at in range(1, len(run)):
        if run[at].connector in _JOINTS and _begins_another(run, cuts[-1], at):
            cuts.append(at)
    if len(cuts) > 1:
        return [run[one:other] for one, other in zip(cuts, (*cuts[1:], len(run)), strict=True)]
    return _alike(run)


def _begins_another(run: Sequence[Said], first: int, at: int) -> bool:
    """Whether "or" stands before another whole alternative than the one that begins at `first`."""
    one, other = run[first:at], run[at]
    if len(one) < 2 or other.atom.negated or one[0].atom.negated:
        return False
    if one[0].either and other.connector in _OR:
        return True
    if not any(s.addresses for s in one) or not other.addresses or other.atom.family == one[-1].atom.family:
        return False
    more = at + 1 < len(run) and run[at + 1].connector not in _OR
    plural = _is_plural(other.atom.clauses[0].words)
    if other.connector == "and":
        return more and (plural or other.atom.addressed)
    return more or other.atom.addressed or (plural and one[-1].opened and not other.opened)


def _is_plural(words: str) -> bool:
    return words.endswith("s") and not words.endswith("ss")


def _alike(run: Sequence[Said]) -> list[Sequence[Said]]:
    """Two alternatives that tell of the same things in the same order."""
    for size in _SIZES:
        one, other = run[:size], run[size : 2 * size]
        families = [s.atom.family for s in one]
        if (
            len(other) == size
            and families == [s.atom.family for s in other]
            and len(set(families)) == size
            and other[0].connector in _JOINTS
            and not any(s.connector in _OR for s in (*one[1:], *other[1:]))
            and not any(s.atom.negated or s.atom.wish for s in (*one, *other))
            and all(a.atom.clauses != b.atom.clauses for a, b in zip(one, other, strict=True))
        ):
            return [one, other]
    return []


def either_of(options: Sequence[Sequence[Clause]], schema: Schema) -> list[Clause] | None:
    """What holds exactly where all of at least one option holds; None where a plan cannot say it.

    Each clause takes one part of every option (conjunctive normal form): of "A and B, or C and D" these are
    "A or C", "A or D", "B or C" and "B or D".
    """
    once = {tuple(_unworded(c) for c in option): option for option in options}.values()
    parts = [[p for clause in option for p in _parts(clause, schema)] for option in once]
    if not all(option and all(option) for option in parts) or prod(map(len, parts)) > _MOST_PICKS:
        return None
    picked = {_key(pick): pick for pick in ([c for part in each for c in part] for each in product(*parts))}
    needed = [pick for key, pick in picked.items() if not any(other < key for other in picked)]
    return [_clause(pick, schema) for pick in needed] if len(needed) <= _MOST else None


def _parts(clause: Clause, schema: Schema) -> list[tuple[Condition, ...]]:
    """What a clause asks for: all of these, and of each any one. An empty one where it is more than that."""
    if isinstance(clause, Condition):
        return [(clause,)]
    if clause.at_least > 1:
        return [()]
    told = tuple(c if c.words else c.model_copy(update={"words": clause.words}) for c in clause.conditions)
    if not clause.negated:
        return [told]
    denied = [opposite(c, schema) for c in told]
    return [(c,) if isinstance(c, Condition) else () for c in denied]


def _key(pick: Sequence[Condition]) -> frozenset[str]:
    return frozenset(map(_unworded, pick))


def _unworded(clause: Clause) -> str:
    return clause.model_copy(update={"words": ""}).model_dump_json()


def _clause(pick: Sequence[Condition], schema: Schema) -> Clause:
    """Any of some conditions, values of one attribute as one."""
    made: dict[object, Condition] = {}
    for one in pick:
        key = (one.field, one.op) if one.op == "any_of" else _unworded(one)
        before = made.get(key)
        if before is None:
            made[key] = one
        elif one.op == "any_of":
            values = tuple(dict.fromkeys((*before.values, *one.values)))
            words = " ".join(dict.fromkeys((before.words, one.words)))
            made[key] = before.model_copy(update={"values": values, "words": words})
    return any_of(list(made.values()), words=" ".join(dict.fromkeys(c.words for c in made.values())))
