"""What is asked in the body of a request."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from techfinder.plan import MOST_ORDERS, AnyOf, Clause, Condition, Notice, QueryPlan, Sort

__all__ = [
    "AudienceQuestion",
    "CompareQuestion",
    "EncodeQuestion",
    "ExplainQuestion",
    "ExportQuestion",
    "FacetNames",
    "FacetsQuestion",
    "LookalikeQuestion",
    "PlanQuestion",
    "SearchQuestion",
    "SimilarQuestion",
]

MOST_COMPARISONS = 500
MOST_VALUES = 5000

Text = Annotated[str, StringConstraints(max_length=2000)]
ProfileId = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
FacetNames = Literal["all", "none"] | Annotated[tuple[str, ...], Field(max_length=500)]


Clauses = Annotated[
    tuple[Clause, ...],
    Field(max_length=200, description="All joined by `and`. Fields and their values: see `/api/v1/schema`."),
]

_EXAMPLE_PLAN: dict[str, Any] = {
    "meaning": "gaming",
    "conditions": [
        {"kind": "condition", "field": "age", "op": "range", "gte": 30, "lte": 45},
        {"kind": "condition", "field": "adopter_category", "op": "at_least", "values": ["Early Adopter"]},
    ],
    "limit": 5,
}


def _check_size(clauses: tuple[Condition | AnyOf, ...]) -> None:
    """Work grows with what is compared, however it is nested."""
    single = [c for clause in clauses for c in (clause.conditions if isinstance(clause, AnyOf) else (clause,))]
    if len(single) > MOST_COMPARISONS:
        raise ValueError(f"the conditions hold {len(single)} comparisons, at most {MOST_COMPARISONS} are read")
    if (values := sum(len(c.values) for c in single)) > MOST_VALUES:
        raise ValueError(f"the conditions hold {values} values, at most {MOST_VALUES} are read")


def _check_liked(like: tuple[str, ...], not_like: tuple[str, ...]) -> None:
    if both := sorted(set(like) & set(not_like)):
        raise ValueError(f"{both[0]!r} is in both like and not_like")
    if not_like and not like:
        raise ValueError("not_like needs somebody to be like")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("expected something besides blanks")
    return text


class PlanQuestion(QueryPlan):
    """A plan as any search answers it in `plan`, with limits that keep one request in bounds."""

    text: Annotated[Text, Field(description="The question as typed; not read, `meaning` is.")] = ""
    meaning: Annotated[Text, Field(description="The text to rank by meaning; empty ranks nothing.")] = ""
    conditions: Clauses = ()
    sort: Annotated[
        tuple[Sort, ...],
        Field(max_length=MOST_ORDERS, description="Empty: best first, or stored order without `meaning`."),
    ] = ()
    notices: Annotated[tuple[Notice, ...], Field(max_length=200, description="Comes back as it is.")] = ()
    like: Annotated[
        tuple[ProfileId, ...],
        Field(
            max_length=100, description="Ids of people to be like: likeness ranks then, without `meaning` and `sort`."
        ),
    ] = ()
    not_like: Annotated[
        tuple[ProfileId, ...], Field(max_length=100, description="Ids of people not to be like; they count half.")
    ] = ()
    facets: Annotated[
        FacetNames, Field(description="Which filters to count: `all`, `none`, or names as `/api/v1/schema` lists them.")
    ] = "all"

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_size(self.conditions)
        if self.like and (self.meaning.strip() or self.sort):
            raise ValueError("with like there is no meaning and no sort: people rank by likeness")
        _check_liked(self.like, self.not_like)
        return self

    @property
    def plan(self) -> QueryPlan:
        """The plan alone."""
        return QueryPlan.model_construct(**{name: getattr(self, name) for name in QueryPlan.model_fields})


class SearchQuestion(PlanQuestion):
    """A plan to search by, and how to page."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE_PLAN, "facets": ["adopter_category"]}})

    cursor: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=200)] | None,
        Field(
            description="`*` begins to page: all pages come from one state of the people and fit together. Then the "
            "`next` of the last answer, with the rest of the body unchanged. Without it there is one page, at `offset`."
        ),
    ] = None

    near: Annotated[
        int,
        Field(ge=0, le=100, description="How many people to answer at least, with near misses; not with a cursor."),
    ] = 0

    @model_validator(mode="after")
    def _check_near(self) -> Self:
        if self.near and self.cursor is not None:
            raise ValueError("near misses come without a cursor only: ask for them on their own")
        if self.like and self.cursor is not None:
            raise ValueError("people who are ranked by likeness come without a cursor: use offset")
        return self


