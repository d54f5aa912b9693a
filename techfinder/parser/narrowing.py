"""Exclusions that are said of some only: "no women under 30", "skip the laggards who use TikTok"."""

from __future__ import annotations

from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet
from itertools import product
from math import prod

from techfinder.parser.clauses import Clauses, opposite
from techfinder.parser.nodes import Atom
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema, SchemaField

__all__ = ["DENYING", "excepts", "narrowed", "narrows", "omits", "spared"]

DENYING = frozenset({"without", "lacking", "lack", "lacks", "not"})
"""Behind an exclusion they turn it round: "exclude people without a laptop"."""

_OMITTING = frozenset(
    {
        *("skip", "skipping", "exclude", "excluding", "excludes", "omit", "omitting", "avoid", "avoiding", "drop"),
        *("leave", "leaving", "filter", "remove", "removing", "rule", "ruling", "weed", "weeding", "screen", "discard"),
        *("ignore", "ignoring", "disregard", "forget", "cut", "kick", "throw", "toss", "chuck", "strip", "eliminate"),
    }
)
"""First words of what asks to leave people out."""

_EXCEPTING = frozenset({"except", "anyone", "everyone", "all", "anybody", "everybody"})
"""First words of exceptions: people are named behind them as well."""

_BUT = frozenset({"but", "except", "other", "apart", "aside", "besides", "barring", "save", "unless"})
"""First words of what takes somebody out of an exclusion: "no phone other than a Pixel"."""

_NOBODY = frozenset({"nobody", "no one", "noone", "none of the"})
_IN = frozenset({"in", "on"})
"""Unless people are asked to be left out, they begin what holds for everybody: "anyone but laggards in Ohio"."""

_MOST = 8
"""Exclusions that one becomes at most."""

_MOST_TOLD = 20
"""Things that may be told of those who are excluded; no sentence that means something tells more."""


def omits(word: str) -> bool:
    """Whether an exclusion, as typed, names people behind it."""
    return word in _NOBODY or _asks_to_leave_out(word) or word.partition(" ")[0] in _EXCEPTING


def excepts(word: str) -> bool:
    """Whether an exclusion, as typed, takes somebody out of what was said before."""
    return word.partition(" ")[0] in _BUT or word == "with the exception of"


def spared(head: Clauses, atom: Atom, schema: Schema) -> Clauses | None:
    """Who is excluded, without what an atom names of them; None where it names nothing of them.

    "No phones except a Pixel" excludes the other phones, "nothing from Google except Nest" the other products.
    """
    named = _alternatives(atom.clauses)
    excluded = [_any_value(c, schema) for c in _alternatives(head)]
    if any(c.op != "any_of" for c in (*named, *excluded)):
        return None
    kept = {c.field: c.values for c in named}
    kept |= {f"{f.name}_product": tuple(v.name for v in f.values) for f in _used(named, schema)}
    made: list[Condition] = []
    for one in excluded:
        whole = _listed(one, schema, kept)
        values = tuple(v for v in whole.values if v not in kept.get(whole.field, ()))
        if values:
            made.append(whole.model_copy(update={"values": values}))
    if made == excluded:
        return None
    if len(made) < 2:
        return tuple(c if c.words else c.model_copy(update={"words": head[0].words}) for c in made)
    return (AnyOf(conditions=tuple(made), words=head[0].words),)


def _any_value(one: Condition, schema: Schema) -> Condition:
    """That there is a value as a list of all values, where these are known."""
    names = tuple(v.name for v in schema.attribute(one.field).field.values) if one.op == "present" else ()
    return one.model_copy(update={"op": "any_of", "values": names}) if names else one


def _used(conditions: Sequence[Condition], schema: Schema) -> list[SchemaField]:
    """The categories of which something is used: "nothing from Apple except phones"."""
    attributes = [schema.attribute(c.field) for c in conditions if c.values == ("yes",)]
    return [a.field for a in attributes if a.part == "uses"]


def _alternatives(clauses: Clauses) -> list[Condition]:
    return [c for clause in clauses for c in ((clause,) if isinstance(clause, Condition) else clause.conditions)]


def _listed(one: Condition, schema: Schema, kept: Container[str]) -> Condition:
    """That something is used as its products, where one of these is spared."""
    attribute = schema.attribute(one.field)
    key = f"{attribute.field.name}_product"
    if attribute.part != "uses" or one.values != ("yes",) or key not in kept:
        return one
    return one.model_copy(update={"field": key, "values": tuple(v.name for v in attribute.field.values)})


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
    if (denied and len(atom.clauses) > 1) or len(head) >= _MOST_TOLD:
        return []
    parts: list[tuple[Condition, ...]] = []
    for clause in (*head, *(tuple(opposite(c, schema) for c in atom.clauses) if denied else atom.clauses)):
        if not clause.required or (isinstance(clause, AnyOf) and (clause.at_least > 1 or clause.negated)):
            return []
        parts.append((clause,) if isinstance(clause, Condition) else clause.conditions)
    if prod(map(len, parts)) > _MOST:
        return []
    words = " ".join(dict.fromkeys(c.words for c in (*head, *atom.clauses)))
    return [tuple(c.model_copy(update={"words": words}) for c in each) for each in product(*parts)]
