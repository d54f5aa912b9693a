"""Items to atoms: which level, number or product is meant, and of which field.

An atom is one thing said, before "not", "or" and "ideally" are applied to it; what stands between atoms
becomes marks. :mod:`techfinder.parser.joining` puts both together.
"""

from __future__ import annotations

from techfinder.parser.counting import is_subject, read_not_both
from techfinder.parser.dates import read_date
from techfinder.parser.fields import read_field
from techfinder.parser.levels import read_levels
from techfinder.parser.named import read_brand, read_entry, read_value
from techfinder.parser.nodes import Atom, Mark
from techfinder.parser.numbers import read_age, read_quantity
from techfinder.parser.sentence import Sentence
from techfinder.parser.timing import read_speed
from techfinder.plan import Condition, Notice, Sort
from techfinder.schema import SchemaField

__all__ = ["read"]

_AFTER_PURPOSE = frozenset(
    {
        "who",
        "give",
        "find",
        "show",
        "please",
        "want",
        "that",
        "so",
        "give me",
        "find me",
        "show me",
        "we",
        "i",
        "need",
    }
)
"""They end what something is for, and begin what is asked for."""

_ASKING = frozenset({"i", "we", "give me", "find me", "show me", "i need", "we need", "get me", "find"})
_ASKED_WITHIN = 12
"""Items after an occasion among which the request itself begins."""

_SAME_WITHIN = 12
"""Items within which "one" means what was named before."""

_COMPARED_WITHIN = 8
"""Items within which "than" follows what it belongs to."""

_COMPARABLE = frozenset({"scale", "integer", "number", "adoption"})
"""Kinds of fields that people compare with each other."""

_OF_PEOPLE = frozenset({"category", "scale"})
"""Kinds of fields whose values are words for people: "laggards", "teachers"."""

_OWNERS = frozenset({"owner", "wearer", "holder", "fan", "reader", "crowd", "type", "worker", "resident", "lover"})
"""Behind what people have or like: they are meant."""

_INHABITANTS = ("ans", "ers", "ites")
_UPPERMOST = frozenset({"top", "best", "highest"})
_NOBODY = frozenset({"nobody", "no one", "noone"})
_OWNING = frozenset({"own", "have", "has", "use", "using", "owning", "having", "got"})


def read(s: Sentence) -> None:
    """Read everything."""
    place = 0
    while place < len(s.items):
        place = _read_at(s, place)
    for node in s.nodes:
        if isinstance(node, Atom):
            node.aged = node.family == getattr(s.unit_field("years"), "name", None)
            node.addressed = _is_addressed(s, node)
            node.people = node.aged or node.addressed or _says_who(s, node)


def _is_addressed(s: Sentence, atom: Atom) -> bool:
    """Whether a thing said stands beside "people", "owners", "anyone" and the like."""
    if atom.last < len(s.items) and _are_people(s, atom.last):
        return True
    before = atom.first - 1
    while before >= 0 and (item := s.items[before]).has("filler", "open", "whoever") and not s.names(before):
        if item.has("whoever") or is_subject(s, item):
            return True
        before -= 1
    return before >= 0 and s.items[before].text.lower() in _NOBODY


def _says_who(s: Sentence, atom: Atom) -> bool:
    """Whether a thing said is a word for people, as "laggards" and "teachers" are."""
    fields = [s.schema.attribute(c.field).field for c in atom.clauses if isinstance(c, Condition) and c.required]
    if fields and fields[0].kind == "place" and s.items[atom.first].text.endswith(_INHABITANTS):
        return True  # "Californians"
    return atom.last - atom.first == 1 and bool(fields) and all(f.kind in _OF_PEOPLE for f in fields)


def _read_at(s: Sentence, place: int) -> int:
    """Read what begins at an item; returns the item after it."""
    for reader in _READERS:
        end = reader(s, place)
        if end is not None:
            return end
    s.mark(place)
    return place + 1


