"""Words that belong to the brand named beside them: "loyal to Apple", "Samsung fans"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from techfinder.parser.senses import Sense
from techfinder.parser.spotting import Item
from techfinder.schema import Schema

__all__ = ["with_brand_fields"]

_PREPOSITIONS = frozenset({"to", "of", "with", "by", "for"})


def with_brand_fields(items: Sequence[Item], schema: Schema) -> list[Item]:
    """The items with "loyal to Apple", "Apple fans" as the number that is about that brand."""
    made = list(items)
    for place, item in enumerate(items):
        if not item.has("of_brand"):
            continue
        grade = next((s.data for s in item.senses if s.kind == "of_brand" and s.data), "")
        places = _brands_after(items, place) or _brands_before(items, place)
        for at in places:
            brand = items[at].data("brand")
            names = tuple(f.name for f in schema.fields if f.brand == brand and f.kind in ("integer", "number"))
            if names:
                made[at] = replace(items[at], senses=(Sense("field", names), Sense("default", grade)))
        plain = Sense("not" if grade == "low" and not places else "filler")
        made[place] = replace(item, senses=(plain, *(s for s in item.senses if s.kind != "of_brand")))
    return made


def _brands_after(items: Sequence[Item], place: int) -> list[int]:
    found: list[int] = []
    numbered = False
    if place + 1 < len(items) and items[place + 1].has("stop", "but", "comma"):
        return found
    for at in range(place + 1, min(place + 10, len(items))):
        if items[at].has("brand"):
            if numbered and not (at + 1 < len(items) and _is_number(items[at + 1])):
                break
            found.append(at)
        elif found and _is_number(items[at]):
            numbered = True  # "loyal to Apple 8+, Samsung max 3"
        elif found and _contrasts(items, at):
            continue
        elif not items[at].has("filler", "and", "or", "comma", "slash", "not") or items[at].has("stop", "but", "open"):
            break
    return found


def _contrasts(items: Sequence[Item], at: int) -> bool:
    """Whether "but" only sets another brand against the one before: "loyal to Google but not to Apple"."""
    if items[at].text.lower() != "but" or at + 2 >= len(items) or items[at + 1].text.lower() != "not":
        return False
    after = at + 2
    repeated = items[after].text.lower() in _PREPOSITIONS
    after += repeated
    if after >= len(items) or not items[after].has("brand"):
        return False
    ends = after + 1 == len(items) or items[after + 1].has("stop", "comma", "and", "or", "but")
    return repeated or ends


def _is_number(item: Item) -> bool:
    return item.text.isdecimal() or item.has("compare_after") or (item.has("compare") and not item.has("filler"))


def _brands_before(items: Sequence[Item], place: int) -> list[int]:
    found: list[int] = []
    for at in range(place - 1, max(place - 6, -1), -1):
        if items[at].has("brand"):
            found.append(at)
        elif not items[at].has("and", "or", "comma", "slash") or not found:
            break
    return found[::-1]
