"""What each role sees of a Finder: where settings give fields to some roles alone, everybody else has one without them.

Which fields a role does not see is decided in :func:`techfinder.access.permissions.hidden_fields`, and applied here: a
:class:`SeenFinder` has a schema without those fields, and reads the people without their values, so that whatever is
built on a Finder (pages, API, exports, plugins) does not know them. Nothing that is remembered is shared with the
Finder that knows all; store and encoders are. Vectors are no way round: the text that they are made of says nothing of
these fields (:func:`techfinder.sensitivity.chosen_schema`).
"""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from techfinder.access.permissions import ROLES, Role, hidden_fields
from techfinder.errors import FieldWithheld, SettingsError
from techfinder.finder import Finder
from techfinder.interfaces import Collection, EncoderEntry, FacetRequest, ScoredPoint, Store, ValueWeights
from techfinder.interfaces.points import PointsAnswer, PointsQuery
from techfinder.models import Fill, GenerationInfo, Profile
from techfinder.parser import SentenceParser
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.schema import Schema

__all__ = ["RoleFinders", "SeenFinder"]

Clauses = Sequence[Condition | AnyOf]


class RoleFinders:
    """The Finder of each role; roles that see the same share one. Safe for many threads once it is made."""

    def __init__(self, finder: Finder) -> None:
        """Make them. Raises SettingsError when settings leave a role without any field."""
        roles, names = finder.settings.field_roles, [f.name for f in finder.schema.fields]
        self._made: dict[frozenset[str], Finder] = {frozenset(): finder}
        self._hidden: Mapping[Role, frozenset[str]] = {role: hidden_fields(role, roles) for role in ROLES}
        for role, hidden in self._hidden.items():
            if hidden >= set(names):
                raise SettingsError(f"field_roles leaves no field for the role {role}. Leave it one at least.")
            if hidden not in self._made:
                self._made[hidden] = SeenFinder(finder, hidden)

    @property
    def differ(self) -> bool:
        """Whether roles see different things."""
        return len(self._made) > 1

    def of(self, role: Role) -> Finder:
        """The Finder as that role may see it."""
        return self._made[self._hidden[role]]


class SeenFinder(Finder):
    """A Finder without some fields. It opens nothing itself: store and encoders are those of `whole`."""

    def __init__(self, whole: Finder, hidden: AnyCollection[str]) -> None:
        """Leave out the fields with the names `hidden`. Raises PluginLoadError."""
        self._whole = whole
        super().__init__(whole.settings, whole.plugins, _seen_schema(whole, hidden))
        self.stopping, self._encoders = whole.stopping, whole._encoders
        self.searched = lambda took_ms: whole.searched(took_ms)

    @property
    def store(self) -> Store:
        """The store, which knows every field: for what is told of collections, not of people."""
        return self._whole.store

    def collection(self) -> Collection:
        """The reader of the live generation, without the fields."""
        return MaskedCollection(self._whole.collection(), self.schema.withheld)

    def reader(self) -> Collection:
        """One more reader, without the fields."""
        return MaskedCollection(self._whole.reader(), self.schema.withheld)

    def close(self) -> None:
        """Close what is shared."""
        self._whole.close()

    def _made(self) -> EncoderEntry | None:
        return self._whole._made()


class MaskedCollection:
    """A :class:`~techfinder.interfaces.Collection` without some attributes: no profile has them, no question may."""

    def __init__(self, whole: Collection, hidden: frozenset[str]) -> None:
        """Leave out the attributes with the keys `hidden`."""
        self._whole, self._hidden = whole, hidden

    def info(self) -> GenerationInfo:
        """As the whole one."""
        return self._whole.info()

    def check(self) -> GenerationInfo:
        """As the whole one."""
        return self._whole.check()

    def place(self) -> str:
        """As the whole one."""
        return self._whole.place()

    def close(self) -> None:
        """As the whole one."""
        self._whole.close()

    def search(
        self, vector: NDArray[np.float32], where: Clauses, limit: int, offset: int = 0, exact: bool = False
    ) -> list[ScoredPoint]:
        """As the whole one; raises FieldWithheld."""
        self._refuse(_asked(where))
        return self._scored(self._whole.search(vector, where, limit, offset, exact))

    def browse(self, where: Clauses, sort: Sequence[Sort], limit: int, offset: int = 0) -> list[Profile]:
        """As the whole one; raises FieldWithheld."""
        self._refuse((*_asked(where), *(s.field for s in sort)))
        return [self._shown(p) for p in self._whole.browse(where, sort, limit, offset)]

    def rank(
        self, weights: Sequence[ValueWeights], where: Clauses, without: Sequence[str], limit: int, offset: int = 0
    ) -> list[ScoredPoint]:
        """As the whole one; raises FieldWithheld."""
        self._refuse((*_asked(where), *(w.field for w in weights)))
        return self._scored(self._whole.rank(weights, where, without, limit, offset))

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        """As the whole one."""
        return [self._shown(p) for p in self._whole.retrieve(ids)]

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """As the whole one: they are compared, and shown to nobody."""
        return self._whole.vectors(ids)

    def count(self, where: Clauses) -> int:
        """As the whole one; raises FieldWithheld."""
        self._refuse(_asked(where))
        return self._whole.count(where)

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        """As the whole one; raises FieldWithheld."""
        for request in requests:
            options = [c for clauses in (request.options or {}).values() for c in clauses]
            self._refuse((request.field, *_asked((*request.where, *options))))
        return self._whole.facets(requests)

    def fills(self, keys: Sequence[str]) -> dict[str, Fill]:
        """As the whole one; raises FieldWithheld."""
        self._refuse(keys)
        return self._whole.fills(keys)

    def points(self, queries: Sequence[PointsQuery], timeout_s: float | None = None) -> list[PointsAnswer]:
        """Nothing: filters and payloads of points are not looked through here. Raises FieldWithheld."""
        raise FieldWithheld(["points as they are stored"])

    def _refuse(self, keys: Iterable[str]) -> None:
        if found := [key for key in keys if key in self._hidden]:
            raise FieldWithheld(found)

    def _shown(self, profile: Profile) -> Profile:
        return replace(profile, values={k: v for k, v in profile.values.items() if k not in self._hidden})

    def _scored(self, points: Iterable[ScoredPoint]) -> list[ScoredPoint]:
        return [replace(p, profile=self._shown(p.profile)) for p in points]


def _asked(clauses: Clauses) -> list[str]:
    """The attributes that clauses name."""
    return [c.field for clause in clauses for c in (clause.conditions if isinstance(clause, AnyOf) else (clause,))]


def _seen_schema(finder: Finder, hidden: AnyCollection[str]) -> Schema:
    """The schema without those fields, and without the examples that ask for them."""
    seen = finder.schema.without(hidden)
    parser = SentenceParser(finder.schema, finder.plugins.lexicons(finder.schema).values())
    today = finder.settings.today or datetime.now(UTC).date()

    def asks_for_seen(example: str) -> bool:
        plan = parser.parse(example, today)
        return not {*_asked(plan.conditions), *(s.field for s in plan.sort)} & seen.withheld

    return finder.schema.without(hidden, [e for e in finder.schema.examples if asks_for_seen(e)])
