"""Numbers of a field: years, money, months after release, and those that no field is named for."""

from __future__ import annotations

from dataclasses import replace

from techfinder.parser.clauses import in_range
from techfinder.parser.counting import compared_after, read_count_of_list, read_counted, read_limit
from techfinder.parser.nodes import Mark
from techfinder.parser.quantities import LEAST_AGE, Quantity
from techfinder.parser.sentence import Sentence
from techfinder.parser.timing import past_release, timing
from techfinder.schema import SchemaField

__all__ = ["least_or_most", "months", "number", "read_age", "read_quantity"]

_PERSONS = frozenset(
    {"are", "is", "be", "am", "were", "they", "nobody", "anyone", "anybody", "those", "everyone", "people"}
)
"""Before a number without a unit: it is an age."""

_PEOPLE = frozenset({"people", "person", "ppl", "folk", "head", "soul"})
_LEAST_MONEY = 1000
"""Less is no yearly sum."""

_AGE_TO = 110
_YEARS = range(1900, 2101)

_OF_TIME = frozenset({"before", "after", "since", "until", "by", "in", "within", "between", "from", "till"})
"""Before a number that may be a year."""


def read_quantity(s: Sentence, place: int) -> int | None:
    """A number and what it counts."""
    found = s.quantities.at(place)
    if found is None:
        return None
    if _is_named_number(s, found):
        s.unread += s.items[found.first : found.last]
        return found.last
    if s.items[found.first].has("compare") and s.words(found.first, found.first + 1).lower().startswith("or "):
        s.nodes.append(Mark("or", found.first, "or"))
    for reader in (
        read_count_of_list,
        read_counted,
        _with_unit,
        _of_persons_counted,
        _of_oneself,
        read_limit,
        _of_near_field,
        _of_any_field,
    ):
        end = reader(s, found)
        if end is not None:
            return end
    if found.plain:
        return None
    s.unread += [i for i in s.items[found.first : found.last] if not i.has("filler")]
    return found.last


def _is_named_number(s: Sentence, found: Quantity) -> bool:
    """Whether a number belongs to a name: "iPhone 15", "S24", "5G", "24/7"."""
    first = s.tokens[s.items[found.first].first]
    after = s.tokens[s.items[found.last].first] if found.last < len(s.items) else None
    if found.first and s.items[found.first - 1].has("value", "brand") and not found.unit:
        return first.number is not None and not _are_years(s, found)
    return (first.glued and s.tokens[s.items[found.first].first - 1].stem.isalpha()) or (
        after is not None
        and after.glued
        and not found.unit
        and (after.stem.isalpha() or (after.stem == "/" and found.low == found.high))
    )


def _are_years(s: Sentence, found: Quantity) -> bool:
    """Whether numbers behind what people are tell their age: "women 25-40", "women 30+", but "iPhone 15 to 16"."""
    low, high = (LEAST_AGE if b is None else b for b in (found.low, found.high))
    if found.plain or found.about or min(low, high) < LEAST_AGE or low == high:
        return False
    keys = [sense.data[0] for sense in s.items[found.first - 1].senses if sense.kind == "value"]
    return bool(keys) and all(s.schema.attribute(key).part != "product" for key in keys)


def read_age(s: Sentence, place: int) -> int | None:
    """ "aged 30 to 40", "Gen Z", "seniors"."""
    said = s.items[place].data("age")
    ages = s.unit_field("years")
    if said is None or ages is None:
        return None
    if said == "aged":
        start = s.past(place + 1, "colon")
        found = s.quantities.at(start) if start < len(s.items) else None
        if found is None or found.unit not in ("", "years"):
            return None
        return number(s, ages, least_or_most(s, found, place))
    if said == "birth":
        return _born(s, ages, place)
    low, _, high = str(said).removeprefix("born ").partition("..")
    bounds = Quantity(float(low) if low else None, float(high) if high else None, first=place, last=place + 1)
    if str(said).startswith("born"):
        bounds = replace(bounds, low=s.today.year - float(high), high=s.today.year - float(low))
    return number(s, ages, _and_beyond(s, bounds))


