"""Whole alternatives, as "women in Texas or men over 50": a plan knows "or" of single conditions only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from techfinder.parser.clauses import any_of, opposite
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema

__all__ = ["MOST_CLAUSES", "either_of"]

MOST_CLAUSES = 9
"""Clauses that alternatives become at most; that is three of two parts each, or two of three."""

Clause = Condition | AnyOf


def either_of(options: Sequence[Sequence[Clause]], schema: Schema) -> list[Clause] | None:
    """What holds exactly where all of at least one option holds; None where a plan cannot say it.

    Each clause takes one part of every option (conjunctive normal form): of "A and B, or C and D" these are
    "A or C", "A or D", "B or C" and "B or D".
    """
    parts = [[p for clause in option for p in _parts(clause, schema)] for option in options]
    if not all(option and all(option) for option in parts):
        return None
    picked = {_key(pick): pick for pick in ([c for part in each for c in part] for each in product(*parts))}
    needed = [pick for key, pick in picked.items() if not any(other < key for other in picked)]
    return [_clause(pick, schema) for pick in needed] if len(needed) <= MOST_CLAUSES else None


def _parts(clause: Clause, schema: Schema) -> list[tuple[Condition, ...]]:
    """What a clause asks for: all of these, and of each any one. An empty one where it is more than that."""
    if isinstance(clause, Condition):
        return [(clause,)]
    if clause.at_least > 1:
        return [()]
    if not clause.negated:
        return [clause.conditions]
    denied = [opposite(c, schema) for c in clause.conditions]
    return [(c,) if isinstance(c, Condition) else () for c in denied]


def _key(pick: Sequence[Condition]) -> frozenset[str]:
    return frozenset(c.model_copy(update={"words": ""}).model_dump_json() for c in pick)


def _clause(pick: Sequence[Condition], schema: Schema) -> Clause:
    """Any of some conditions, values of one attribute as one."""
    made: dict[object, Condition] = {}
    for one in pick:
        key = (one.field, one.op) if one.op == "any_of" else one.model_copy(update={"words": ""}).model_dump_json()
        before = made.get(key)
        if before is None:
            made[key] = one
        elif one.op == "any_of":
            values = tuple(dict.fromkeys((*before.values, *one.values)))
            words = " ".join(dict.fromkeys((before.words, one.words)))
            made[key] = before.model_copy(update={"values": values, "words": words})
    return any_of(list(made.values()), words=" ".join(dict.fromkeys(c.words for c in made.values())))
