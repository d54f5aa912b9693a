"""From results of the Finder to answers of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, cast

from techfinder.finder import Finder
from techfinder.models import Answer, Explanation, Facet, Hit
from techfinder.overviews import Comparison, Coverage, Standing
from techfinder.plan import QueryPlan
from techfinder.wire.answers import (
    CheckedConditionAnswer,
    ChoiceFacet,
    CompareAnswer,
    ComparedFieldAnswer,
    ExplainAnswer,
    FacetAnswer,
    FacetValueAnswer,
    HitAnswer,
    NearMissAnswer,
    RangeFacet,
    SearchAnswer,
    SearchPage,
    ShareAnswer,
)
from techfinder.wire.overviews import (
    CoverageAnswer,
    FieldCoverageAnswer,
    FieldStandingAnswer,
    StandingAnswer,
    StandingBarAnswer,
)

__all__ = [
    "compare_answer",
    "coverage_answer",
    "explain_answer",
    "facet_answers",
    "hit_answer",
    "search_answer",
    "search_page",
    "standing_answer",
]


def search_answer(plan: QueryPlan, answer: Answer) -> SearchAnswer:
    """The answer to a question of one page."""
    return SearchAnswer(**_parts(plan, answer))


def search_page(plan: QueryPlan, answer: Answer, following: str | None) -> SearchPage:
    """One page, with the cursor of the next one."""
    return SearchPage(**_parts(plan, answer), next=following)


def _parts(plan: QueryPlan, answer: Answer) -> dict[str, Any]:
    result = answer.result
    return {
        "hits": tuple(hit_answer(h) for h in result.hits),
        "total": result.total,
        "near_misses": tuple(NearMissAnswer(**dict(hit_answer(m)), fails=m.fails) for m in result.near_misses),
        "weak": result.weak,
        "ranked_by": result.ranked_by,
        "notices": plan.notices,
        "plan": plan,
        "facets": facet_answers(answer.facets),
        "encoder": result.generation.encoder,
        "generation": result.generation.number,
        "took_ms": {name: round(ms, 2) for name, ms in result.took_ms.items()},
    }


def hit_answer(hit: Hit) -> HitAnswer:
    """One hit with its shares."""
    shares = tuple(ShareAnswer(name=s.name, label=s.label, value=s.value) for s in hit.shares)
    return HitAnswer(id=hit.profile.id, profile=dict(hit.profile.values), score=hit.score, shares=shares)


def explain_answer(finder: Finder, plan: QueryPlan, found: Explanation) -> ExplainAnswer:
    """Why somebody is found, or is not."""
    checked = (
        CheckedConditionAnswer(words=c.words, text=finder.describe(c), required=c.required, holds=holds)
        for c, holds in zip(plan.conditions, found.holds, strict=True)
    )
    return ExplainAnswer(
        **dict(hit_answer(found.hit)),
        found=not found.hit.fails,
        fails=found.hit.fails,
        conditions=tuple(checked),
        notices=plan.notices,
        plan=plan,
        encoder=found.generation.encoder,
        generation=found.generation.number,
    )


def facet_answers(facets: Iterable[Facet]) -> tuple[FacetAnswer, ...]:
    """Facets, each in the form of its control."""
    return tuple(_choice(f) if f.control == "choice" else _range(f) for f in facets)


def _choice(facet: Facet) -> ChoiceFacet:
    values = tuple(FacetValueAnswer(**asdict(v)) for v in facet.values)
    return ChoiceFacet(
        name=facet.name, label=facet.label, group=facet.group, control="choice", values=values, unit=facet.unit
    )


def _range(facet: Facet) -> RangeFacet:
    return RangeFacet(
        name=facet.name,
        label=facet.label,
        group=facet.group,
        control=cast("Any", facet.control),
        unit=facet.unit,
        low=facet.low,
        high=facet.high,
        chosen=facet.chosen,
    )


def compare_answer(found: Comparison) -> CompareAnswer:
    """People side by side."""
    return CompareAnswer(
        ids=tuple(p.id for p in found.profiles),
        fields=tuple(ComparedFieldAnswer(**asdict(f)) for f in found.fields),
        similarity=found.similarity,
        encoder=found.generation.encoder,
        generation=found.generation.number,
    )


def standing_answer(found: Standing) -> StandingAnswer:
    """Where somebody stands among everybody."""
    fields = (
        FieldStandingAnswer(
            **asdict(f) | {"bars": tuple(StandingBarAnswer(**asdict(b)) for b in f.bars)},
            known=f.known,
            percentile=f.percentile,
        )
        for f in found.fields
    )
    return StandingAnswer(
        id=found.profile.id,
        people=found.generation.points,
        fields=tuple(fields),
        generation=found.generation.number,
    )


def coverage_answer(found: Coverage) -> CoverageAnswer:
    """How full every attribute is."""
    live = found.generation
    return CoverageAnswer(
        people=live.points,
        generation=live.number,
        revision=live.revision,
        created_at=live.created_at,
        source=found.source,
        fields=tuple(FieldCoverageAnswer(**asdict(f)) for f in found.fields),
    )
