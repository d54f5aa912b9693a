"""Atoms to the clauses of a plan: what "not" reaches, what "or" joins, what is only wished for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from techfinder.parser.clauses import any_of, opposite
from techfinder.parser.sentence import Atom, Count, Mark
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema

__all__ = ["join"]

_FAR = 40
"""Nodes beyond which nothing is looked for."""

_PARTICLES = frozenset({"no", "not", "none", "never", "neither", "nor", "without", "lacking", "lack", "lacks"})
"""Words that deny what follows; the other ones of their kind ask to leave it out."""

_CONNECTORS = {"or": 3, "slash": 3, "and": 2, "comma": 1}


@dataclass
class _Said:
    """An atom with how it is connected with the one before it, and how many are asked for of the list it begins."""

    atom: Atom
    connector: str = ""
    opened: bool = False
    count: Count | None = None


@dataclass
class _State:
    negated: bool = False
    family: str | None = None
    wish: bool = False
    wished: str | None = None
    suits: bool = False
    neutral: bool = False
    bare: bool = False
    none: bool = False
    left_out: bool = False
    listed: bool = False
    connector: str = ""
    opened: bool = False
    whoever: bool = False
    unknown: bool = False
    dangling: bool = False
    dangled: bool = False
    count: Count | None = None
    run: list[_Said] = field(default_factory=list)
    last_run: list[_Said] = field(default_factory=list)

    def begin_run(self) -> None:
        """What comes next is another part of the sentence."""
        self.last_run, self.run, self.unknown = self.run or self.last_run, [], False


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
    said = _scoped(nodes)
    clauses: list[Condition | AnyOf] = []
    widened: list[str] = []
    place = 0
    while place < len(said):
        if (size := _alternatives(said, place)) > 0:
            pairs = [(said[at], said[at + size]) for at in range(place, place + size)]
            made = [_together([one, _Said(other.atom, "or")], schema) for one, other in pairs]
            clauses += [c for part in made for c in part]
            widened.append(" ".join(c.words for part in zip(*made, strict=False) for c in part))
            place += 2 * size
            continue
        end = _counted_end(said, place) or place + 1
        while end < len(said) and said[place].count is None and _goes_on(said[place], said[end]):
            end += 1
        clauses += _together(said[place:end], schema)
        if (count := said[place].count) is not None and _some_of(said[place:end], count) is None:
            widened.append(" ".join((count.words, *(c.words for s in said[place:end] for c in s.atom.clauses))))
        place = end
    said_once = {c.model_copy(update={"words": ""}): c for c in reversed(_ranges(clauses))}
    return Joined(_possible(list(said_once.values())[::-1], schema), widened)


def _alternatives(said: Sequence[_Said], place: int) -> int:
    """Of how many parts each of two whole alternatives is that begin here; 0 for none.

    "women in legal or men in finance": what the second one speaks of comes in the order of the first one.
    """
    for size in (2, 3):
        one, other = said[place : place + size], said[place + size : place + 2 * size]
        families = [s.atom.family for s in one]
        if (
            len(other) == size
            and families == [s.atom.family for s in other]
            and len(set(families)) == size
            and other[0].connector
            and not any(s.connector for s in (*one[1:], *other[1:]))
            and not any(s.atom.negated or s.atom.wish or s.count or len(s.atom.clauses) != 1 for s in (*one, *other))
            and all(a.atom.clauses[0] != b.atom.clauses[0] for a, b in zip(one, other, strict=True))
        ):
            return size
    return 0


def _counted_end(said: Sequence[_Said], place: int) -> int:
    """The atom after a list of which so many are asked for; 0 where there is no such list."""
    count = said[place].count
    if count is None:
        return 0
    end = place
    while end < len(said) and said[end].atom.first < count.end:
        end += 1
    return end


def _scoped(nodes: Sequence[Atom | Mark]) -> list[_Said]:
    """Every atom with what applies to it."""
    state, found = _State(), list[_Said]()
    for place, node in enumerate(nodes):
        if isinstance(node, Mark):
            if node.kind == "unknown" and state.negated and state.family is None and _ends_here(nodes, place):
                state.family = "unknown"
            elif node.kind == "not" and found and _is_trailing(nodes, place):
                found[-1].atom.negated, found[-1].atom.wish = True, False
            elif node.kind == "after_wish" and not state.run and _leads(nodes, place):
                _apply(Mark("wish", node.place, node.word), state)
            elif node.kind == "not" and _left_out_already(node, state):
                _apply(Mark("plain", node.place, node.word), state)
            else:
                _apply(node, state)
            continue
        if state.neutral:
            state.neutral = False
            continue
        if state.dangled and not state.negated and found and found[-1].atom.family != node.family:
            state.connector = "comma"  # "lawyers, something unknown or Texas"
        if (
            state.negated
            and state.family is not None
            and not (
                _reaches(state, node) or (state.bare and state.connector == "comma" and _ends_with_people(nodes, place))
            )
        ):
            state.negated = False
        if state.negated:
            if state.family is None:
                state.bare = not state.opened  # "no laggards", unlike "not on TikTok"
            state.family = node.family
        if state.wish and state.wished not in (None, node.family) and state.connector == "comma":
            state.wish = False
        state.wished = node.family if state.wish else None
        node.negated = state.negated
        node.wish = (node.wish or state.wish) and not state.negated
        one = _Said(node, state.connector, state.opened, state.count)
        found.append(one)
        state.run.append(one)
        state.connector, state.opened, state.whoever, state.dangling = "", False, False, False
        state.dangled, state.count = False, None
    return found


def _left_out_already(mark: Mark, state: _State) -> bool:
    """Whether a "not" is within what is to be left out: "omit beginners and those without a phone"."""
    return state.left_out and state.whoever and state.negated and state.family is not None and mark.word in _PARTICLES


def _leads(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether what is said to be optional comes behind: "if possible on Reddit"."""
    for node in nodes[place + 1 : place + 1 + _FAR]:
        if isinstance(node, Atom) or node.kind in ("comma", "stop", "but", "and", "or"):
            return isinstance(node, Atom)
    return False


