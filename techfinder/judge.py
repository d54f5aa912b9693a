"""The brute-force judge: exact answers by looking at every profile.

Slow on purpose and independent of any store. Tests hold stores, facets and ranking against
it; ``techfinder eval`` will take its truth from it.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from techfinder.plan import number_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from techfinder.models import Profile, Value
    from techfinder.plan import AnyOf, Condition, Sort
    from techfinder.schema import Schema

    Mask = pd.Series

__all__ = ["Judge"]


class Judge:
    """All profiles in memory, in stored order, with or without their vectors."""

    def __init__(self, schema: Schema, profiles: Sequence[Profile], vectors: NDArray[np.float32] | None = None) -> None:
        """Take the profiles, and `vectors` of shape (len(profiles), dim) to rank by."""
        self.schema = schema
        self.profiles = list(profiles)
        self._vectors = vectors
        import pandas as pd  # here, because commands that judge nothing start quicker without it

        columns = {key: [p.values.get(key) for p in profiles] for key in schema.attributes}
        self._table = pd.DataFrame(columns, dtype=object)
        self._everyone = pd.Series(True, index=self._table.index)

    def matches(self, clauses: Iterable[Condition | AnyOf]) -> list[Profile]:
        """The profiles that fulfil every clause, in stored order."""
        return [p for p, holds in zip(self.profiles, self._mask(clauses), strict=True) if holds]

    def count(self, clauses: Iterable[Condition | AnyOf]) -> int:
        """How many profiles fulfil every clause."""
        return int(self._mask(clauses).sum())

    def facet(self, key: str, clauses: Iterable[Condition | AnyOf] = ()) -> dict[str, int | float]:
        """Counts by value; for a number its smallest and largest value (empty when none has one)."""
        values = [p.values[key] for p in self.matches(clauses) if key in p.values]
        if self.schema.attribute(key).numeric:
            numbers = [v for v in values if isinstance(v, int | float)]
            return {"min": min(numbers), "max": max(numbers)} if numbers else {}
        return dict(Counter(str(v) for value in values for v in dict.fromkeys(_as_tuple(value))))

    def browse(self, clauses: Iterable[Condition | AnyOf], sort: Sequence[Sort] = ()) -> list[Profile]:
        """Every match by `sort` (missing last), then in stored order."""
        found = self.matches(clauses)
        for order in reversed(sort):
            have = [p for p in found if order.field in p.values]
            lack = [p for p in found if order.field not in p.values]
            have.sort(key=self._place(order.field), reverse=order.descending)
            found = have + lack
        return found

    def _place(self, key: str) -> Callable[[Profile], Any]:
        """What to sort by: the level of a scale, else the value."""
        attribute = self.schema.attribute(key)
        if attribute.ordered:
            levels = [v.name for v in attribute.field.values]
            return lambda profile: levels.index(str(profile.values[key]))
        return lambda profile: profile.values[key]

    def search(
        self, vector: NDArray[np.float32], clauses: Iterable[Condition | AnyOf], limit: int
    ) -> list[tuple[Profile, float]]:
        """The `limit` best matches by similarity rounded to 1e-6, then by profile id."""
        scores = self.scores(vector)
        ranked = sorted(
            ((p, round(scores[p.id], 6)) for p in self.matches(clauses)), key=lambda pair: (-pair[1], pair[0].id)
        )
        return ranked[:limit]

    def prefer(
        self, vector: NDArray[np.float32], clauses: Iterable[Condition | AnyOf], wishes: Sequence[Condition | AnyOf]
    ) -> list[tuple[Profile, float, float]]:
        """Every match with its fit and its similarity: by fit, then similarity rounded to 1e-6, then profile id.

        The fit is the sum of the weights of the wishes that hold.
        """
        scores = self.scores(vector)
        masks = [(w.weight, set(self._table.index[self._mask([w])])) for w in wishes]
        found = []
        for place, holds in enumerate(self._mask(clauses)):
            if holds:
                profile = self.profiles[place]
                fit = round(sum(weight for weight, held in masks if place in held), 9)
                found.append((profile, fit, round(scores[profile.id], 6)))
        return sorted(found, key=lambda f: (-f[1], -f[2], f[0].id))

    def scores(self, vector: NDArray[np.float32]) -> dict[str, float]:
        """Everyone's similarity by profile id, computed in double precision and not rounded."""
        if self._vectors is None:
            raise ValueError("this judge has no vectors to rank by")
        found = self._vectors.astype(np.float64) @ vector.astype(np.float64)
        return {p.id: s for p, s in zip(self.profiles, found.tolist(), strict=True)}

    def _mask(self, clauses: Iterable[Condition | AnyOf]) -> Mask:
        mask = self._everyone.copy()
        for clause in self.schema.resolve(clauses):
            mask &= self._clause(clause)
        return mask

    def _clause(self, clause: Condition | AnyOf) -> Mask:
        if clause.kind == "condition":
            return self._condition(clause)
        held = reduce(operator.add, (self._condition(c).astype(int) for c in clause.conditions))
        return (held >= clause.at_least) ^ clause.negated

    def _condition(self, condition: Condition) -> Mask:
        column = self._table[condition.field]
        known = column.notna()
        wanted = self._wanted(condition)
        match condition.op:
            case "missing":
                return ~known
            case "present":
                return known
            case "any_of":
                return column.map(lambda v: v is not None and bool(wanted & set(_as_tuple(v))))
            case "none_of":
                return column.map(lambda v: v is None or not wanted & set(_as_tuple(v)))
            case "all_of":
                return column.map(lambda v: v is not None and wanted <= set(_as_tuple(v)))
            case "range":
                return column.map(lambda v: v is not None and condition.spans(v))
        raise ValueError(f"unresolved condition {condition.op}")

    def _wanted(self, condition: Condition) -> set[object]:
        if self.schema.attribute(condition.field).numeric:
            return {number_of(v) for v in condition.values}
        return set(condition.values)


def _as_tuple(value: Value) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
