"""Exclusions that are said of some only: "no women under 30", "skip the laggards who use TikTok"."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from itertools import product

from techfinder.parser.clauses import Clauses, opposite
from techfinder.parser.sentence import Atom
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema

__all__ = ["DENYING", "narrowed", "narrows", "omits"]

DENYING = frozenset({"without", "lacking", "lack", "lacks", "not"})
"""Behind an exclusion they turn it round: "exclude people without a laptop"."""

_OMITTING = frozenset(
    {
        *("skip", "skipping", "exclude", "excluding", "excludes", "omit", "omitting", "avoid", "avoiding", "drop"),
        *("leave", "leaving", "filter", "remove", "removing", "rule", "ruling", "weed", "weeding", "screen", "discard"),
        *("ignore", "ignoring", "disregard", "forget"),
    }
)
"""First words of what asks to leave people out."""

_EXCEPTING = frozenset({"except", "anyone", "everyone", "all", "anybody", "everybody"})
"""First words of exceptions: people are named behind them as well."""

_NOBODY = frozenset({"nobody", "no one", "noone", "none of the"})
_IN = frozenset({"in", "on"})
"""Unless people are asked to be left out, they begin what holds for everybody: "anyone but laggards in Ohio"."""

_MOST = 8
"""Exclusions that one becomes at most."""


def omits(word: str) -> bool:
    """Whether an exclusion, as typed, names people behind it."""
    return word in _NOBODY or _asks_to_leave_out(word) or word.partition(" ")[0] in _EXCEPTING


def _asks_to_leave_out(word: str) -> bool:
    return word.partition(" ")[0] in _OMITTING or word.startswith(("don't ", "do not "))


def narrows(word: str, base: Atom, atom: Atom, links: AbstractSet[str]) -> bool:
    """Whether an atom tells more of those who are excluded.

    Args:
        word: How they are excluded, as typed.
        base: Who is excluded so far.
        atom: What comes right behind it.
        links: Words such as "who" and "with" between the two.
    """
    if word != "no" and not omits(word):
        return False
    if not links:
        return atom.people and (base.people or not atom.aged)
    return base.people and (_asks_to_leave_out(word) or bool(links - _IN))


def narrowed(head: Clauses, atom: Atom, schema: Schema, *, denied: bool) -> list[tuple[Condition, ...]]:
    """What nobody may have all of; several of them where a part means either of two. Empty where it cannot be said.

    Args:
        head: Who is excluded so far.
        atom: What tells more of them.
        schema: Whose fields they are about.
        denied: Whether they are those of whom the atom does not hold.
    """
    if denied and len(atom.clauses) > 1:
        return []
    parts: list[tuple[Condition, ...]] = []
    for clause in (*head, *(tuple(opposite(c, schema) for c in atom.clauses) if denied else atom.clauses)):
        if not clause.required or (isinstance(clause, AnyOf) and (clause.at_least > 1 or clause.negated)):
            return []
        parts.append((clause,) if isinstance(clause, Condition) else clause.conditions)
    words = " ".join(dict.fromkeys(c.words for c in (*head, *atom.clauses)))
    found = [tuple(c.model_copy(update={"words": words}) for c in each) for each in product(*parts)]
    return found if len(found) <= _MOST else []
