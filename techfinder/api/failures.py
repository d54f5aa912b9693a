"""Failures as problem details (RFC 9457): everywhere under ``/api``, and of expected errors elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from techfinder.api.bodies import MOST_FAULTS, BadBody, question
from techfinder.errors import (
    CollectionNotFound,
    CursorError,
    CursorExpired,
    DatabaseError,
    EncoderError,
    FieldWithheld,
    FingerprintMismatch,
    ProfileNotFound,
    QueryError,
    StoreDamaged,
    StoreUnavailable,
    TechfinderError,
    cut,
)
from techfinder.guarding import NotAllowed, NotSignedIn, OtherSite
from techfinder.logs import REQUEST_ID
from techfinder.wire.problems import BLANK, KINDS, Fault, Problem, uri

__all__ = ["RETRY_AFTER_S", "kind_of", "problem", "register_errors"]

RETRY_AFTER_S = "2"

_KINDS: tuple[tuple[type[TechfinderError], str], ...] = (
    (CursorExpired, "cursor-expired"),
    (CursorError, "bad-cursor"),
    (FieldWithheld, "not-allowed"),
    (ProfileNotFound, "no-such-profile"),
    (QueryError, "bad-question"),
    (CollectionNotFound, "nothing-indexed"),
    (FingerprintMismatch, "other-build"),
    (StoreUnavailable, "store-unavailable"),
    (EncoderError, "encoder-failed"),
    (StoreDamaged, "store-damaged"),
    (DatabaseError, "database-unavailable"),
    (TechfinderError, "failed"),
)


def kind_of(error: TechfinderError) -> str:
    """The name of the kind of problem that an expected error is."""
    return next(name for cls, name in _KINDS if isinstance(error, cls))


def problem(name: str, detail: str, faults: Sequence[Fault] = ()) -> Response:
    """The answer for a problem of the kind called `name`."""
    kind = KINDS[name]
    return _answer(uri(name), kind.title, kind.status, detail, faults)


def register_errors(app: Flask) -> None:
    """Answer errors of the API and the health checks as problem details; others stay as they are."""

    @app.errorhandler(TechfinderError)
    def expected(error: TechfinderError) -> Response:
        name = kind_of(error)
        if isinstance(error, ProfileNotFound):
            return problem(name, str(error), list(_missing(error)))
        # In a body it is the plan that is wrong, not the way it is written.
        return problem("bad-plan" if name == "bad-question" and question() is not None else name, str(error))

    @app.errorhandler(BadBody)
    def unreadable(error: BadBody) -> Response:
        return problem(error.kind, str(error), error.faults)

    @app.errorhandler(NotSignedIn)
    def unknown(error: NotSignedIn) -> Response:
        answer = problem("not-signed-in", error.description or "")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.errorhandler(NotAllowed)
    def refused(error: NotAllowed) -> Response:
        return problem("not-allowed", error.description or "")

    @app.errorhandler(OtherSite)
    def from_elsewhere(error: OtherSite) -> Response:
        return problem("other-site", error.description or "")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/api/"):
            return error
        detail = error.description or error.name
        if error.code == 404:
            detail = f"There is nothing at {cut(request.path)}. /api/docs lists what the API has."
        if error.code == 413:
            detail = f"The body has more than {request.max_content_length:,} bytes. Ask for less."
        answer = _answer(BLANK, error.name, error.code or 500, detail)
        for name, value in error.get_headers():
            if name.lower() != "content-type":  # Allow, Retry-After
                answer.headers[name] = value
        return answer


def _missing(error: ProfileNotFound) -> Iterator[Fault]:
    """A fault for each place of the body that names somebody who does not exist."""
    body = question()
    asked = body.model_dump(include={"like", "not_like", "ids"}) if body is not None else {}
    places = [(f"#/{key}/{i}", name) for key, names in asked.items() for i, name in enumerate(names)]
    for place, name in [p for p in places if p[1] in error.ids][:MOST_FAULTS]:
        yield Fault(pointer=place, detail=f"there is no profile {cut(name)}")


def _answer(kind: str, title: str, status: int, detail: str, faults: Sequence[Fault] = ()) -> Response:
    told = Problem(
        type=kind,
        title=title,
        status=status,
        detail=_printable(detail),
        instance=quote(request.path.encode("utf-8", "replace")),
        request_id=REQUEST_ID.get(),
        errors=tuple(faults[:MOST_FAULTS]),
    )
    body = told.model_dump_json(exclude=None if told.errors else {"errors"})
    answer = Response(body + "\n", status, mimetype="application/problem+json")
    if status == 503:
        answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
