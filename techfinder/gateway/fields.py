"""What of a payload analysts see: one decision for what comes back, filters, orders and counts."""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from techfinder.errors import cut, known_names
from techfinder.fields import Attribute
from techfinder.gateway.bodies import Parts
from techfinder.gateway.refusals import bad_body, wrong
from techfinder.schema import Schema

__all__ = ["ID", "ORDINAL", "Fields"]

ID, ORDINAL = "_id", "_ordinal"
"""Keys of ours that are shown: the profile's id, and its place in the stored order."""


@dataclass(frozen=True)
class Fields:
    """The attributes that somebody sees, by key, in the schema's order; what `schema` withholds is refused as such."""

    attributes: Mapping[str, Attribute]
    schema: Schema

    @classmethod
    def of(cls, schema: Schema, hidden: AnyCollection[str]) -> Fields:
        """All attributes of the schema, as who asks may see it, but the `hidden` ones."""
        return cls({key: a for key, a in schema.attributes.items() if key not in hidden}, schema)

    @property
    def storage(self) -> dict[str, str]:
        """Storage by attribute key."""
        return {key: a.storage for key, a in self.attributes.items()}

    def attribute(self, key: Any, place: str) -> Attribute:
        """The attribute of that key.

        Raises Refused, for a hidden one as for one that does not exist; FieldWithheld for one that is not for who asks.
        """
        found = self.attributes.get(key) if isinstance(key, str) else None
        if found is None:
            self.schema.refuse_withheld([str(key)])
            raise wrong(f"{place}: no field {cut(key)} may be asked for. {known_names(str(key), self.attributes)}")
        return found

    def shown(self, value: Any, place: str, default: bool) -> frozenset[str] | None:
        """The keys that ``with_payload`` asks for; None when no payload is to come. Raises Refused."""
        everything = frozenset((ID, ORDINAL, *self.attributes))
        if value is None:
            value = default
        if isinstance(value, bool):
            return everything if value else None
        if isinstance(value, list):
            return self._keys(value, place)
        parts = Parts(value, place)
        include, exclude = parts.take("include"), parts.take("exclude")
        parts.end()
        if include is not None and exclude is not None:
            raise bad_body(f"{place}: include and exclude cannot stand together")
        if include is not None:
            return self._keys(include, parts.at("include"))
        return everything - self._keys(exclude or [], parts.at("exclude"))

    def _keys(self, value: Any, place: str) -> frozenset[str]:
        if not isinstance(value, list):
            raise bad_body(f"{place}: expected a list of keys, got {cut(value)}")
        for n, key in enumerate(value):
            if key not in (ID, ORDINAL):
                self.attribute(key, f"{place}[{n}]")
        return frozenset(value)

    def payload(self, stored: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
        """The part of a stored payload that is shown: only what stands in the list, whatever else is stored."""
        return {key: stored[key] for key in (ID, *self.attributes, ORDINAL) if key in keys and key in stored}