def least_or_most(s: Sentence, found: Quantity, place: int) -> Quantity:
    """The number behind the field at an item, with what is said before that: "minimum income 100k"."""
    match s.sign(place - 1) if place and found.plain else "":
        case ">=":
            return replace(found, first=place - 1, high=None, plain=False)
        case "<=":
            return replace(found, first=place - 1, low=None, plain=False)
    return replace(found, first=place)


def _and_beyond(s: Sentence, ages: Quantity) -> Quantity:
    """With the comparison behind ages by a word: "Gen X or older"."""
    after = s.items[ages.last] if ages.last < len(s.items) else None
    if after is None or not after.text.lower().startswith(("or ", "and ")) or s.quantities.begins_another(ages.last):
        return ages
    match after.data("compare_after"):
        case ">=" if ages.low is not None:
            return replace(ages, high=None, last=ages.last + 1)
        case "<=" if ages.high is not None:
            return replace(ages, low=None, last=ages.last + 1)
    return ages


def _born(s: Sentence, ages: SchemaField, place: int) -> int | None:
    """ "born after 1990", "born in the eighties"."""
    found = s.quantity_in(place + 1, place + 3)
    if found is None:
        return None
    century = 1900.0 if found.unit == "years" and (found.high or 0) < 100 else 0.0
    low, high = (None if b is None else b + century for b in (found.low, found.high))
    tail = s.tokens[s.items[found.last].first] if found.last < len(s.items) else None
    if low is not None and low == high and low % 10 == 0 and tail is not None and tail.stem == "s" and tail.glued:
        high, found = low + 9, replace(found, last=found.last + 1)  # "born in the 1980s"
    if not 1900 <= (low or high or 0) <= s.today.year:
        return None
    turned = replace(
        found,
        first=place,
        low=None if high is None else s.today.year - high,
        high=None if low is None else s.today.year - low,
        above=found.below,
        below=found.above,
        about=False,
    )
    return number(s, ages, turned)


def number(s: Sentence, of: SchemaField, found: Quantity, last: int | None = None) -> int:
    """The number as a condition on a field. Returns the item after it, which is `last` unless a comparison follows."""
    found, end = compared_after(s, found, found.last if last is None else last)
    if found.plain and of is s.unit_field("money"):
        found = replace(found, about=True)  # nobody earns just what is said
    if found.about and found.low is not None and found.low == found.high:
        spread = max(3.0, round(0.1 * found.low)) if of.unit == "years" else 0.1 * found.low
        found = replace(found, low=found.low - spread, high=found.low + spread)
    s.last_number = of
    return s.add([in_range(of.name, found.bounds())], of.name, found.first, end)


def _with_unit(s: Sentence, found: Quantity) -> int | None:
    if found.unit == "months":
        return months(s, found)
    unit_field = s.unit_field(found.unit) if found.unit else None
    if unit_field is None:
        return None
    near = s.field_after(found.last, lambda f: f.unit == unit_field.unit and f.kind in ("integer", "number"))
    return number(s, near[0] if near else unit_field, found, near[1] if near else None)


def months(s: Sentence, found: Quantity) -> int | None:
    """Months after release, or years of age where nothing speaks of a release."""
    around = s.segment(found.first)
    timed = any(s.items[i].has("wait", "release", "speed") or s.adoption_at(i) for i in around)
    ages = s.unit_field("years")
    if ages is not None and not timed and found.low is not None and found.low >= 12 * LEAST_AGE:
        return number(s, ages, found.scaled(1 / 12, "years"))
    before = [i for i in around if found.first - 4 <= i < found.first]
    if found.plain and any(s.items[i].has("wait") for i in before):
        found = replace(found, high=None)
    elif found.plain:
        found = replace(found, low=None)
    last = past_release(s, found.last)
    s.timed = True
    return timing(s, found.bounds(), found.first, last)


