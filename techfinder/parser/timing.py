"""How soon after release: months, or words such as "right at launch", of the categories that are spoken of."""

from __future__ import annotations

from collections.abc import Iterable

from techfinder.parser.clauses import any_of, in_range
from techfinder.parser.sentence import Sentence
from techfinder.plan import AnyOf, Condition
from techfinder.schema import SchemaField

__all__ = ["past_release", "read_speed", "timing"]


def past_release(s: Sentence, place: int) -> int:
    """The item after "after release" and filling words."""
    while place < len(s.items) and (
        s.items[place].has("release") or (s.items[place].has("filler") and not s.names(place))
    ):
        place += 1
    return place


def timing(s: Sentence, bounds: dict[str, float], first: int, last: int) -> int:
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


def read_speed(s: Sentence, place: int) -> int | None:
    """ "fast on phones", "right at launch"."""
    said = s.items[place].data("speed")
    if said is None or not s.adoptions():
        return None
    if s.fields(place + 1, lambda f: f.kind in ("integer", "number")):
        s.unread.append(s.items[place])  # "fast growth"
        return place + 1
    sign = "<=" if str(said).startswith("<=") else ">"
    bounds = {"lte": float(str(said)[2:])} if sign == "<=" else {"gt": float(str(said)[1:])}
    return timing(s, bounds, place, place + 1)
