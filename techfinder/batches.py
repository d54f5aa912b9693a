"""Many plans at once: what they ask by meaning is encoded together, which costs less than one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from techfinder.likeness import run_likeness
from techfinder.search import run_plan

if TYPE_CHECKING:
    from techfinder.encoding import CheckedEncoder
    from techfinder.interfaces import Collection, EncoderInfo
    from techfinder.models import SearchResult
    from techfinder.plan import QueryPlan
    from techfinder.schema import Schema

__all__ = ["encodes", "run_plans"]


def encodes(plan: QueryPlan) -> bool:
    """Whether a plan has something to encode."""
    return bool(plan.meaning.strip()) and not plan.sort and not plan.like


def run_plans(
    plans: Sequence[QueryPlan], schema: Schema, collection: Collection, encoder: CheckedEncoder | None, near: int = 0
) -> list[SearchResult]:
    """The answer of each plan, in their order. Arguments and errors as of :func:`techfinder.search.run_plan`."""
    known = _Encoded(encoder, [p.meaning for p in plans if encodes(p)]) if encoder else None
    return [
        run_likeness(plan, schema, collection) if plan.like else run_plan(plan, schema, collection, known, near)
        for plan in plans
    ]


class _Encoded:
    """Vectors of questions that were encoded together."""

    def __init__(self, encoder: CheckedEncoder, texts: Sequence[str]) -> None:
        self.info: EncoderInfo = encoder.info
        different = list(dict.fromkeys(texts))
        vectors = encoder.encode_queries(different)
        self._vectors: Mapping[str, NDArray[np.float32]] = dict(zip(different, vectors, strict=True))

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a question that is among them."""
        return self._vectors[text]