def _purpose(s: Sentence, place: int) -> int | None:
    """ "for the launch of a headset": what it is for says nothing of the people."""
    if not s.items[place].has("purpose") and not _is_theme(s, place):
        return None
    if place and s.items[place - 1].text.lower().split()[-1] in ("who", "that", "which"):
        return None  # "people who sell"
    end = place + 1
    while (
        end < len(s.items)
        and not s.items[end].has("comma", "stop", "but", "limit", "not", "instead")
        and s.items[end].text.lower() not in _AFTER_PURPOSE
        and not _names_target(s, end)
    ):
        if (of := s.adoption_at(end)) is not None:
            s.topic = of
        end += 1
    read_entry(s, place)
    return end


def _names_target(s: Sentence, place: int) -> bool:
    """Whether it is told whom something is for: "selling a headset to women", "to iPhone owners"."""
    if s.items[place].text.lower() != "to":
        return False
    place += place + 1 < len(s.items) and s.items[place + 1].has("colon")
    after = s.items[place + 1] if place + 1 < len(s.items) else None
    if after is None or _are_people(s, place + 1):
        return after is not None
    keys = [sense.data[0] for sense in after.senses if sense.kind == "value"]
    owners = place + 2 < len(s.items) and after.has("value", "brand", "field") and _are_people(s, place + 2)
    return owners or after.has("age") or (bool(keys) and all(s.schema.attributes[k].part != "product" for k in keys))


def _are_people(s: Sentence, place: int) -> bool:
    """Whether an item is a word such as "users" or "owners"."""
    return is_subject(s, s.items[place]) or s.tokens[s.items[place].first].stem in _OWNERS


def _is_theme(s: Sentence, place: int) -> bool:
    """Whether an occasion is told with its theme before people are asked for: "a webinar for teachers, I need ..."."""
    if not s.items[place].has("occasion") or place + 1 >= len(s.items):
        return False
    asked = any(i.text.lower() in _ASKING for i in s.items[place + 2 : place + _ASKED_WITHIN])
    return asked and s.items[place + 1].text.lower() in ("for", "about", "on")


def _pronoun(s: Sentence, place: int) -> int | None:
    """ "skip anyone who owns one": whatever was spoken of."""
    if not s.items[place].has("pronoun") or place == 0:
        return None
    before = place - 1
    if s.items[before].text.lower() == "already":
        before -= 1  # "already have one" and "have already one"
    if s.tokens[s.items[before].first].stem not in _OWNING:
        return None
    if s.topic is not None:
        used = Condition(field=f"{s.topic.name}_uses", op="any_of", values=("yes",))
        return s.add([used], "adoption", place, place + 1, uses=s.topic.name)
    return _same_again(s, place)


def _or_none(s: Sentence, place: int) -> int | None:
    """ "a Pixel or none": whoever uses nothing of the kind is meant as well."""
    if not s.items[place].has("or_none"):
        return None
    last = s.last_atom()
    if last is None or len(last.clauses) != 1 or not isinstance(last.clauses[0], Condition):
        return place + 1
    attribute = s.schema.attribute(last.clauses[0].field)
    if any(isinstance(n, Mark) and n.kind == "not" for n in s.nodes):
        s.nodes = [n for n in s.nodes if not (isinstance(n, Atom) and n.uses == attribute.field.name)]
        return place + 1  # "a phone other than a Pixel, or none"
    if attribute.part == "product" and attribute.field.kind == "adoption":
        used = Condition(field=f"{attribute.field.name}_uses", op="any_of", values=("no",))
        s.nodes.append(Mark("or", place, "or"))
        return s.add([used], "adoption", place, place + 1)
    return place + 1


def _same_again(s: Sentence, place: int) -> int | None:
    """ "a Fitbit, but they do not have one": what was used last, where nothing else is named behind it."""
    after = place + 1
    if after < len(s.items) and not s.items[after].has("stop", "comma", "but", "and", "or"):
        return None
    last = s.last_atom()
    if last is None or last.family != "adoption" or len(last.clauses) != 1 or place - last.last > _SAME_WITHIN:
        return None
    denied = any(isinstance(n, Mark) and n.kind == "not" for n in s.nodes[s.nodes.index(last) :])
    last.wish = last.wish or denied  # whoever has none would like one
    return s.add(last.clauses, "adoption", place, after, uses=last.uses, brand=last.brand)


