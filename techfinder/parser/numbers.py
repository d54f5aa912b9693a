"""Numbers, and what they count: years, money, months after release, categories, people wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from techfinder.parser.clauses import any_of, in_range
from techfinder.parser.quantities import Quantity
from techfinder.parser.sentence import Count, Mark, Sentence
from techfinder.parser.spotting import Item
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.schema import SchemaField

__all__ = ["is_subject", "months", "number", "read_age", "read_quantity", "read_speed"]

_SUBJECTS = frozenset(
    {
        "people",
        "person",
        "user",
        "customer",
        "client",
        "buyer",
        "shopper",
        "consumer",
        "folk",
        "profile",
        "member",
        "ppl",
        "lead",
    }
)
"""After a number: so many are wanted."""

_PERSONS = frozenset(
    {"are", "is", "be", "am", "were", "they", "nobody", "anyone", "anybody", "those", "everyone", "people"}
)
"""Before a number without a unit: it is an age."""

_LEAST_MONEY = 1000
"""Less is no yearly sum."""

_WHOLE = frozenset({"all", "both", "their", "his", "her", "its", "our", "your", "these", "those"})
"""Before a number: it counts what is spoken of, not how many are wanted."""

_OWNED = frozenset({"product", "thing", "item"})
"""After a number and a brand: so many of the brand."""

_YEARS = range(1900, 2101)
_OF_TIME = frozenset({"before", "after", "since", "until", "by", "in", "within", "between", "from", "till"})
"""Before a number that may be a year."""

_AGE_FROM = 13
"""Fewer years are not taken for an age."""


def read_quantity(s: Sentence, place: int) -> int | None:
    """A number and what it counts."""
    found = s.quantities.at(place)
    if found is None:
        return None
    if _is_named_number(s, found):
        s.unread += s.items[found.first : found.last]
        return found.last
    for reader in (_of_list, _counted, _with_unit, _amount, _of_near_field, _of_any_field):
        end = reader(s, found)
        if end is not None:
            return end
    if found.plain and not _is_named_number(s, found):
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
        after is not None and after.glued and (after.stem.isalpha() or after.stem == "/") and not found.unit
    )


def _are_years(s: Sentence, found: Quantity) -> bool:
    """Whether two numbers behind what people are tell their age: "women 25-40", but "iPhone 15 to 16"."""
    if found.low is None or found.high is None or not _AGE_FROM <= found.low < found.high:
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
        return number(s, ages, replace(found, first=place))
    if said == "birth":
        return _born(s, ages, place)
    low, _, high = str(said).removeprefix("born ").partition("..")
    bounds = Quantity(float(low) if low else None, float(high) if high else None, first=place, last=place + 1)
    if str(said).startswith("born"):
        bounds = replace(bounds, low=s.today.year - float(high), high=s.today.year - float(low))
    return number(s, ages, bounds)


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
    found, end = _compared_after(s, found, found.last if last is None else last)
    if found.plain and of is s.unit_field("money"):
        found = replace(found, about=True)  # nobody earns just what is said
    if found.about and found.low is not None and found.low == found.high:
        spread = max(3.0, round(0.1 * found.low)) if of.unit == "years" else 0.1 * found.low
        found = replace(found, low=found.low - spread, high=found.low + spread)
    s.last_number = of
    return s.add([in_range(of.name, found.bounds())], of.name, found.first, end)


def _of_list(s: Sentence, found: Quantity) -> int | None:
    """ "at least two of Reddit, LinkedIn and YouTube": so many of what is listed."""
    of = found.last
    if found.unit or of >= len(s.items) or s.tokens[s.items[of].first].stem != "of":
        return None
    start = s.past(of + 1, "colon")
    while start < len(s.items) and s.items[start].has("field") and not _is_listed(s, start):
        start = s.past(start + 1, "colon")
    end, named = start, 0
    while end < len(s.items) and _is_listed(s, end):
        named += not s.items[end].has("comma", "or", "and")
        end += 1
    low = 0 if found.low is None else int(found.low) + found.above
    high = None if found.high is None or (found.plain and low) else int(found.high) - found.below
    if named < 2 or (low and high is not None) or not (low or high is not None):
        return None
    words = s.words(found.first, of + 1)
    count = Count(low, False, end, words) if high is None else Count(high + 1, True, end, words)
    if count.at_least < 1:
        return None
    s.nodes.append(Mark("count", found.first, count=count))
    return start


def _is_listed(s: Sentence, place: int) -> bool:
    """Whether an item may stand in such a list: a value, a maker, a category, or what joins them."""
    listed = s.items[place].has("value", "brand", "comma", "or", "and") or s.adoption_at(place) is not None
    return listed and not s.is_term(place)


def _counted(s: Sentence, found: Quantity) -> int | None:
    """ "at least three categories", "two platforms"."""
    place, brand = found.last, None
    if found.unit or place >= len(s.items):
        return None
    while (
        place < len(s.items)
        and s.items[place].has("filler", "grade")
        and not s.names(place)
        and not s.items[place].has("category")
    ):
        place += 1
    if place < len(s.items) and s.items[place].has("brand"):
        brand, place = str(s.items[place].data("brand")), place + 1
        if place < len(s.items) and s.tokens[s.items[place].first].stem in _OWNED:
            return _categories(s, found, brand, place + 1)
    if place < len(s.items) and s.items[place].has("category"):
        return _categories(s, found, brand, place + 1)
    if brand is None and (tags := s.fields(place, lambda f: f.kind == "tags")):
        found, last = _compared_after(s, found, place + 1)
        key = f"{tags[0].name}_count"
        return s.add([in_range(key, found.bounds())], key, found.first, last)
    return None


def _compared_after(s: Sentence, found: Quantity, last: int) -> tuple[Quantity, int]:
    """With a comparison that stands behind what is counted: "2 platforms max"."""
    sign = s.items[last].data("compare_after") if last < len(s.items) and found.plain else None
    if sign not in (">=", "<="):
        return found, last
    return replace(found, high=None, plain=False) if sign == ">=" else replace(found, low=None, plain=False), last + 1


def _categories(s: Sentence, found: Quantity, brand: str | None, last: int) -> int | None:
    parts = s.products_of(brand) if brand else [
        Condition(field=f"{f.name}_uses", op="any_of", values=("yes",)) for f in s.adoptions()
    ]  # fmt: skip
    if not parts:
        return None
    found, last = _compared_after(s, found, last)
    back = s.last_atom()
    if brand is None and back is not None and back.brand and s.same_part(back, found.first):
        parts = s.products_of(back.brand)
        s.nodes.remove(back)
    clauses: list[Condition | AnyOf] = []
    low = None if found.low is None else int(found.low) + found.above
    high = None if found.high is None else int(found.high) - found.below
    if low:
        clauses.append(AnyOf(conditions=tuple(parts), at_least=min(low, len(parts) + 1)))
    if high is not None and (not found.plain or not low):
        fewer = min(max(high + 1, 1), len(parts) + 1)
        clauses.append(AnyOf(conditions=tuple(parts), at_least=fewer, negated=True))
    before = s.nodes[-1] if s.nodes else None
    if not clauses:
        return last  # "at least 0 categories" says nothing
    if len(clauses) > 1 and isinstance(before, Mark) and before.kind == "not":
        s.nodes.pop()
        s.unread += s.items[found.first : last]  # "not 2 to 3 categories" is more than a plan can say
        return last
    return s.add(clauses, "categories", found.first, last)


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
    if ages is not None and not timed and found.low is not None and found.low >= 12 * _AGE_FROM:
        return number(s, ages, found.scaled(1 / 12, "years"))
    before = [i for i in around if found.first - 4 <= i < found.first]
    if found.plain and any(s.items[i].has("wait") for i in before):
        found = replace(found, high=None)
    elif found.plain:
        found = replace(found, low=None)
    last = _past_release(s, found.last)
    s.timed = True
    return _timing(s, found.bounds(), found.first, last)


def _past_release(s: Sentence, place: int) -> int:
    while place < len(s.items) and (
        s.items[place].has("release") or (s.items[place].has("filler") and not s.names(place))
    ):
        place += 1
    return place


def _timing(s: Sentence, bounds: dict[str, float], first: int, last: int) -> int:
    """So many months after release: of the category named near, or of any."""
    ahead = last
    while ahead < len(s.items) and (
        s.items[ahead].has("filler", "grade", "release", "wait") or not s.items[ahead].senses
    ):
        if s.names(ahead):
            break
        ahead += 1
    named = s.adoption_at(ahead) if ahead < len(s.items) else None
    if named is None and s.last_atom() is None and not s.timed_fields:
        named, ahead = _only_category(s, last), last - 1
    back = s.last_atom()
    if named is None and back is not None and s.same_part(back, first):
        if back.uses:
            s.nodes.remove(back)
            s.timed_fields = [s.schema.field(back.uses)]
            return s.add([_months_of(s, s.timed_fields, bounds)], "adoption", back.first, last)
        attributes = [s.schema.attribute(c.field) for c in back.clauses if isinstance(c, Condition)]
        products = [a.field for a in attributes if a.part == "product" and a.field.kind == "adoption"]
        if len(products) == 1:
            return s.add([_months_of(s, products, bounds)], "adoption", first, last)
    if named is not None:
        fields, end = [named], ahead + 1
        while (
            end + 1 < len(s.items)
            and s.items[end].has("or", "and", "comma", "slash")
            and (more := s.adoption_at(end + 1))
        ):
            fields, end = [*fields, more], end + 2
        s.timed_fields = fields
        return s.add([_months_of(s, fields, bounds)], "adoption", first, end)
    adoptions = s.timed_fields or s.adoptions()
    if not adoptions:
        return last
    return s.add([_months_of(s, adoptions, bounds)], "adoption", first, last)


def _only_category(s: Sentence, place: int) -> SchemaField | None:
    """The category that is spoken of later, where it is the only one."""
    end = min(len(s.items), place + 20)
    found = [of for i in range(place, end) if (of := s.adoption_at(i)) is not None]
    return found[0] if len({f.name for f in found}) == 1 else None


def _months_of(s: Sentence, fields: Iterable[SchemaField], bounds: dict[str, float]) -> Condition | AnyOf:
    return any_of([in_range(f"{f.name}_months", bounds) for f in fields])


def _amount(s: Sentence, found: Quantity) -> int | None:
    """ "top 20", "25 people": how many are wanted."""
    value = found.low if found.low is not None else found.high
    if value is None or value != int(value) or not 1 <= value <= 1000 or found.unit or s.limit is not None:
        return None
    before = s.items[found.first - 1] if found.first else None
    if _is_about_people(s, found) or _ends_part(s, found):
        s.limit = int(value)
        return found.last
    if found.plain and before is not None and s.tokens[before.first].stem in _WHOLE:
        return found.last  # "all three", "one of their two reasons"
    led = s.items[found.first].has("limit") or (before is not None and before.has("limit"))
    after = s.items[found.last] if found.last < len(s.items) else None
    if found.plain and led and (ranked := s.field_after(found.last, _is_rankable)):
        s.limit = int(value)
        s.sort.append(Sort(field=ranked[0].name, descending=True))
        return ranked[1]
    named = bool(s.fields(s.past(found.last), lambda f: f.kind in ("integer", "number")))
    if found.plain and not named and (led or _counts_people(s, before, after)):
        s.limit = int(value)
        return found.last
    return None


def is_subject(s: Sentence, item: Item) -> bool:
    """Whether an item is a word for whom the profiles are about: "people", "users"."""
    return s.tokens[item.first].stem in _SUBJECTS or item.text.casefold() in s.schema.subject


def _is_about_people(s: Sentence, found: Quantity) -> bool:
    """Whether it is said roughly how many people: "about 50 people", "no more than 30 users", "up to 40 laggards"."""
    if found.plain or found.above or found.below or found.last >= len(s.items):
        return False
    before, after = s.items[found.first - 1] if found.first else None, s.items[found.last]
    begins = before is None or before.has("stop", "comma", "colon", "filler", "limit")
    named = begins and after.has("value", "clauses")
    return s.items[found.first].has("compare") and (is_subject(s, after) or named)


def _ends_part(s: Sentence, found: Quantity) -> bool:
    """Whether a part of the sentence is only "max 10", and that is too little for an age."""
    most = found.low is None and not found.below and (found.high or 0) < _AGE_FROM
    before = s.items[found.first - 1] if found.first else None
    after = s.items[found.last] if found.last < len(s.items) else None
    apart = before is not None and before.has("comma", "stop", "colon")
    return most and apart and not s.timed and (after is None or after.has("comma", "stop"))


def _counts_people(s: Sentence, before: Item | None, after: Item | None) -> bool:
    """Whether a number says how many people: before "people", or where a sentence begins with what is known."""
    if after is not None and is_subject(s, after):
        return True
    ranked = before is not None and before.has("descending", "ascending") and bool(s.sort)  # "the oldest ten"
    begins = before is None or ranked or before.has("stop", "comma", "colon", "filler", "suits", "instead")
    return begins and (after is None or bool(after.senses) or _is_adjective(s, after))


def _is_adjective(s: Sentence, item: Item) -> bool:
    """Whether people are named right behind an unknown word: "100 random early adopters"."""
    following = next((i for i in s.items if i.first == item.last), None)
    return following is not None and item.text.isalpha() and following.has("value", "clauses")


def _is_rankable(of: SchemaField) -> bool:
    return of.kind in ("integer", "number") and not of.brand


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
    if ages is not None and value >= _AGE_FROM and _of_persons(s, found.first):
        return number(s, ages, found)
    cued = [i.data("cue") for i in s.items[max(0, found.first - 3) : found.first] if i.has("cue")]
    if cued and s.schema.field(str(cued[-1])).kind in ("integer", "number"):
        return number(s, s.schema.field(str(cued[-1])), found)
    money = s.unit_field("money")
    if money is not None and earning:
        return number(s, money, found)
    if s.timed and value <= 60 and (value < _AGE_FROM or _speaks_of_release(s, found.first)):
        return _timing(s, found.bounds(), found.first, found.last)
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
    if of is s.unit_field("years") and value < _AGE_FROM:
        return False
    return (of.min is None or of.min <= value) and (of.max is None or value <= of.max)


def read_speed(s: Sentence, place: int) -> int | None:
    """ "fast on phones", "right at launch"."""
    said = s.items[place].data("speed")
    if said is None or not s.adoptions():
        return None
    sign = "<=" if str(said).startswith("<=") else ">"
    bounds = {"lte": float(str(said)[2:])} if sign == "<=" else {"gt": float(str(said)[1:])}
    return _timing(s, bounds, place, place + 1)
