"""Fields and what is said of them: a level, a number, that it is used, that it is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from techfinder.parser.clauses import any_of, in_range
from techfinder.parser.levels import graded, graded_number, is_graded, levels_of, own_field, said_levels
from techfinder.parser.named import read_entry
from techfinder.parser.nodes import Atom, Mark
from techfinder.parser.numbers import least_or_most, months, number
from techfinder.parser.quantities import Quantity
from techfinder.parser.sentence import Sentence
from techfinder.plan import Condition
from techfinder.schema import SchemaField

__all__ = ["read_field"]

_OWNED = frozenset({"owner", "product", "device"})
"""After a brand: something of it is used."""

_TRUTH = {"true": "yes", "1": "yes", "false": "no", "0": "no"}
_COUNTS = frozenset({"count", "number", "amount", "total"})
_OPENING = frozenset("([{")
_MOST_CHAINED = 8
"""Fields of which one thing may be said at once."""

_NOUNS = frozenset(
    {
        "people",
        "user",
        "buyer",
        "shopper",
        "customer",
        "consumer",
        "folk",
        "worker",
        "employee",
        "professional",
        "person",
        "owner",
    }
)


def read_field(s: Sentence, place: int) -> int | None:
    """A field and what is said of it: a level, a number, that it is used, that it is not known."""
    item = s.items[place]
    fields = s.fields(place, lambda f: True)
    if not fields or (item.has("value") and (s.state_after(place + 1) is not None or _is_of_named(s, place))):
        return None
    after = s.past(place + 1, "colon", "hard")
    after = _inside(s, after)
    if (chained := _chain(s, fields[0], place)) is not None:
        return chained
    if fields[0].kind == "adoption" and after < len(s.items) and s.items[place + 1].has("occasion"):
        s.topic = fields[0]
        return read_entry(s, place + 1) or place + 2
    missing = _missing(s, fields, place, after)
    if missing is not None:
        return missing
    if place and (signed := _signed(s, fields[0], place - 1)) is not None:
        return s.add([signed], fields[0].name, place - 1, place + 1)  # "negative growth"
    for of in fields:
        end = _said_of(s, of, place, after)
        if end is not None:
            return end
    if item.has("value") and _is_value(s, place):
        return None
    return _alone(s, fields, place)


def _alone(s: Sentence, fields: Sequence[SchemaField], place: int) -> int | None:
    """A field of which nothing is said but that it is named: "a laptop", "not interested in technology"."""
    item, of = s.items[place], fields[0]
    if is_graded(of) and s.nodes and isinstance(s.nodes[-1], Mark) and s.nodes[-1].kind == "not":
        low = graded(of, "low")
        if low is not None and item.data("default") is None:
            s.nodes.pop()
            return s.add([low], of.name, place, place + 1)
    if item.has("clauses"):
        return None
    if s.fields(place + 1, lambda f: f.name == of.name):
        return place + 1  # "VR headset"
    if item.data("default") is not None and (end := _default(s, of, place, str(item.data("default")))) is not None:
        return end
    if of.kind == "adoption":
        used = [Condition(field=f"{f.name}_uses", op="any_of", values=("yes",)) for f in fields]
        return s.add([any_of(used)], "adoption", place, place + 1, uses=of.name)
    if of.kind == "boolean":
        return s.add([Condition(field=of.name, op="any_of", values=("yes",))], of.name, place, place + 1)
    if of.kind == "tags" and (denied := _denied(s, of, place)) is not None:
        return s.add([denied], of.name, place, place + 1)
    return _without_saying(s, place)


def _default(s: Sentence, of: SchemaField, place: int, grade: str) -> int | None:
    """What a word such as "fans" says of its field: "Samsung fans", "indifferent to Samsung"."""
    condition = graded_number(of, grade or "high")
    if condition is None:
        return None
    if not grade:
        return _without_saying(s, place)
    low = graded_number(of, "low" if grade != "low" else "high")
    s.add([condition], of.name, place, place + 1, negation=(low,) if low else None)
    owned = place + 1 < len(s.items) and s.tokens[s.items[place + 1].first].stem in _OWNED
    if owned and (products := s.products_of(of.brand)):
        s.add([any_of(products)], "adoption", place, place + 1)
    return place + 1


def _denied(s: Sentence, of: SchemaField, place: int) -> Condition | None:
    """What a "not" is said of, where no value is named: "on no platform", "not on any other platform"."""
    last = next((n for n in reversed(s.nodes) if not (isinstance(n, Mark) and n.kind == "open")), None)
    if not isinstance(last, Mark) or last.kind != "not":
        return None
    if s.items[place + 1 : place + 2] and s.items[place + 1].text.lower() == "but" and last.word == "no":
        return None  # "on no platform but Reddit"
    before = s.items[place - 1].text.lower().split()[-1]
    if before == "other":
        return _others(s, of)
    if before == "any" or (last.word == "no" and last.place == place - 1):
        return Condition(field=of.name, op="present")
    return None


def _others(s: Sentence, of: SchemaField) -> Condition | None:
    """The values of a field that were not named before; None where none was."""
    said = [c for n in s.nodes if isinstance(n, Atom) for c in n.clauses if isinstance(c, Condition)]
    named = {v for c in said if c.field == of.name for v in c.values}
    others = tuple(v.name for v in of.values if v.name not in named)
    return Condition(field=of.name, op="any_of", values=others) if named and others else None


def _without_saying(s: Sentence, place: int) -> int:
    """Past a field of which nothing is said; a "not" before it is about it, and about nothing else."""
    if s.nodes and isinstance(s.nodes[-1], Mark) and s.nodes[-1].kind == "not":
        s.nodes.append(Mark("unknown", place))
    return place + 1


def _inside(s: Sentence, place: int) -> int:
    """Past an opening bracket: "budget (high)"."""
    return s.past(place + 1) if place < len(s.items) and s.items[place].text in _OPENING else place


def _chain(s: Sentence, first: SchemaField, place: int) -> int | None:
    """ "loyalty to Apple and to Samsung both at 3 or under": one thing said of several fields."""
    if not is_graded(first):
        return None
    fields, end = [first], place + 1
    while len(fields) < _MOST_CHAINED and end < len(s.items) and s.items[end].has("and", "comma"):
        following = s.past(end + 1)
        more = s.fields(following, is_graded) if following < len(s.items) else []
        if not more:
            break
        fields, end = [*fields, more[0]], following + 1
    if len(fields) == 1 or not any(s.items[i].has("and") for i in range(place, end)):
        return None  # "curious about technology, skills no better than basic" says two things
    after = s.past(end, "and", "colon")
    before = len(s.nodes)
    last = _said_of(s, fields[-1], end - 1, after)
    made = s.nodes[before:]
    if last is None or len(made) != 1 or not isinstance(made[0], Atom) or not isinstance(made[0].clauses[0], Condition):
        del s.nodes[before:]
        return None
    clause, atom = made[0].clauses[0], made[0]
    for of in fields[:-1]:
        copy = _moved(s, clause, fields[-1], of)
        if copy is None:
            del s.nodes[before:]
            return None
        s.nodes.insert(before, Atom((copy,), of.name, atom.first, atom.last))
    return last


def _moved(s: Sentence, clause: Condition, source: SchemaField, target: SchemaField) -> Condition | None:
    """The condition on another field; None when that has no such levels."""
    if clause.op == "range":
        return clause.model_copy(update={"field": target.name})
    if source.kind != "scale" or target.kind != "scale" or len(source.values) != len(target.values):
        return None
    levels_asked = [source.level(v) or 0 for v in clause.values]
    values = tuple(target.values[i].name for i in levels_asked)
    return clause.model_copy(update={"field": target.name, "values": values})


def _is_value(s: Sentence, place: int) -> bool:
    """Whether a word that names a field and a value is the value: "budget buyers", "in education"."""
    keys = [sense.data[0] for sense in s.items[place].senses if sense.kind == "value"]
    if len(s.nodes) > 1 and isinstance(mark := s.nodes[-1], Mark) and mark.kind in ("or", "and", "comma", "slash"):
        listed = s.nodes[-2]
        if isinstance(listed, Atom) and any(s.schema.attributes[k].field.name == listed.family for k in keys):
            return True  # "in healthcare or education"
    after = s.tokens[s.items[place + 1].first].stem if place + 1 < len(s.items) else ""
    before = s.items[place - 1].text.lower() if place else ""
    return after in _NOUNS or before.split()[-1:] in (["in"], ["as"]) or len(s.items) == 1


def _is_of_named(s: Sentence, place: int) -> bool:
    """Whether a word that names a field and a value is a value of the field named before: "sector: not education"."""
    before = place - 1
    named: set[object] = set()
    while before >= 0 and s.items[before].has("colon", "filler", "not", "cue", "field"):
        named |= {s.items[before].data("cue"), *(f.name for f in s.fields(before, bool))}
        if s.names(before):
            break
        before -= 1
    keys = [sense.data[0] for sense in s.items[place].senses if sense.kind == "value"]
    return any(s.schema.attributes[k].field.name in named for k in keys)


def _missing(s: Sentence, fields: Sequence[SchemaField], place: int, after: int) -> int | None:
    """ "no wearable on file", "nothing known about their income"."""
    before = place - 1
    while before > 0 and s.items[before].has("filler") and not s.items[before].has("before_missing"):
        before -= 1
    of = fields[0]
    denied = after + 1 < len(s.items) and s.items[after].text.lower() == "not" and s.items[after + 1].has("missing")
    told = denied or (after < len(s.items) and s.items[after].has("missing"))
    if not told and (before < 0 or not s.items[before].has("before_missing")):
        return None
    last = after + 1 + denied if told else place + 1
    while s.nodes and isinstance(s.nodes[-1], Mark) and s.nodes[-1].kind in ("open", "or"):
        s.nodes.pop()
    key = f"{of.name}_uses" if of.kind == "adoption" else of.name
    if s.nodes and isinstance(s.nodes[-1], Mark) and s.nodes[-1].kind == "not":
        s.nodes.pop()
    op: Literal["missing", "present"] = "present" if denied else "missing"
    return s.add([Condition(field=key, op=op)], "adoption" if of.kind == "adoption" else of.name, place, last)


def _said_of(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    """What stands behind the field and is about it."""
    if after >= len(s.items):
        return None
    if after + 1 < len(s.items) and is_graded(of) and s.items[after].has("not") and not s.is_term(after):
        return _denied_of(s, of, place, after)
    if is_graded(of) and (end := _levels_behind(s, of, place, after)) is not None:
        return end
    match of.kind:
        case "integer" | "number":
            return _number_behind(s, of, place, after)
        case "tags":
            return _count_behind(s, of, place, after)
        case "adoption":
            return _truth_behind(s, of, place, after) or _use_behind(s, of, place, after)
        case "boolean":
            return _truth_behind(s, of, place, after)
    return None


def _denied_of(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    """ "interest anything but low"."""
    before = len(s.nodes)
    s.nodes.append(Mark("not", after))
    end = _said_of(s, of, place, _inside(s, s.past(after + 1)))
    if end is None:
        del s.nodes[before:]
    return end


def _levels_behind(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    said = said_levels(s, after)
    if s.items[after].text.lower() == "no" and after + 1 < len(s.items) and not s.items[after + 1].senses:
        return None  # "budget no issue"
    if said is None or (s.field_after(said.end, is_graded) is not None and own_field(s, said.terms) is not of):
        return None
    sign = s.sign(place - 1) if place and not said.sign and not said.joined else ""
    bound = sign if sign in (">=", "<=") else ""  # "minimum budget mid-range"
    clause = levels_of(s, of, replace(said, sign=bound) if bound else said)
    return None if clause is None else s.add([clause], of.name, place - bool(bound), said.end)


def _number_behind(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    if (signed := _signed(s, of, after)) is not None:
        return s.add([signed], of.name, place, after + 1)
    found = s.quantity_in(place + 1, after)
    if found is None or found.unit not in ("", "of 10", "money", "percent", of.unit) or not _is_within(of, found):
        return None
    return number(s, of, least_or_most(s, found, place))


def _truth_behind(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    """ "kubernetes = false"."""
    truth = _TRUTH.get(s.items[after].text.lower()) if after > place + 1 else None
    if truth is None:
        return None
    key, family = (f"{of.name}_uses", "adoption") if of.kind == "adoption" else (of.name, of.name)
    return s.add([Condition(field=key, op="any_of", values=(truth,))], family, place, after + 1)


def _count_behind(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    """ "number of platforms: 3", "platforms at least 3"."""
    found = s.quantity_in(place + 1, after)
    counted = any(s.tokens[i.first].stem in _COUNTS for i in s.items[max(0, place - 2) : after])
    if found is None or found.unit or (found.plain and not counted):
        return None
    key = f"{of.name}_count"
    return s.add([in_range(key, found.bounds())], key, place, found.last)


def _use_behind(s: Sentence, of: SchemaField, place: int, after: int) -> int | None:
    """How soon after release, or of which maker: "laptops: Apple"."""
    found = s.quantity_in(place + 1, after)
    if found is not None and found.unit == "months":
        used = Condition(field=f"{of.name}_uses", op="any_of", values=("yes",))
        s.add([used], "adoption", place, place + 1, uses=of.name)
        return months(s, found)
    brand = s.items[after].data("brand")
    if brand is not None and after > place + 1 and (made := s.products_of(str(brand), of)):
        return s.add(made, "adoption", place, after + 1)
    return None


def _signed(s: Sentence, of: SchemaField, place: int) -> Condition | None:
    """ "growth negative": below zero, where a field may be."""
    if place >= len(s.items) or of.kind not in ("integer", "number") or (of.min is not None and of.min >= 0):
        return None
    if s.items[place].has("below_zero"):
        return Condition(field=of.name, op="range", lt=0)
    return Condition(field=of.name, op="range", gt=0) if s.items[place].has("above_zero") else None


def _is_within(of: SchemaField, found: Quantity) -> bool:
    """Whether a field can have such a number: no loyalty of ten is "under 25"."""
    value = found.low if found.low is not None else found.high
    return value is None or of.max is None or found.unit == "percent" or value <= of.max
