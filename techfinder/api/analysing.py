"""People as a whole: an audience against everybody, and who is like some chosen ones."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response

from techfinder.analyses import Alike, Audience, AudienceField, AudienceMap, AudienceValue, SharedAttribute
from techfinder.api.describe import answer_with, get, parameter, post
from techfinder.api.faults import refuse_unknown
from techfinder.api.serving import asked_filters, asked_sentence, finder_of
from techfinder.lifts import METHOD
from techfinder.plan import QueryPlan
from techfinder.wire.analyses import (
    AlikeAnswer,
    AudienceAnswer,
    AudienceFieldAnswer,
    AudienceMapAnswer,
    AudienceValueAnswer,
    LookalikeAnswer,
    MapTileAnswer,
    PartAnswer,
    SharedAttributeAnswer,
    SharedValueAnswer,
)
from techfinder.wire.questions import AudienceQuestion, LookalikeQuestion

__all__: list[str] = []

_STORE = ("nothing-indexed", "other-build", "store-unavailable", "store-damaged", "failed")
_SENTENCE = parameter("q", {"type": "string", "maxLength": 2000}, "A sentence.")


@get("/v1/audience", AudienceAnswer, "bad-question", *_STORE, tag="audience", parameters=(_SENTENCE,))
def audience() -> Response:
    """See the people whom a sentence and filters find against everybody.

    Takes filters as the search does; what only ranks does not count. Each filter's values come with how many of the
    people and of everybody have them, and with their lift: the share among the people divided by the share among
    everybody, of those of whom it is known, with a 95 % interval (Wilson's score interval of the share among the
    people, divided by the share among everybody).
    """
    return _seen(finder_of().plan(asked_sentence(), asked_filters("q")))


@post("/v1/audience", AudienceAnswer, "bad-plan", "no-such-profile", *_STORE, tag="audience")
def audience_by_plan(body: AudienceQuestion) -> Response:
    """See the people whom a plan finds against everybody."""
    plan = body.plan
    refuse_unknown(finder_of(), plan.conditions, plan.sort)
    return _seen(plan)


@post("/v1/lookalike", LookalikeAnswer, "bad-plan", "no-such-profile", *_STORE, tag="people")
def lookalike(body: LookalikeQuestion) -> Response:
    """Find people who share what sets some chosen ones apart.

    Values that are commoner among those in `like` than among everybody rank, as far as the chosen agree on the
    attribute; those in `not_like` count half, the other way. The answer tells what they share, with lifts, and what
    each attribute adds to a score. `off` switches attributes off; sensitive fields rank only with `sensitive`. Those
    named never come back. `conditions` and `filters` say what everybody must fulfil. (`/api/v1/similar` ranks by
    vectors instead.)
    """
    finder = finder_of()
    refuse_unknown(finder, body.conditions)
    asked = finder.plan(body.text, body.filters, limit=body.limit, offset=body.offset)
    plan = asked.model_copy(
        update={
            "conditions": (*asked.conditions, *body.conditions),
            "meaning": "",
            "like": tuple(dict.fromkeys((*body.like, *asked.like))),
            "not_like": tuple(dict.fromkeys((*body.not_like, *asked.not_like))),
        }
    )
    found = finder.lookalikes(plan, off=body.off, sensitive=body.sensitive)
    answer = LookalikeAnswer(
        hits=tuple(_alike(h) for h in found.hits),
        total=found.total,
        method=METHOD,
        attributes=tuple(_shared(a) for a in found.attributes),
        notices=plan.notices,
        plan=plan,
        generation=found.generation.number,
        took_ms=round(found.took_ms, 2),
    )
    return answer_with(answer)


def _seen(plan: QueryPlan) -> Response:
    found: Audience = finder_of().audience(plan)
    answer = AudienceAnswer(
        total=found.total,
        points=found.points,
        method=METHOD,
        fields=tuple(_field(f) for f in found.fields),
        maps=tuple(_map(m) for m in found.maps),
        notices=plan.notices,
        plan=plan,
        generation=found.generation.number,
    )
    return answer_with(answer)


def _field(field: AudienceField) -> AudienceFieldAnswer:
    return AudienceFieldAnswer(
        name=field.name,
        label=field.label,
        group=field.group,
        unit=field.unit,
        ordered=field.ordered,
        sensitive=field.sensitive,
        curve=field.curve,
        values=tuple(_value(v) for v in field.values),
        more=field.more,
    )


def _value(value: AudienceValue) -> AudienceValueAnswer:
    return AudienceValueAnswer(**asdict(value.lift), value=value.value, label=value.label, input=value.input)


def _map(found: AudienceMap) -> AudienceMapAnswer:
    return AudienceMapAnswer(
        name=found.name,
        label=found.label,
        columns=found.columns,
        rows=found.rows,
        tiles=tuple(MapTileAnswer(**dict(_value(t.value)), column=t.column, row=t.row) for t in found.tiles),
        elsewhere=found.elsewhere,
    )


def _alike(hit: Alike) -> AlikeAnswer:
    parts = tuple(PartAnswer(**asdict(p)) for p in hit.parts)
    return AlikeAnswer(id=hit.profile.id, profile=dict(hit.profile.values), score=hit.score, parts=parts)


def _shared(shared: SharedAttribute) -> SharedAttributeAnswer:
    return SharedAttributeAnswer(
        name=shared.name,
        label=shared.label,
        group=shared.group,
        sensitive=shared.sensitive,
        on=shared.on,
        agreement=shared.agreement,
        values=tuple(SharedValueAnswer(**asdict(v.lift), label=v.label, weight=v.weight) for v in shared.values),
    )