def _sort(s: Sentence, place: int) -> int | None:
    item = s.items[place]
    if (order := item.data("by_money")) is not None and (money := s.unit_field("money")) is not None:
        s.sort.append(Sort(field=money.name, descending=order == "descending"))
        return place + 1
    if item.text.lower() in ("highest", "top", "lowest") and (
        near := s.field_after(place + 1, lambda f: f.kind == "number")
    ):
        s.sort.append(Sort(field=near[0].name, descending=item.text.lower() != "lowest"))
        return near[1]
    if item.has("descending", "ascending") and not item.has("grade", "compare"):
        down = item.has("descending")
        if s.sort:
            s.sort[-1] = s.sort[-1].model_copy(update={"descending": down})
            return place + 1
        ages = s.unit_field("years")
        if ages is not None and item.text.lower().startswith(("old", "young")):
            s.sort.append(Sort(field=ages.name, descending=down))
            return place + 1
        s.downward = down
        return None
    if not item.has("sort"):
        return None
    named = s.field_after(place + 1, _is_ordered)
    if named is None and (cued := s.cued(place + 1, _is_ordered)) is not None:
        named = cued, place + 2
    if named is None:
        return None
    topped = any(i.text.lower() in _UPPERMOST for i in s.items[:place])
    down = s.limit is not None or topped if s.downward is None else s.downward  # "top 10 by income"
    if all(o.field != named[0].name for o in s.sort):
        s.sort.append(Sort(field=named[0].name, descending=down))
    return named[1]


def _is_ordered(of: SchemaField) -> bool:
    return of.kind in ("integer", "number", "scale", "date")


def _comparison(s: Sentence, place: int) -> int | None:
    """ "more loyal to one than to the other": a plan compares no two fields."""
    if not s.items[place].has("comparative"):
        return None
    than = next((i for i in s.segment(place) if place <= i < place + _COMPARED_WITHIN and _is_than(s, i)), None)
    if than is None:
        return None
    before = next((i for i in range(max(0, place - 2) if place == than else place, than) if _comparable(s, i)), None)
    after = next((i for i in range(than + 1, min(than + 4, len(s.items))) if s.names(i)), None)
    if before is None or after is None or not (_comparable(s, before) & _comparable(s, after)):
        return None
    between = range(min(before, place), after)
    if any(s.items[i].has("comma") or (i > than and s.quantities.at(i) is not None) for i in between):
        return None
    words = s.words(between[0], after + 1)
    text = f"{words!r} compares two fields, and that cannot be asked for. These words only rank by meaning."
    s.notices.append(Notice(code="comparison", text=text, words=words))
    return after + 1


def _is_than(s: Sentence, place: int) -> bool:
    return s.items[place].text.lower().split()[-1] in ("than", "then")


def _comparable(s: Sentence, place: int) -> set[str]:
    """The kinds of fields that an item names and that could be compared with others of the kind."""
    brand = s.items[place].data("brand")
    if brand is not None and any(f.brand == brand for f in s.schema.fields):
        return {"brand"}
    return {"brand" if f.brand else f.kind for f in s.fields(place, lambda f: f.kind in _COMPARABLE)}


def _grouped(s: Sentence, place: int) -> int | None:
    """ "per state": people are listed, not counted by group."""
    after = place + 1
    if not s.items[place].has("grouped") or after >= len(s.items) or s.items[after].has("unit", "comma", "stop"):
        return None
    words = s.words(place, after + 1)
    text = f"{words!r} was left out: people are listed, not counted by group. Filters show counts."
    s.notices.append(Notice(code="grouped", text=text, words=words))
    return after + 1


_READERS = (
    _comparison,
    _grouped,
    _purpose,
    _pronoun,
    _or_none,
    read_not_both,
    _sort,
    read_date,
    read_quantity,
    read_age,
    read_levels,
    read_field,
    read_value,
    read_brand,
    read_entry,
    read_speed,
)
"""Asked in turn what begins at an item; each answers the item after it, or None."""
