"""Problem details (RFC 9457): every kind of problem that the API answers, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["KINDS", "PREFIX", "Fault", "Kind", "Problem", "uri"]

PREFIX = "/api/problems/"
"""Of every ``type``; the rest is the kind's name, and the whole is an address that tells about it."""

BLANK = "about:blank"
"""The ``type`` of a problem that is no more than its HTTP status says."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Attributes:
        name: Stable; the last part of ``type``.
        status: The HTTP status it comes with.
        title: Short, always the same.
        meaning: When it comes, and what to do.
    """

    name: str
    status: int
    title: str
    meaning: str


_ALL = (
    Kind(
        "not-signed-in",
        401,
        "Nobody is signed in",
        "Send a token as `Authorization: Bearer TOKEN`, made on the account page or by `techfinder token create`. One "
        "that was sent is wrong, revoked or too old.",
    ),
    Kind(
        "not-allowed",
        403,
        "There is no right to this",
        "The role of who asks, or the scope of the token, does not allow this, or not the use of a field that is asked "
        "for. An admin can change that.",
    ),
    Kind(
        "other-site",
        403,
        "The request came from another site",
        "A browser says that a page of another site sent this. Programs send a token, and no cookie.",
    ),
    Kind(
        "bad-question",
        400,
        "The question cannot be read",
        "A parameter or a filter's input is not understood. `detail` says which one, and what is known instead.",
    ),
    Kind(
        "bad-json",
        400,
        "The body is no JSON",
        "The body of the request cannot be read as JSON. `detail` says where it breaks off.",
    ),
    Kind(
        "invalid-request",
        422,
        "The body is not of the form expected",
        "Some part of the body is missing, unknown, given twice, or of the wrong type. `errors` points to each of "
        "them.",
    ),
    Kind(
        "bad-plan",
        422,
        "The plan asks for what there is not",
        "The body has the right form, but names fields, values, filters or facets that do not exist, or compares in "
        "a way that a field does not allow. `errors` points to each of them and lists what is known.",
    ),
    Kind(
        "bad-cursor",
        400,
        "The cursor cannot be used",
        "The cursor was altered, or belongs to another plan. Send the plan of the first page again with the cursor "
        "of the last answer, or begin with `*`.",
    ),
    Kind(
        "cursor-expired",
        410,
        "The people have changed since the cursor was made",
        "Another generation went live, or the live one was changed, so further pages would not fit to those before. "
        "Begin again with `*`.",
    ),
    Kind(
        "no-such-profile",
        404,
        "No such profile",
        "Some of the ids do not exist, or no longer. `errors` names each of them.",
    ),
    Kind("no-such-run", 404, "No such index run", "There is no index run of that id; only the last twenty are kept."),
    Kind("no-such-kind", 404, "No such kind of problem", "The API has no problem of that name."),
    Kind(
        "nothing-indexed",
        404,
        "Nothing has been indexed yet",
        "There is nobody to search. `techfinder index SOURCE` brings people in.",
    ),
    Kind(
        "other-build",
        409,
        "The collection was made with another encoder or schema",
        "What is stored does not fit to what is selected now. Select what it was made with, or index again with "
        "`--rebuild`.",
    ),
    Kind(
        "encoder-loading",
        503,
        "The encoder is loading",
        "A text cannot be ranked yet. Try again after `Retry-After` seconds; filters without a text work already.",
    ),
    Kind(
        "encoder-failed", 503, "The encoder cannot be used", "The encoder did not load, or failed. `detail` says why."
    ),
    Kind("store-unavailable", 503, "The store does not answer", "Try again after `Retry-After` seconds."),
    Kind(
        "database-unavailable",
        503,
        "The application database does not answer",
        "Whoever asks cannot be known, or what they do not be noted. Try again after `Retry-After` seconds.",
    ),
    Kind(
        "store-damaged",
        500,
        "The store is damaged",
        "Files of the store are missing or altered. `techfinder store check` tells more on the machine itself.",
    ),
    Kind("failed", 500, "The request failed", "Something else failed; the log on the machine tells more."),
)

KINDS = {kind.name: kind for kind in _ALL}
"""Every kind by name."""


def uri(name: str) -> str:
    """The ``type`` of the kind of that name."""
    return PREFIX + KINDS[name].name


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(frozen=True)

    detail: Annotated[str, Field(description="What is wrong, for people.")]
    pointer: Annotated[
        str, Field(description="JSON pointer into the body, as `#/conditions/0/field`; `#` is all of it.")
    ] = "#"
    known: Annotated[tuple[str, ...], Field(description="What there is instead, where that can be listed.")] = ()


class Problem(BaseModel):
    """An error as problem details, RFC 9457."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "type": "/api/problems/no-such-profile",
                "title": "No such profile",
                "status": 404,
                "detail": "There is no profile 'TU9999'.",
                "instance": "/api/v1/profiles/TU9999",
                "request_id": "0b7c1f6d2a5e4c3f9d8e7a6b5c4d3e2f",
            }
        },
    )

    type: Annotated[
        str,
        Field(
            description=f"Kind of the problem: `{PREFIX}NAME`, an address that tells about it, or `{BLANK}` when it is "
            "no more than the status says.",
            json_schema_extra={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, Field(description="The kind in words, always the same.")]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status.")]
    detail: Annotated[str, Field(description="What happened this time, and what to do.")]
    instance: Annotated[str, Field(description="The address asked.", json_schema_extra={"format": "uri-reference"})]
    request_id: Annotated[
        str, Field(description="Of the request: log lines on the machine carry it, and `X-Request-ID` of the answer.")
    ] = ""
    errors: Annotated[tuple[Fault, ...], Field(description="Each single thing that is wrong.")] = ()


class KindAnswer(BaseModel):
    """A kind of problem, as its address tells it."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    title: str
    status: int
    meaning: Annotated[str, Field(description="When it comes, and what to do.")]
