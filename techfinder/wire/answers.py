"""What the API answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from techfinder.plan import Notice, QueryPlan

__all__ = [
    "CollectionAnswer",
    "CollectionsAnswer",
    "CompareAnswer",
    "EncodeAnswer",
    "ExplainAnswer",
    "FacetsAnswer",
    "GenerationAnswer",
    "HitAnswer",
    "PluginsAnswer",
    "ProfileAnswer",
    "RunAnswer",
    "RunsAnswer",
    "SearchAnswer",
    "SearchPage",
    "SimilarAnswer",
]

_VALUE = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "array", "items": {"type": "string"}}]}

Values = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": _VALUE}),
    Field(description="Values by attribute; what is not known is not there. Numbers are in the schema's units."),
]
Score = Annotated[float, Field(ge=0, le=1)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- people --------------------------------------------------------------------------------------


class ShareAnswer(_Answer):
    """The part that one reason has in a score."""

    name: Annotated[str, Field(description="`meaning`, `likeness`, or the field or filter that matched.")]
    label: str
    value: Score


class HitAnswer(_Answer):
    """Somebody who was found."""

    id: str
    profile: Values
    score: Annotated[Score, Field(description="The sum of the shares.")]
    shares: tuple[ShareAnswer, ...]


class NearMissAnswer(HitAnswer):
    """Somebody who fulfils some of what is required, and breaks no exclusion."""

    fails: Annotated[tuple[str, ...], Field(description="What is required and not fulfilled, in the question's words.")]


class FactAnswer(_Answer):
    """One known value in words."""

    key: str
    label: str
    text: str


class ProfileAnswer(_Answer):
    """One person."""

    id: str
    profile: Values
    facts: Annotated[tuple[FactAnswer, ...], Field(description="The same in words, in the schema's order.")]


# --- searching -----------------------------------------------------------------------------------


class FacetValueAnswer(_Answer):
    """One value of a facet."""

    value: Annotated[str, Field(description="As the filter takes it.")]
    label: str
    count: Annotated[int, Field(ge=0, description="People with this value among those that match all other filters.")]
    selected: Annotated[bool, Field(description="Whether it is asked for, in whatever words. Of options: by an input.")]


class ChoiceFacet(_Answer):
    """Counts by value, for one filter."""

    name: str
    label: str
    group: str
    control: Literal["choice"]
    values: tuple[FacetValueAnswer, ...]
    unit: str


class RangeFacet(_Answer):
    """The stretch that a number or a date covers, for one filter."""

    name: str
    label: str
    group: str
    control: Literal["range", "date"]
    unit: str
    low: Annotated[int | float | str | None, Field(description="Smallest value of all people; dates are ISO text.")]
    high: Annotated[int | float | str | None, Field(description="Largest value of all people.")]
    chosen: Annotated[str, Field(description="What is asked for, as `30..40`; empty when it is nothing.")]


FacetAnswer = Annotated[ChoiceFacet | RangeFacet, Field(discriminator="control")]


Hits = Annotated[tuple[HitAnswer, ...], Field(description="Best first, at most `plan.limit`.")]
Total = Annotated[int, Field(ge=0, description="How many people match.")]
Notices = Annotated[tuple[Notice, ...], Field(description="What was not understood, or with a doubt.")]
EncoderName = Annotated[str, Field(description="What made the vectors.")]
Generation = Annotated[int, Field(description="What answered; hits, total and counts are all of this one.")]
Took = Annotated[dict[str, float], Field(description="Milliseconds by part.")]


class SearchAnswer(_Answer):
    """Hits, counts, and the question as it was understood."""

    hits: Hits
    total: Total
    near_misses: Annotated[
        tuple[NearMissAnswer, ...],
        Field(description="Where fewer than `near` fulfil everything: who fulfils most, best first."),
    ]
    weak: Annotated[
        bool,
        Field(description="Whether even the best hit is no nearer than questions about something else come."),
    ]
    ranked_by: Annotated[
        Literal["meaning", "likeness", "fit", "order"],
        Field(description="`fit` where only wishes rank, `order` where nothing does."),
    ]
    notices: Notices
    plan: Annotated[QueryPlan, Field(description="The question, understood; `POST /api/v1/search` takes it.")]
    facets: tuple[FacetAnswer, ...]
    encoder: EncoderName
    generation: Generation
    took_ms: Took


class SearchPage(SearchAnswer):
    """One page of a search."""

    next: Annotated[
        str | None, Field(description="The cursor of the next page; null after the last one, and without a cursor.")
    ]


class CheckedConditionAnswer(_Answer):
    """One condition, and whether it holds for somebody."""

    words: Annotated[str, Field(description="The words of the question that it came from.")]
    text: Annotated[str, Field(description="What it asks for, in words.")]
    required: bool
    holds: bool


class ExplainAnswer(_Answer):
    """Why somebody is found, or is not."""

    id: str
    found: Annotated[
        bool, Field(description="Whether everything required is fulfilled; never of those in `plan.like`, `not_like`.")
    ]
    score: Score
    shares: tuple[ShareAnswer, ...]
    fails: Annotated[tuple[str, ...], Field(description="What is required and not fulfilled, in the question's words.")]
    conditions: Annotated[tuple[CheckedConditionAnswer, ...], Field(description="In the order of `plan.conditions`.")]
    profile: Values
    notices: Notices
    plan: QueryPlan
    encoder: EncoderName
    generation: Generation


class FacetsAnswer(_Answer):
    """The counts of a plan, without hits."""

    facets: tuple[FacetAnswer, ...]
    notices: Notices
    plan: QueryPlan
    generation: Generation


class SimilarAnswer(_Answer):
    """People like those named, without these themselves."""

    hits: Hits
    total: Total
    ranked_by: Literal["likeness"]
    notices: Notices
    plan: Annotated[QueryPlan, Field(description="Whom to be like, and the conditions that everybody here fulfils.")]
    encoder: EncoderName
    generation: Generation
    took_ms: Took


# --- comparing -----------------------------------------------------------------------------------


class ComparedFieldAnswer(_Answer):
    """One field of several people, side by side."""

    key: str
    label: str
    unit: str
    sensitive: Annotated[bool, Field(description="As the schema says.")]
    texts: Annotated[tuple[str | None, ...], Field(description="In words, in the order of `ids`; null is not known.")]
    same: Annotated[bool | None, Field(description="Whether all known values agree; null when fewer than two are.")]
    common: Annotated[tuple[str, ...], Field(description="Of tags: those that everybody has.")]
    steps: Annotated[int | None, Field(description="Levels between the lowest and the highest, on a scale.")]
    distance: Annotated[Score | None, Field(description="How far apart, as a share of the whole scale or range.")]
    apart: Annotated[str, Field(description="How far apart in words, as `2 levels`; empty where nothing is.")]


class CompareAnswer(_Answer):
    """Several people side by side."""

    ids: tuple[str, ...]
    fields: tuple[ComparedFieldAnswer, ...]
    similarity: Annotated[
        tuple[tuple[Annotated[float, Field(ge=-1, le=1)], ...], ...],
        Field(description="Cosine of each two people's vectors; rows and columns in the order of `ids`."),
    ]
    encoder: str
    generation: int


# --- what there is -------------------------------------------------------------------------------


class PluginAnswer(_Answer):
    """One plugin that was found."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]
    entries: Annotated[dict[str, tuple[str, ...]], Field(description="Names of what it offers, by kind.")]
    failed: Annotated[bool, Field(description="Whether something went wrong; `techfinder plugins` tells what.")]
    disabled: Annotated[bool, Field(description="Whether a setting keeps it out.")]