def _is_trailing(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether nothing comes after a "not" that it could be about, as in "price does not"."""
    before = place - 1
    while before > 0 and isinstance(node := nodes[before], Mark) and node.kind == "open":
        before -= 1
    if before < 0 or not isinstance(nodes[before], Atom):
        return False
    for node in nodes[place + 1 : place + 1 + _FAR]:
        if isinstance(node, Atom):
            return False
        if node.kind in ("stop", "but", "comma"):
            return True
        if node.kind == "unknown":
            return False
    return True


def _ends_here(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether a list or the sentence goes on after a word that is not known."""
    if place + 1 == len(nodes):
        return True
    after = nodes[place + 1]
    return isinstance(after, Mark) and after.kind in ("and", "or", "comma", "slash", "stop", "but")


def _ends_with_people(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether the list goes on to "and those who": "omit the over-70s, beginners and those without a phone"."""
    for before, node in pairwise(nodes[place : place + _FAR]):
        if isinstance(node, Mark) and node.kind in ("stop", "but", "instead"):
            return False
        if isinstance(node, Mark) and node.kind == "whoever" and isinstance(before, Mark):
            return before.kind in ("and", "or")
    return False


def _reaches(state: _State, atom: Atom) -> bool:
    """Whether a negation goes on to an atom after the first one."""
    if state.listed and state.connector:
        return True  # "exclude: laggards, TikTok users"
    if state.connector in ("and", "or") and state.whoever:
        return True  # "leave out those under 21 and anybody in government"
    if state.connector in ("or", "slash"):
        return not state.opened or atom.family == state.family
    return atom.family == state.family and bool(state.connector) and not state.opened


def _apply(mark: Mark, state: _State) -> None:
    match mark.kind:
        case "not":
            state.negated, state.family, state.none = True, None, mark.word == "no"
            state.left_out, state.listed = mark.word not in _PARTICLES, False
        case "anew":
            if state.none and state.family is not None:  # "no headset, a smartphone"
                state.negated = False
        case "plain":
            state.negated = state.wish = False
        case "unknown":
            state.unknown, state.dangling = True, bool(state.connector)
            if state.suits:
                state.wish = state.suits = False
        case "neutral":
            state.neutral = True
        case "count":
            state.count = mark.count
        case "colon":
            if state.suits:
                state.wish = state.suits = False
            state.negated = state.negated and state.family is None  # "no laggards: gamers" but "not on these: TikTok"
            state.listed = state.negated and state.left_out
        case "whoever":
            state.whoever = True
        case "stop" | "but":
            state.negated, state.wish, state.connector, state.opened = False, False, "", False
            state.neutral = state.listed = False
            state.begin_run()
        case "instead":
            if state.negated and state.family is not None:  # "forget interns, give me managers"
                state.negated, state.connector = False, ""
                state.begin_run()
        case "hard":
            state.wish = False
        case "wish":
            state.wish, state.wished, state.suits = True, None, False
        case "suits":
            state.wish, state.wished, state.suits = True, None, True
        case "after_wish":
            for one in state.run if state.unknown else state.run or state.last_run:
                one.atom.wish = not one.atom.negated
        case "after_not":
            for one in state.run or state.last_run:
                one.atom.negated, one.atom.wish = True, False
        case "open":
            state.opened = True
            if state.suits and state.wished is not None:  # "for a headset in Texas"
                state.wish = state.suits = False
        case _:
            if mark.kind == "comma" and state.dangling:
                state.connector, state.dangling = "", False  # "or something unknown, in Texas"
            if mark.kind in ("or", "slash") and state.dangling and state.connector == "comma":
                state.dangled = True
            if _CONNECTORS[mark.kind] > _CONNECTORS.get(state.connector, 0):
                state.connector = mark.kind
            if mark.kind == "comma":
                state.neutral = False
                state.begin_run()


def _goes_on(first: _Said, other: _Said) -> bool:
    """Whether an atom belongs to the list that the first one began."""
    one, two = first.atom, other.atom
    if not other.connector or one.negated != two.negated or one.wish != two.wish:
        return False
    if other.connector in ("or", "slash"):
        return True
    return one.family == two.family and (not other.opened or one.negated)


def _together(run: Sequence[_Said], schema: Schema) -> list[Condition | AnyOf]:
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
        listed = [_Said(h, r.connector or "or", r.opened) for h, r in zip(heads, run, strict=True)]
        return [*_together(listed, schema), *rest]
    if len(simple) < len(conditions):
        merged: list[Condition | AnyOf] = _either_groups(conditions) if either else conditions
    else:
        merged = list(_merged(simple, either, schema))
    return [_wished(c, atoms[0].wish) for c in merged]


def _some_of(run: Sequence[_Said], count: Count) -> AnyOf | None:
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


def _split_at_and(run: Sequence[_Said]) -> list[list[_Said]]:
    """The parts of a list that "and" stands between: "or" binds more tightly."""
    parts: list[list[_Said]] = [[]]
    for one in run:
        if one.connector == "and" and parts[-1]:
            parts.append([])
        parts[-1].append(one)
    return parts


def _split_at_comma(run: Sequence[_Said]) -> list[list[_Said]]:
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


def _ranges(clauses: Sequence[Condition | AnyOf]) -> list[Condition | AnyOf]:
    """With "over 30 and under 50" as one range, and "under 25 or over 65" as either."""
    made: list[Condition | AnyOf] = []
    for clause in clauses:
        before = made[-1] if made else None
        if not (isinstance(clause, Condition) and isinstance(before, Condition) and _fit(before, clause)):
            made.append(clause)
            continue
        words, ends = f"{before.words} {clause.words}", (_ends(before), _ends(clause))
        if max(low for low, _ in ends) > min(high for _, high in ends):
            made[-1] = any_of([before, clause], words)
            continue
        bounds = {b: getattr(clause, b) for b in ("gte", "gt", "lte", "lt") if getattr(clause, b) is not None}
        made[-1] = before.model_copy(update={**bounds, "words": words})
    return made


def _possible(clauses: Sequence[Condition | AnyOf], schema: Schema) -> list[Condition | AnyOf]:
    """With two values that nobody can have at once as either: "not only iPhone users but Pixel users as well"."""
    made: list[Condition | AnyOf] = []
    for clause in clauses:
        for place, other in enumerate(made):
            if isinstance(other, Condition) and isinstance(clause, Condition) and _exclude(other, clause, schema):
                words = f"{other.words} {clause.words}"
                if clause.op == "any_of":
                    values = (*other.values, *(v for v in clause.values if v not in other.values))
                    made[place] = other.model_copy(update={"values": values, "words": words})
                else:
                    made[place] = any_of([other, clause], words)
                break
        else:
            made.append(clause)
    return made


def _exclude(one: Condition, other: Condition, schema: Schema) -> bool:
    """Whether two required conditions on one attribute with one value can never hold together."""
    if one.field != other.field or one.op != other.op or not one.required or not other.required:
        return False
    if one.op == "any_of":
        return schema.attribute(one.field).storage != "keywords" and not set(one.values) & set(other.values)
    if one.op != "range":
        return False
    lower, upper = sorted((_ends(one), _ends(other)))
    return -inf < lower[0] and upper[1] < inf and lower[1] < upper[0]


def _ends(condition: Condition) -> tuple[float, float]:
    low = condition.gte if condition.gt is None else condition.gt
    high = condition.lte if condition.lt is None else condition.lt
    return -inf if low is None else low, inf if high is None else high


def _fit(one: Condition, other: Condition) -> bool:
    """Whether two ranges of one attribute are its two ends."""
    if one.op != "range" or other.op != "range" or one.field != other.field or one.required != other.required:
        return False
    lows = [c.gte is not None or c.gt is not None for c in (one, other)]
    highs = [c.lte is not None or c.lt is not None for c in (one, other)]
    return sum(lows) == 1 and sum(highs) == 1 and lows[0] != highs[0]
