"""Things said to the clauses of a plan: which belong to one list, and what "or", "and" and "not" make of a list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from techfinder.parser.alternatives import either_of, whole_alternatives
from techfinder.parser.clauses import any_of, opposite
from techfinder.parser.merging import one_range, possible
from techfinder.parser.nodes import Atom, Count, Mark, Said
from techfinder.parser.scoping import scoped
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema

__all__ = ["Joined", "join"]


@dataclass(frozen=True, slots=True)
class Joined:
    """What was said, joined.

    Attributes:
        clauses: In the order in which they were said.
        widened: Words of what a plan cannot say: "women in legal or men in finance".
    """

    clauses: list[Condition | AnyOf]
    widened: list[str]


def join(nodes: Sequence[Atom | Mark], schema: Schema) -> Joined:
    """The clauses of what was read."""
    joined = _joined(scoped(nodes, schema), schema)
    clauses = joined.clauses
    said_once = {c.model_copy(update={"words": ""}): c for c in reversed(one_range(clauses))}
    return Joined(possible(list(said_once.values())[::-1], schema), joined.widened)


def _joined(said: Sequence[Said], schema: Schema) -> Joined:
    clauses: list[Condition | AnyOf] = []
    widened: list[str] = []
    place = 0
    while place < len(said):
        options = whole_alternatives(said, place)
        if options and (made := _either(options, schema)) is not None:
            clauses += made.clauses
            widened += made.widened
            place += sum(map(len, options))
            continue
        end = _counted_end(said, place) or place + 1
        while end < len(said) and said[place].count is None and _goes_on(said[place], said[end]):
            end += 1
        clauses += _mixed(said[place:end], schema) or _together(said[place:end], schema)
        if (count := said[place].count) is not None and _some_of(said[place:end], count) is None:
            widened.append(" ".join((count.words, *(c.words for s in said[place:end] for c in s.atom.clauses))))
        place = end
    return Joined(clauses, widened)


def _either(options: Sequence[Sequence[Said]], schema: Schema) -> Joined | None:
    """Whole alternatives; with less of each where a plan cannot say all, None where it cannot say that either."""
    inner = [_joined([replace(option[0], connector=""), *option[1:]], schema) for option in options]
    needed = [[c for c in one_range(i.clauses) if c.required] for i in inner]
    wishes = [c for i in inner for c in i.clauses if not c.required]
    widened = [w for i in inner for w in i.widened]
    if not all(needed):
        return None
    made = either_of(needed, schema)
    if made is None:
        made = either_of([clauses[:1] for clauses in needed], schema)
        widened.append(" ".join(c.words for clauses in needed for c in clauses))
    return None if made is None else Joined([*made, *wishes], widened)


def _counted_end(said: Sequence[Said], place: int) -> int:
    """The atom after a list of which so many are asked for; 0 where there is no such list."""
    count = said[place].count
    if count is None:
        return 0
    end = place
    while end < len(said) and said[end].atom.first < count.end:
        end += 1
    return end


def _goes_on(first: Said, other: Said) -> bool:
    """Whether an atom belongs to the list that the first one began."""
    one, two = first.atom, other.atom
    if not other.connector or one.wish != two.wish:
        return False
    if one.negated != two.negated:
        return other.connector in ("or", "slash") and not one.wish
    if other.connector in ("or", "slash"):
        return True
    return one.family == two.family and (not other.opened or one.negated)


def _mixed(run: Sequence[Said], schema: Schema) -> list[Condition | AnyOf] | None:
    """A list of what holds or does not, as in "a Pixel or no phone at all"; None for any other."""
    if len({s.atom.negated for s in run}) == 1:
        return None
    options = [_negated(s.atom, schema) if s.atom.negated else list(s.atom.clauses) for s in run]
    return either_of(options, schema)


def _together(run: Sequence[Said], schema: Schema) -> list[Condition | AnyOf]:
    """The clauses of one list."""
    atoms = [s.atom for s in run]
    if run[0].count is not None and (some := _some_of(run, run[0].count)) is not None:
        return [some]
    if atoms[0].negated:
        return [c for a in atoms for c in _negated(a, schema)]
    if len(atoms) == 1:
        return [_wished(c, atoms[0].wish) for c in atoms[0].clauses]
    either = any(s.connector in ("or", "slash") for s in run[1:])
    keys = {c.field for a in atoms for c in a.clauses if isinstance(c, Condition)}
    mixed = len({s.connector for s in run[1:]} & {"or", "and"}) == 2
    tags = all(schema.attribute(k).storage == "keywords" for k in keys)
    if either and (len(keys) > 1 or (mixed and tags)):
        parts = _split_at_and(run) if any(s.connector == "and" for s in run[1:]) else _split_at_comma(run)
        if len(parts) > 1:
            return [c for part in parts for c in _together(part, schema)]
    conditions = _narrowed([c for a in atoms for c in a.clauses])
    simple = [c for c in conditions if isinstance(c, Condition)]
    if any(len(a.clauses) > 1 for a in atoms):
        # "Austin or Dallas, TX": what was said of the last one holds for all of them.
        heads = [Atom(a.clauses[:1], a.family, a.first, a.last, wish=a.wish) for a in atoms]
        alike = len({c.field for h in heads for c in h.clauses if isinstance(c, Condition)}) == 1
        rest = [_wished(c, atoms[0].wish) for a in atoms for c in a.clauses[1:]] if alike else []
        listed = [Said(h, r.connector or "or", r.opened) for h, r in zip(heads, run, strict=True)]
        return [*_together(listed, schema), *rest]
    if len(simple) < len(conditions):
        either = either or _is_one_of(conditions, schema)
        merged: list[Condition | AnyOf] = _either_groups(conditions) if either else conditions
    else:
        merged = list(_merged(simple, either, schema))
    return [_wished(c, atoms[0].wish) for c in merged]


def _some_of(run: Sequence[Said], count: Count) -> AnyOf | None:
    """ "at least two of Reddit, LinkedIn and YouTube"; None where a plan cannot say it."""
    conditions = [c for s in run for c in s.atom.clauses if isinstance(c, Condition)]
    if len(conditions) != len(run) or len(run) < 2 or any(len(s.atom.clauses) > 1 for s in run):
        return None
    first = run[0].atom
    words = " ".join((count.words, *(c.words for c in conditions)))
    return AnyOf(
        conditions=tuple(conditions),
        at_least=min(count.at_least, len(conditions) + 1),
        negated=count.negated != first.negated,
        required=not first.wish,
        words=words,
    )


def _narrowed(conditions: Sequence[Condition | AnyOf]) -> list[Condition | AnyOf]:
    """With the field that was named beside one of them for all that may be of it: "design or price first"."""
    named = {c.field for c in conditions if isinstance(c, Condition)}
    return [_of_named(c, named) for c in conditions]


def _of_named(clause: Condition | AnyOf, named: Collection[str]) -> Condition | AnyOf:
    """The one part of a clause that is of a named field, where its parts have the same value of several fields."""
    if isinstance(clause, Condition) or clause.negated or len({c.values for c in clause.conditions}) > 1:
        return clause
    of = [c for c in clause.conditions if c.field in named]
    return of[0].model_copy(update={"words": clause.words or of[0].words}) if len(of) == 1 else clause


def _split_at_and(run: Sequence[Said]) -> list[list[Said]]:
    """The parts of a list that "and" stands between: "or" binds more tightly."""
    parts: list[list[Said]] = [[]]
    for one in run:
        if one.connector == "and" and parts[-1]:
            parts.append([])
        parts[-1].append(one)
    return parts


def _split_at_comma(run: Sequence[Said]) -> list[list[Said]]:
    """The parts of a list where "or" joins values of one field only: "a Galaxy phone, Dell or Lenovo laptop"."""
    fields = [{c.field for c in s.atom.clauses if isinstance(c, Condition)} for s in run]
    parts = [[run[0]]]
    for place, one in enumerate(run[1:], 1):
        same = fields[place] == fields[place - 1]
        if one.connector in ("or", "slash") and not same:
            return [list(run)]
        if one.connector == "comma" and not same:
            parts.append([])
        parts[-1].append(one)
    return parts


def _is_one_of(clauses: Sequence[Condition | AnyOf], schema: Schema) -> bool:
    """Whether nobody can have all of it: "New York, Boston and Chicago", where one may be a state or a city."""
    flat = [c for clause in clauses for c in ((clause,) if isinstance(clause, Condition) else clause.conditions)]
    attributes = [schema.attribute(c.field) for c in flat]
    single = all(a.storage != "keywords" for a in attributes) and all(c.op == "any_of" for c in flat)
    return single and len({a.field.name for a in attributes}) == 1


def _either_groups(conditions: Sequence[Condition | AnyOf]) -> list[Condition | AnyOf]:
    """One group of all, where the groups among them hold when any of theirs does."""
    flat: list[Condition] = []
    for clause in conditions:
        if isinstance(clause, Condition):
            flat.append(clause)
        elif clause.at_least == 1 and not clause.negated:
            flat += clause.conditions
        else:
            return list(conditions)
    return [any_of(flat, words=" ".join(dict.fromkeys(c.words for c in conditions)))]


def _merged(conditions: Sequence[Condition], either: bool, schema: Schema) -> list[Condition | AnyOf]:
    """Values of one attribute as one condition; those of several joined as said."""
    by_key: dict[tuple[str, str], list[Condition]] = {}
    for condition in conditions:
        by_key.setdefault((condition.field, condition.op), []).append(condition)
    made: list[Condition] = []
    for (key, op), same in by_key.items():
        if op != "any_of" or (not either and schema.attribute(key).storage == "keywords"):
            made += same
            continue
        values = tuple(dict.fromkeys(v for c in same for v in c.values))
        words = " ".join(c.words for c in same)
        made.append(same[0].model_copy(update={"values": values, "words": words}))
    fields = {schema.attribute(c.field).field.name for c in made}
    scale = len(fields) == 1 and schema.attribute(made[0].field).ordered
    if len(made) > 1 and (either or scale):
        return [any_of(made, words=" ".join(c.words for c in made))]
    return list(made)


def _negated(atom: Atom, schema: Schema) -> list[Condition | AnyOf]:
    if atom.negation is not None:
        words = atom.clauses[0].words
        return [c.model_copy(update={"words": words}) for c in atom.negation]
    if len(atom.clauses) > 1:
        parts = [c for c in atom.clauses if isinstance(c, Condition) and c.required]
        if not parts:
            return [opposite(c, schema) for c in atom.clauses[-1:]]
        whole = AnyOf(conditions=tuple(parts), at_least=len(parts), negated=True, words=parts[0].words)
        return [whole]
    clause = atom.clauses[0]
    if (
        isinstance(clause, AnyOf)
        and clause.at_least == 1
        and not clause.negated
        and all(c.op == "any_of" for c in clause.conditions)
    ):
        return [opposite(c, schema).model_copy(update={"words": clause.words}) for c in clause.conditions]
    return [opposite(clause, schema)]


def _wished(clause: Condition | AnyOf, wish: bool) -> Condition | AnyOf:
    return clause.model_copy(update={"required": False}) if wish else clause
