"""What is named: values, brands, and words of a lexicon."""

from __future__ import annotations

from techfinder.lexicons import LexiconEntry
from techfinder.parser.clauses import any_of
from techfinder.parser.nodes import Mark
from techfinder.parser.sentence import Sentence
from techfinder.parser.tokens import stem_of
from techfinder.plan import AnyOf, Condition
from techfinder.schema import SchemaField

__all__ = ["read_brand", "read_entry", "read_value"]

_LONGEST_LIST = 30
"""Items of a list of makers that are looked through."""

_ANYTHING = frozenset({"something", "anything", "nothing", "product", "products", "things", "and", "or"})


def read_value(s: Sentence, place: int) -> int | None:
    """A value; of several attributes that have it, those named beside it, else any."""
    item = s.items[place]
    named = [s.data for s in item.senses if s.kind == "value"]
    if not named:
        return None
    if s.state_after(place + 1) is not None:
        named = [n for n in named if n[0].endswith("_city")] or named
    before = place - 1
    while before > max(0, place - 4) and s.items[before].has("filler", "not", "colon") and not s.names(before):
        before -= 1
    beside = s.fields(s.past(place + 1), bool) + (s.fields(before, bool) if before >= 0 else [])
    hints = {f.name for f in beside}
    fields = {s.schema.attributes[key].field.name for key, _ in named}
    places = len(fields) == 1 and s.schema.field(min(fields)).kind == "place"
    exact = [] if places else [n for n in named if any(v.casefold() == item.text.casefold() for v in n[1])]
    named = exact or named
    chosen = [n for n in named if s.schema.attributes[n[0]].field.name in hints] or named
    conditions = [Condition(field=key, op="any_of", values=values) for key, values in chosen]
    of = [s.schema.attributes[key].field for key, _ in chosen]
    if len(chosen) == 1 and of[0].kind == "place":
        both = _city_and_state(s, place, conditions[0])
        if both is not None:
            return both
    family = "adoption" if all(f.kind == "adoption" for f in of) else of[0].name
    last = _past_its_category(s, place + 1, conditions[0]) if len(conditions) == 1 else place + 1
    return s.add([any_of(conditions)], family, place, last)


def _city_and_state(s: Sentence, place: int, city: Condition) -> int | None:
    """ "Denver, CO"."""
    found = s.state_after(place + 1) if city.field.endswith("_city") else None
    if found is None:
        return None
    state, after = found
    return s.add([city, state], s.schema.attributes[city.field].field.name, place, after + 1)


def read_brand(s: Sentence, place: int) -> int | None:
    """The products of a brand, in the category named after it, else in any."""
    brand = s.items[place].data("brand")
    if brand is None:
        return None
    if (listed := _values_of_brand(s, place, str(brand))) is not None:
        return listed
    named = s.field_after(place + 1, lambda f: f.kind == "adoption") or _spoken_of(s, place + 1)
    named = named or _listed_with(s, place)
    if named is not None and (made := s.products_of(str(brand), named[0])):
        return s.add(made, "adoption", place, named[1])
    parts = s.products_of(str(brand))
    return s.add([any_of(parts)], "adoption", place, place + 1, brand=str(brand)) if parts else None


def _values_of_brand(s: Sentence, place: int, brand: str) -> int | None:
    """ "a cloud from Microsoft": the values of what is named beside it that are called after the brand."""
    first, last = place, place + 1
    of = s.fields(place + 1, lambda f: f.kind in ("category", "tags"))
    if of:
        last = place + 2
    elif place > 1 and s.items[place - 1].text.lower() in ("from", "by", "of"):
        first, of = place - 2, s.fields(place - 2, lambda f: f.kind in ("category", "tags"))
    if not of:
        return None
    stem = stem_of(brand)
    names = tuple(v.name for v in of[0].values if any(stem in map(stem_of, p.split()) for p in (v.name, *v.synonyms)))
    if not names:
        return None
    return s.add([Condition(field=of[0].name, op="any_of", values=names)], of[0].name, first, last)


def _listed_with(s: Sentence, place: int) -> tuple[SchemaField, int] | None:
    """The category behind a list of makers: "an Apple or Samsung phone", "no Apple, Dell or HP laptops"."""
    end = place + 1
    while end + 1 < len(s.items) and s.items[end].has("or", "and", "comma", "slash") and end - place < _LONGEST_LIST:
        while end + 1 < len(s.items) and (s.items[end].has("or", "and", "comma", "slash") or _is_article(s, end)):
            end += 1
        if not s.items[end].has("brand", "value"):
            return None
        end += 1
    of = s.adoption_at(end) if end > place + 1 else None
    return None if of is None else (of, place + 1)


def _is_article(s: Sentence, place: int) -> bool:
    return s.items[place].text.lower() in ("a", "an", "nor")


def _past_its_category(s: Sentence, place: int, condition: Condition) -> int:
    """Past the category of a product where it is named behind it: "Xiaomi phones"."""
    attribute = s.schema.attribute(condition.field)
    if attribute.part != "product" or place >= len(s.items) or s.items[place].has("value", "brand", "clauses"):
        return place
    return place + 1 if s.adoption_at(place) is attribute.field else place


def _spoken_of(s: Sentence, place: int) -> tuple[SchemaField, int] | None:
    """The category spoken of last: "a phone, just not a Samsung one", "wearable users whose kit is from Garmin"."""
    last = s.last_atom()
    if last is not None and last.last == last.first + 1 and isinstance(listed := last.clauses[0], Condition):
        attribute = s.schema.attribute(listed.field)
        if s.items[last.first].has("brand") and attribute.part == "product" and last.last == place - 2:
            return attribute.field, place  # "from Amazon or Google"
    if last is not None and last.uses and s.items[place - 2].has("not") and last.last == place - 2:
        return s.schema.field(last.uses), place  # "any phone except Apple"
    one = place < len(s.items) and s.items[place].text.lower() in ("one", "ones")
    if last is None or not (one or _made_by(s, place - 1)):
        return None
    if last.uses and s.same_part(last, place - 1):
        return s.schema.field(last.uses), place + one
    return None


def _made_by(s: Sentence, place: int) -> bool:
    """Whether what was spoken of is from a brand: "whose kit is not from Amazon", but not "something from Amazon"."""
    before = [i.text.lower() for i in s.items[max(0, place - 4) : place]]
    return before[-1:] in (["from"], ["by"], ["made by"]) and not _ANYTHING & set(before)


def read_entry(s: Sentence, place: int) -> int | None:
    """What a lexicon says of a phrase."""
    entry = s.items[place].data("clauses")
    if not isinstance(entry, LexiconEntry):
        return None
    clauses: list[Condition | AnyOf] = [*entry.conditions]
    clauses += [Condition(field=key, op="any_of", values=values) for key, values in entry.values.items()]
    family = clauses[0].field if len(clauses) == 1 and isinstance(clauses[0], Condition) else entry.words[0]
    end = s.add(clauses, family, place, place + 1, wish=entry.wish)
    if s.items[place].has("suits"):
        s.nodes.append(Mark("suits", place))
    return end
