"""How many: people wanted, and so many of a list, of categories or of tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from techfinder.parser.clauses import in_range
from techfinder.parser.nodes import Atom, Count, Mark
from techfinder.parser.quantities import LEAST_AGE, Quantity
from techfinder.parser.sentence import Sentence
from techfinder.parser.spotting import Item
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.schema import SchemaField

__all__ = ["compared_after", "is_subject", "read_count_of_list", "read_counted", "read_limit", "read_not_both"]

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
        "contact",
        "individual",
        "participant",
        "respondent",
    }
)
"""After a number: so many are wanted."""

_WHOLE = frozenset({"all", "both", "their", "his", "her", "its", "our", "your", "these", "those"})
"""Before a number: it counts what is spoken of, not how many are wanted."""

_OWNED = frozenset({"product", "thing", "item"})
"""After a number and a brand: so many of the brand."""


_BY = frozenset({"from", "by"})


def read_count_of_list(s: Sentence, found: Quantity) -> int | None:
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


def read_not_both(s: Sentence, place: int) -> int | None:
    """ "not both a watch and a headset", "a watch or a headset but not both": one of two at most."""
    if s.items[place].text.lower() != "both":
        return None
    while s.nodes and isinstance(opened := s.nodes[-1], Mark) and opened.kind == "open" and _denies(s.nodes[-2:-1]):
        s.nodes.pop()  # "they don't have both"
    if not _denies(s.nodes[-1:]):
        return None
    end, named = place + 1, 0
    while end < len(s.items) and (_is_listed(s, end) or (s.items[end].has("filler") and not s.names(end))):
        named += not s.items[end].has("comma", "or", "and", "filler")
        end += 1
    if named > 1:
        s.nodes[-1] = Mark("count", place, count=Count(2, True, end, s.words(place, place + 1)))
        return place + 1
    atoms = [n for n in s.nodes if isinstance(n, Atom)][-2:]
    parts = [c for a in atoms for c in a.clauses if isinstance(c, Condition)]
    if named or len(parts) != 2 or len(atoms) != 2:
        return None
    s.nodes.pop()
    return s.add([AnyOf(conditions=tuple(parts), at_least=2, negated=True)], "both", place, place + 1)


def _denies(nodes: Sequence[Atom | Mark]) -> bool:
    return bool(nodes) and isinstance(node := nodes[-1], Mark) and node.kind == "not"


def _is_listed(s: Sentence, place: int) -> bool:
    """Whether an item may stand in such a list: a value, a maker, a category, or what joins them."""
    listed = s.items[place].has("value", "brand", "comma", "or", "and") or s.adoption_at(place) is not None
    return listed and not s.is_term(place)


def read_counted(s: Sentence, found: Quantity) -> int | None:
    """ "at least three categories", "two platforms"."""
    place, brand, owned = found.last, None, False
    if found.unit:
        return None
    while (
        place < len(s.items)
        and s.items[place].has("filler", "grade")
        and not s.names(place)
        and not s.items[place].has("category")
    ):
        owned = owned or s.tokens[s.items[place].first].stem in _OWNED
        place += 1
    if place < len(s.items) and s.items[place].has("brand"):
        brand, place = str(s.items[place].data("brand")), place + 1
        if owned:  # "two things from Apple"
            return _categories(s, found, brand, place)
        if place < len(s.items) and s.tokens[s.items[place].first].stem in _OWNED:
            return _categories(s, found, brand, place + 1)
    if place < len(s.items) and s.items[place].has("category"):
        after = place + 2
        if (
            brand is None
            and after < len(s.items)
            and s.items[after].has("brand")
            and s.items[after - 1].text.lower() in _BY
        ):
            brand, place = str(s.items[after].data("brand")), after  # "three devices from Apple"
        return _categories(s, found, brand, place + 1)
    if brand is None and (parts := _kind_of_tags(s, found, place)):
        return _so_many(s, found, parts, place + 1)
    if brand is None and (tags := s.fields(place, lambda f: f.kind == "tags")):
        found, last = compared_after(s, found, place + 1)
        key = f"{tags[0].name}_count"
        return s.add([in_range(key, found.bounds())], key, found.first, last)
    return _counted_again(s, found)


def _kind_of_tags(s: Sentence, found: Quantity, place: int) -> list[Condition]:
    """The tags that one phrase stands for, where no people follow: "two social networks", but "20 bloggers"."""
    item, after = s.items[place] if place < len(s.items) else None, s.items[place + 1 : place + 2]
    if item is None or not all(i.has("comma", "stop", "but", "and", "or", "compare_after", "open") for i in after):
        return []
    named = [n.data for n in item.senses if n.kind == "value" and s.schema.attribute(n.data[0]).storage == "keywords"]
    parts = [Condition(field=key, op="any_of", values=(v,)) for key, values in named[:1] for v in values]
    return parts if len(parts) > 1 and (found.low or found.high or 0) <= len(parts) else []


def _counted_again(s: Sentence, found: Quantity) -> int | None:
    """ "more than 3 platforms and less than 6": of what was counted right before."""
    back = s.last_atom()
    if back is None or not back.family.endswith("_count") or found.plain:
        return None
    between = s.items[back.last : found.first]
    if not all(i.has("and", "but") for i in between) or max(found.low or 0, found.high or 0) >= LEAST_AGE:
        return None
    return s.add([in_range(back.family, found.bounds())], back.family, found.first, found.last)


def compared_after(s: Sentence, found: Quantity, last: int) -> tuple[Quantity, int]:
    """With a comparison that stands behind what is counted: "2 platforms max"."""
    sign = s.items[last].data("compare_after") if last < len(s.items) and found.plain else None
    if sign not in (">=", "<=") or s.quantities.begins_another(last):
        return found, last
    return replace(found, high=None, plain=False) if sign == ">=" else replace(found, low=None, plain=False), last + 1


def _categories(s: Sentence, found: Quantity, brand: str | None, last: int) -> int | None:
    parts = s.products_of(brand) if brand else [
        Condition(field=f"{f.name}_uses", op="any_of", values=("yes",)) for f in s.adoptions()
    ]  # fmt: skip
    if not parts:
        return None
    found, last = compared_after(s, found, last)
    back = s.last_atom()
    if brand is None and back is not None and back.brand and s.same_part(back, found.first):
        parts = s.products_of(back.brand)
        s.nodes.remove(back)
    return _so_many(s, found, parts, last)


def _so_many(s: Sentence, found: Quantity, parts: Sequence[Condition], last: int) -> int:
    """So many of these hold."""
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


def read_limit(s: Sentence, found: Quantity) -> int | None:
    """ "top 20", "25 people": how many are wanted."""
    value = found.low if found.low is not None else found.high
    if value is None or value != int(value) or not 1 <= value <= 1000 or found.unit or s.limit is not None:
        return None
    before = s.items[found.first - 1] if found.first else None
    if [i.text.lower() for i in s.items[max(0, found.first - 2) : found.first]] == ["out", "of"]:
        return None  # "4 out of 5"
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
    nearly = found.about and s.items[found.last - 1].text.lower() in ("or so", "or thereabouts")
    if nearly and s.tokens[s.items[found.last].first].stem == "of":
        return True  # "twenty or so of the teachers"
    before, after = s.items[found.first - 1] if found.first else None, s.items[found.last]
    begins = before is None or before.has("stop", "comma", "colon", "filler", "limit", "instead")
    named = begins and after.has("value", "clauses")
    roughly = s.items[found.first].has("compare") or nearly
    return roughly and (is_subject(s, after) or named)


def _ends_part(s: Sentence, found: Quantity) -> bool:
    """Whether a part of the sentence is only "max 10", and that is too little for an age."""
    most = found.low is None and not found.below and (found.high or 0) < LEAST_AGE
    before = s.items[found.first - 1] if found.first else None
    after = s.items[found.last] if found.last < len(s.items) else None
    apart = before is not None and before.has("comma", "stop", "colon")
    return most and apart and not s.timed and (after is None or after.has("comma", "stop"))


def _counts_people(s: Sentence, before: Item | None, after: Item | None) -> bool:
    """Whether a number says how many people: before "people", or where a sentence begins with what is known."""
    if after is not None and is_subject(s, after):
        return True
    # "the oldest ten", "the poorest ten"
    ranked = before is not None and before.has("descending", "ascending", "by_money") and bool(s.sort)
    begins = before is None or ranked or before.has("stop", "comma", "colon", "filler", "suits", "instead")
    return begins and (after is None or bool(after.senses) or _is_adjective(s, after))


def _is_adjective(s: Sentence, item: Item) -> bool:
    """Whether people are named right behind an unknown word: "100 random early adopters"."""
    following = next((i for i in s.items if i.first == item.last), None)
    return following is not None and item.text.isalpha() and following.has("value", "clauses")


def _is_rankable(of: SchemaField) -> bool:
    return of.kind in ("integer", "number") and not of.brand