class FacetsQuestion(PlanQuestion):
    """A plan whose matches are counted."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE_PLAN, "facets": ["adopter_category", "age"]}})


class ExplainQuestion(PlanQuestion):
    """A plan, and the person it is to be explained for."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE_PLAN, "id": "TU0042"}})

    id: Annotated[ProfileId, Field(description="Of anybody, found or not.")]


class AudienceQuestion(PlanQuestion):
    """A plan whose people are to be seen against everybody; what only ranks does not count."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE_PLAN})


class ExportQuestion(PlanQuestion):
    """A plan whose people are to be exported; its `limit` and `offset` do not count."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE_PLAN, "most": 1000}})

    most: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000_000)] | None,
        Field(description="How many people, at most; everybody without it."),
    ] = None


Filters = Annotated[
    dict[str, Annotated[tuple[Text, ...], Field(max_length=100)]],
    Field(max_length=100, description="Inputs by filter name, written as in `GET /api/v1/search`."),
]


class SimilarQuestion(BaseModel):
    """People to be like, and people not to be like."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "like": ["TU0001", "TU0004"],
                "not_like": ["TU0002"],
                "filters": {"age": ["30..45"]},
                "limit": 5,
            }
        },
    )

    like: Annotated[tuple[ProfileId, ...], Field(min_length=1, max_length=100, description="Ids of people to be like.")]
    not_like: Annotated[
        tuple[ProfileId, ...], Field(max_length=100, description="Ids of people not to be like; they count half.")
    ] = ()
    conditions: Clauses = ()
    filters: Filters = Field(default_factory=dict)
    limit: Annotated[int, Field(ge=1, le=1000)] = 20

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_size(self.conditions)
        _check_liked(self.like, self.not_like)
        return self


class LookalikeQuestion(BaseModel):
    """People to be like, people not to be like, and what counts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "like": ["TU0001", "TU0004"],
                "not_like": ["TU0002"],
                "filters": {"age": ["30..45"]},
                "off": ["location_city"],
                "limit": 5,
            }
        },
    )

    like: Annotated[
        tuple[ProfileId, ...], Field(min_length=1, max_length=5000, description="Ids of people to be like.")
    ]
    not_like: Annotated[
        tuple[ProfileId, ...], Field(max_length=5000, description="Ids of people not to be like; they count half.")
    ] = ()
    text: Annotated[Text, Field(description="A sentence with further conditions, as `in Texas`.")] = ""
    conditions: Clauses = ()
    filters: Filters = Field(default_factory=dict)
    off: Annotated[tuple[str, ...], Field(max_length=500, description="Attributes that do not rank, by name.")] = ()
    sensitive: Annotated[bool, Field(description="Whether sensitive fields rank.")] = False
    limit: Annotated[int, Field(ge=1, le=1000)] = 20
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_size(self.conditions)
        _check_liked(self.like, self.not_like)
        return self


class EncodeQuestion(BaseModel):
    """A sentence to encode."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"example": {"text": "gaming and music"}})

    text: Annotated[
        str,
        StringConstraints(min_length=1, max_length=2000),
        AfterValidator(_not_blank),
        Field(description="What is meant; it is not read for conditions.", json_schema_extra={"pattern": r"\S"}),
    ]


class CompareQuestion(BaseModel):
    """People to put side by side."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"example": {"ids": ["TU0001", "TU0002", "TU0003"]}}
    )

    ids: Annotated[
        tuple[ProfileId, ...],
        Field(min_length=2, max_length=10, description="Different ids.", json_schema_extra={"uniqueItems": True}),
    ]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.ids)) < len(self.ids):
            raise ValueError("an id is named twice")
        return self