class PluginsAnswer(_Answer):
    """Every plugin that was found."""

    plugins: tuple[PluginAnswer, ...]


class EncodeAnswer(_Answer):
    """A sentence as a vector."""

    vector: Annotated[tuple[float, ...], Field(description="As `/qdrant/collections/NAME/points/query` takes it.")]
    encoder: Annotated[str, Field(description="Name of the encoder that made it.")]
    collection: Annotated[str, Field(description="Name of the collection, which is the alias of what is live.")]
    generation: Annotated[int, Field(description="Number of the generation that it fits to.")]


class GenerationAnswer(_Answer):
    """One sealed build of a collection."""

    number: int
    revision: Annotated[int, Field(description="How often it was changed in place.")]
    live: Annotated[bool, Field(description="Whether it answers searches.")]
    points: int
    dim: int
    similarity: str
    encoder: str
    template: str
    schema_name: Annotated[str, Field(serialization_alias="schema", validation_alias="schema")]
    created_at: Annotated[str, Field(description="UTC, ISO 8601.")]
    digest: str
    exact: Annotated[bool, Field(description="Whether searches compare everyone, as its graph misses people.")] = False


class CollectionAnswer(_Answer):
    """One collection, with the generations that are kept."""

    name: str
    searched: Annotated[bool, Field(description="Whether it is the one that this API searches.")]
    damaged: Annotated[bool, Field(description="Whether a cheap look finds something wrong with the live one.")]
    generations: Annotated[tuple[GenerationAnswer, ...], Field(description="Oldest first.")]


class CollectionsAnswer(_Answer):
    """Every collection of the store."""

    collections: tuple[CollectionAnswer, ...]


class RunAnswer(_Answer):
    """Where an index run stands."""

    run: str
    collection: str
    source: str
    state: Literal["running", "done", "failed", "interrupted"]
    phase: Annotated[str, Field(description="`reading`, `encoding`, `building`, `live`; `checked` or `refused`.")]
    total: Annotated[int | None, Field(description="Rows in the input, where that is known.")]
    done: int
    unchanged: int
    encoded: int
    reused: int
    rejected: int
    removed: int
    gone: int
    rate: Annotated[float, Field(description="Rows per second since the start.")]
    generation: Annotated[int | None, Field(description="The generation that went live.")]
    message: str
    started_at: Annotated[str, Field(description="UTC, ISO 8601.")]
    updated_at: str


class RunsAnswer(_Answer):
    """The last index runs, newest first."""

    runs: tuple[RunAnswer, ...]
