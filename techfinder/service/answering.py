"""Questions to rows: what the served model answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from techfinder.errors import QueryError, cut
from techfinder.filters import inputs_by_name
from techfinder.plan import QueryPlan

if TYPE_CHECKING:
    from techfinder.finder import Finder
    from techfinder.models import Hit, SearchResult

__all__ = ["Asked", "Service"]

MOST_QUERIES = 1000
MOST_PEOPLE = 1000
_FACTS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """How all questions of one call are to be answered.

    Attributes:
        top_n: How many people for each question; where fewer fulfil it, near misses follow.
        show_score: Whether each row has its ``Similarity``, between 0 and 1.
        filters: ``NAME=VALUE``, ``NAME>=VALUE`` and so on, as for ``techfinder search --filter``.
        explain: Whether each row tells how the question was read, and what the score is made of.
        plan: A :class:`~techfinder.plan.QueryPlan` as JSON. Its conditions hold for all questions, whose words then
            only rank; empty reads conditions from each question.
    """

    top_n: int = 10
    show_score: bool = True
    filters: tuple[str, ...] = ()
    explain: bool = False
    plan: str = ""

    @classmethod
    def of(cls, params: Mapping[str, Any] | None) -> Asked:
        """From what MLflow hands on. Raises QueryError."""
        given = dict(params or {})
        filters = given.get("filters")
        made = cls(
            top_n=int(given.get("top_n", 10)),
            show_score=bool(given.get("show_score", True)),
            filters=tuple(str(f) for f in filters) if filters is not None else (),
            explain=bool(given.get("explain", False)),
            plan=str(given.get("plan") or ""),
        )
        if not 1 <= made.top_n <= MOST_PEOPLE:
            raise QueryError(f"top_n is {made.top_n}; expected 1 to {MOST_PEOPLE:,}.")
        return made


class Service:
    """Answers questions from the people of one Finder. Safe for many threads."""

    def __init__(self, finder: Finder, close: Callable[[], None]) -> None:
        """Take a Finder whose encoder is ready; `close` lets go of it."""
        self._finder = finder
        self.close = close

    def answer(self, queries: Sequence[str], asked: Asked) -> list[dict[str, Any]]:
        """One row for each person found, by question and best first; all of one generation.

        Raises:
            QueryError: A question, a filter or the plan is not understood.
            StoreError, EncoderError: A part failed.
        """
        if len(queries) > MOST_QUERIES:
            raise QueryError(f"{len(queries):,} questions came in one call; expected at most {MOST_QUERIES:,}.")
        if wrong := [q for q in queries if not isinstance(q, str)]:
            raise QueryError(f"A question is {cut(wrong[0])}; expected text.")
        plans = self._plans(queries, asked)
        results = self._finder.search_all(plans, wait_s=float("inf"), near=asked.top_n)
        return [
            self._row(number, hit, plans[number], result, asked)
            for number, result in enumerate(results)
            for hit in (*result.hits, *result.near_misses)[: asked.top_n]
        ]

    def _plans(self, queries: Sequence[str], asked: Asked) -> list[QueryPlan]:
        filters = inputs_by_name(asked.filters)
        if not asked.plan:
            return [self._finder.plan(text, filters, limit=asked.top_n) for text in queries]
        given, filtered = _plan(asked.plan), self._finder.plan("", filters).conditions
        changes = {"conditions": (*given.conditions, *filtered), "limit": asked.top_n}
        return [
            given.model_copy(update={**changes, "text": text, "meaning": "" if given.like else text})
            for text in queries
        ]

    def _row(self, number: int, hit: Hit, plan: QueryPlan, result: SearchResult, asked: Asked) -> dict[str, Any]:
        row: dict[str, Any] = {
            "query": number,
            "user_id": hit.profile.id,
            "User": " · ".join(fact.text for fact in self._finder.facts(hit.profile)[:_FACTS_SHOWN]),
        }
        if asked.show_score:
            row["Similarity"] = round(hit.score, 6)
        row |= {"encoder": result.generation.encoder, "generation": result.generation.number}
        if asked.explain:
            row["explanation"] = {
                "plan": plan.model_dump(mode="json"),
                "total": result.total,
                "shares": [{"name": s.name, "label": s.label, "value": s.value} for s in hit.shares],
                "fails": list(hit.fails),
            }
        return row


def _plan(text: str) -> QueryPlan:
    try:
        return QueryPlan.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise QueryError(f"plan is {cut(text)}, which is no QueryPlan: {where}: {first['msg']}.") from error
