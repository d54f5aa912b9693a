"""Qdrant's filters, read and put into those of our own, which both stores and their columns read alike.

Each condition is made of the few that :mod:`techfinder.store.conditions` knows. What cannot be made of them is
refused with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from techfinder.errors import QueryError, cut
from techfinder.fields import Attribute
from techfinder.gateway.bodies import Parts, flag, number, point_name, text, whole
from techfinder.gateway.fields import ID, Fields
from techfinder.gateway.refusals import Refused, bad_body, wrong
from techfinder.plan import Condition
from techfinder.store.conditions import Filter, to_filter
from techfinder.store.points import point_id

__all__ = ["MOST_CONDITIONS", "MOST_DEPTH", "MOST_VALUES", "FilterReader"]

MOST_CONDITIONS, MOST_VALUES, MOST_DEPTH = 2000, 5000, 10
"""Of one filter: conditions, values in all of them with those that texts occur in, filters within filters."""

_BOUNDS = ("gte", "gt", "lte", "lt")
_CLAUSES = ("must", "should", "must_not", "min_should")
_SECONDS_A_DAY = 86_400
_REFUSED = {
    "nested": "the payload is flat; name its keys",
    "has_vector": "every point has its one vector",
    "geo_radius": "places are stored as text",
    "geo_bounding_box": "places are stored as text",
    "geo_polygon": "places are stored as text",
    "values_count": "lists have their length beside them, in a key that ends in _count",
}


class FilterReader:
    """Reads one filter."""

    def __init__(self, fields: Fields, values: Callable[[str], Sequence[str]]) -> None:
        """Read nothing yet.

        Args:
            fields: What may be named.
            values: Every value of an attribute that is stored; raises Refused when there are too many.
        """
        self._fields, self._values = fields, values
        self._conditions = self._operands = 0

    def read(self, value: Any, place: str = "filter", depth: int = 1) -> Filter:
        """The filter; an absent one matches everyone. Raises Refused."""
        if value is None:
            return {}
        if depth > MOST_DEPTH:
            raise wrong(f"{place}: filters stand within one another {depth} deep, at most {MOST_DEPTH} are read")
        parts = Parts(value, place)
        made: Filter = {}
        for clause in ("must", "must_not", "should"):
            if conditions := self._list(parts.take(clause), parts.at(clause), depth):
                made[clause] = conditions
        if (least := self._min_should(parts.take("min_should"), parts.at("min_should"), depth)) is not None:
            made["min_should"] = least
        parts.end()
        return made

    def _list(self, value: Any, place: str, depth: int) -> list[Filter]:
        if value is None:
            return []
        if not isinstance(value, list):
            return [self._condition(value, place, depth)]
        return [self._condition(part, f"{place}[{n}]", depth) for n, part in enumerate(value)]

    def _min_should(self, value: Any, place: str, depth: int) -> Filter | None:
        if value is None:
            return None
        parts = Parts(value, place)
        conditions = self._list(parts.take("conditions"), parts.at("conditions"), depth)
        count = whole(parts.take("min_count"), parts.at("min_count"), 0, 0, MOST_CONDITIONS)
        parts.end()
        return {"conditions": conditions, "min_count": count} if conditions and count else None

    def _condition(self, value: Any, place: str, depth: int) -> Filter:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise wrong(f"the filter has more than {MOST_CONDITIONS} conditions")
        parts = Parts(value, place)
        for name, reason in _REFUSED.items():
            if name in parts:
                raise Refused(400, f"Bad request: {parts.at(name)} is not supported here: {reason}")
        if any(clause in parts for clause in _CLAUSES):
            return self.read(value, place, depth + 1)
        if "key" in parts:
            return self._field(parts)
        for name, made in (("has_id", self._ids), ("is_empty", self._empty), ("is_null", self._null)):
            if name in parts:
                found = made(parts.take(name), parts.at(name))
                parts.end()
                return found
        raise bad_body(f"{place}: data did not match any condition. Expected one with a key, has_id, is_empty, is_null")

    # --- conditions on points -----------------------------------------------------------------

    def _ids(self, value: Any, place: str) -> Filter:
        if not isinstance(value, list):
            raise bad_body(f"{place}: expected a list of point ids, got {cut(value)}")
        names = [point_name(part, f"{place}[{n}]") for n, part in enumerate(self._counted(value))]
        return {"has_id": [n for n in names if isinstance(n, str)]}

    def _empty(self, value: Any, place: str) -> Filter:
        return self._made(Condition(field=self._key_of(value, place), op="missing"))

    def _null(self, value: Any, place: str) -> Filter:
        return self._nobody(self._key_of(value, place))

    def _key_of(self, value: Any, place: str) -> str:
        parts = Parts(value, place)
        key = self._fields.attribute(parts.take("key"), parts.at("key")).key
        parts.end()
        return key

    # --- conditions on fields -----------------------------------------------------------------

    def _field(self, parts: Parts) -> Filter:
        key = parts.take("key")
        asked = {n: v for n in ("match", "range", "is_empty", "is_null") if (v := parts.take(n)) is not None}
        parts.end()
        if len(asked) != 1:
            raise Refused(
                422, f"Validation error in JSON body: [{parts.place}: exactly one field condition must be specified]"
            )
        (name, value), place = *asked.items(), parts.at(next(iter(asked)))
        if key == ID:
            return self._match_ids(name, value, place)
        attribute = self._fields.attribute(key, parts.at("key"))
        if name == "match":
            return self._match(attribute, Parts(value, place))
        if name == "range":
            return self._range(attribute, Parts(value, place))
        missing = flag(value, place, False)
        if name == "is_empty":
            return self._made(Condition(field=attribute.key, op="missing" if missing else "present"))
        nobody = self._nobody(attribute.key)
        return nobody if missing else {"must_not": [nobody]}

    def _match_ids(self, name: str, value: Any, place: str) -> Filter:
        parts = Parts(value, place)
        single, several = (parts.take("value"), parts.take("any")) if name == "match" else (None, None)
        parts.end()
        names = [single] if single is not None else several
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise wrong(f"{place}: {ID} can only be matched with a value, or any of a list")
        return {"has_id": [str(point_id(n)) for n in self._counted(names)]}

    def _match(self, attribute: Attribute, parts: Parts) -> Filter:
        ways = [n for n in ("value", "any", "except", "text") if n in parts]
        if len(ways) != 1:
            parts.take("value"), parts.take("any"), parts.take("except"), parts.take("text")
            parts.end()
            raise bad_body(f"{parts.place}: expected one of value, any, except, text")
        way, place = ways[0], parts.at(ways[0])
        value = parts.take(way)
        parts.end()
        if way == "text":
            return self._containing(attribute, text(value, place), place)
        values = self._operand(attribute, [value] if way == "value" else value, place)
        if way != "except":
            return self._any_of(attribute, values)
        if attribute.storage == "keywords":  # somebody with another tag beside those matches
            named = set(values)
            return self._any_of(attribute, self._matching(attribute, lambda v: v not in named) if values else None)
        return {"must_not": [self._any_of(attribute, values), self._made(Condition(field=attribute.key, op="missing"))]}

    def _any_of(self, attribute: Attribute, values: Sequence[str] | None) -> Filter:
        """Holds for those who have one of the values; for whoever has any when it is None."""
        if values is None:
            return self._made(Condition(field=attribute.key, op="present"))
        if not values:
            return self._nobody(attribute.key)
        return self._made(Condition(field=attribute.key, op="any_of", values=tuple(values)))

    def _containing(self, attribute: Attribute, part: str, place: str) -> Filter:
        if attribute.storage not in ("keyword", "keywords"):
            raise wrong(f"{place}: {attribute.key} is a number; a text cannot be looked for in it")
        if not part:
            raise wrong(f"{place}: the text is empty")
        return self._any_of(attribute, self._matching(attribute, lambda v: part in v))

    def _matching(self, attribute: Attribute, fits: Callable[[str], bool]) -> list[str]:
        """The stored values that fit; they count as if they were named."""
        return self._counted([v for v in self._values(attribute.key) if fits(v)])

    def _operand(self, attribute: Attribute, values: Any, place: str) -> list[str]:
        if not isinstance(values, list):
            raise bad_body(f"{place}: expected a list of values, got {cut(values)}")
        if attribute.storage == "float":
            raise wrong(f"{place}: {attribute.key} is a number with a fraction; ask a range of it")
        wanted: type = int if attribute.storage == "integer" else str
        for value in self._counted(values):
            if type(value) is not wanted:
                kind = "whole numbers" if wanted is int else "text"
                hint = ' Truth values are stored as "yes" and "no".' if isinstance(value, bool) else ""
                raise wrong(f"{place}: {attribute.key} holds {kind}, and {cut(value)} matches nothing.{hint}")
        return [str(v) for v in values]

    def _range(self, attribute: Attribute, parts: Parts) -> Filter:
        given = {n: v for n in _BOUNDS if (v := parts.take(n)) is not None}
        parts.end()
        if not given:
            raise bad_body(f"{parts.place}: expected at least one of {', '.join(_BOUNDS)}")
        if attribute.numeric:
            bounds = {n: number(v, parts.at(n)) for n, v in given.items()}
            return self._bounded(attribute.key, bounds)
        day = self._fields.attributes.get(f"{attribute.key}_day")
        if day is None or day.part != "day":
            raise wrong(f"{parts.place}: {attribute.key} is no number and no date; match values instead")
        days = {n: _days(v, parts.at(n)) for n, v in given.items()}
        return self._bounded(day.key, days)

    def _bounded(self, key: str, bounds: Mapping[str, float]) -> Filter:
        return self._made(Condition.model_validate({"field": key, "op": "range", **bounds}))

    def _made(self, condition: Condition) -> Filter:
        try:
            return to_filter([condition], self._fields.storage)
        except QueryError as error:
            raise wrong(str(error)) from error

    def _nobody(self, key: str) -> Filter:
        missing: Mapping[str, Any] = {"is_empty": {"key": key}}
        return {"must": [missing], "must_not": [missing]}

    def _counted(self, values: list[Any]) -> list[Any]:
        self._operands += len(values)
        if self._operands > MOST_VALUES:
            raise wrong(f"the filter names more than {MOST_VALUES} values, or its texts occur in more")
        return values


def _days(value: Any, place: str) -> float:
    """Days since 1970 of a moment in RFC 3339, or of a day; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text(value, place))
    except ValueError:
        raise wrong(f"{place}: {cut(value)} is no date or time as 2025-06-01 or 2025-06-01T12:00:00Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp() / _SECONDS_A_DAY