def _of_persons_counted(s: Sentence, found: Quantity) -> int | None:
    """ "fewer than 100 persons" of what consists of people."""
    of = s.unit_field("people")
    if of is None or found.plain or found.unit or found.last >= len(s.items):
        return None
    return number(s, of, found, found.last + 1) if s.tokens[s.items[found.last].first].stem in _PEOPLE else None


def _of_oneself(s: Sentence, found: Quantity) -> int | None:
    """ "I am seventy-two", "they are 45": an age, but no "there are 45 teachers"."""
    ages, after = s.unit_field("years"), s.items[found.last] if found.last < len(s.items) else None
    if ages is None or found.unit or not found.plain or not LEAST_AGE <= (found.low or 0) <= _AGE_TO:
        return None
    told = [s.tokens[i.first].stem for i in s.items[max(0, found.first - 2) : found.first]]
    if told[-1:] not in (["am"], ["is"], ["are"]) or told[0] == "there":
        return None
    ends = after is None or after.has("stop", "comma", "and", "but", "or")
    return number(s, ages, found) if ends else None


def _of_near_field(s: Sentence, found: Quantity) -> int | None:
    near = s.field_after(found.last, lambda f: f.kind in ("integer", "number"))
    return number(s, near[0], found, near[1]) if near and found.unit in ("", near[0].unit.casefold()) else None


def _of_any_field(s: Sentence, found: Quantity) -> int | None:
    """Without a unit and a field: the first number of the schema that can have such a value."""
    value = found.low if found.low is not None else found.high
    earning = any(i.has("earning") for i in s.items[max(0, found.first - 3) : found.first])
    if value is None or found.unit or (found.plain and not (earning and value >= _LEAST_MONEY)):
        return None
    if not earning and _is_year(s, found):
        return None
    ages = s.unit_field("years")
    if ages is not None and value >= LEAST_AGE and _of_persons(s, found.first):
        return number(s, ages, found)
    cued = [i.data("cue") for i in s.items[max(0, found.first - 3) : found.first] if i.has("cue")]
    if cued and s.schema.field(str(cued[-1])).kind in ("integer", "number"):
        return number(s, s.schema.field(str(cued[-1])), found)
    money = s.unit_field("money")
    if money is not None and earning:
        return number(s, money, found)
    if s.timed and value <= 60 and (value < LEAST_AGE or _speaks_of_release(s, found.first)):
        return timing(s, found.bounds(), found.first, found.last)
    numbers = [f for f in s.schema.fields if f.kind in ("integer", "number") and not f.brand]
    for of in (s.last_number, *numbers):
        if of is not None and _is_likely(s, of, value):
            return number(s, of, found)
    return None


def _is_year(s: Sentence, found: Quantity) -> bool:
    """Whether a number is a year, as in "customers before 2023": nobody says so of what people earn."""
    low, high = found.low, found.high
    if not any(b is not None and b in _YEARS for b in (low, high)):
        return False
    return s.tokens[s.items[found.first].first].stem in _OF_TIME


def _of_persons(s: Sentence, place: int) -> bool:
    """Whether a number is said of what people are: "older than 50", "they are under 50", "nobody over 60"."""
    said = s.items[place].text.lower()
    before = s.tokens[s.items[place - 1].first].stem if place else ""
    return "old" in said or "young" in said or before in _PERSONS


def _speaks_of_release(s: Sentence, place: int) -> bool:
    """Whether times after release are spoken of since the last comma."""
    start = place
    while start > 0 and not s.items[start - 1].has("comma", "stop", "but"):
        start -= 1
    return any(s.items[i].has("wait", "release", "speed") for i in range(start, place))


def _is_likely(s: Sentence, of: SchemaField, value: float) -> bool:
    """Whether a field may have such a value, and whoever says it would mean that field: no one earns 45 a year."""
    if of is s.unit_field("money") and value < _LEAST_MONEY:
        return False
    if of is s.unit_field("years") and value < LEAST_AGE:
        return False
    return (of.min is None or of.min <= value) and (of.max is None or value <= of.max)
