"""What the client raises, made from the ``type`` of the problem that comes back.

::

    ApiError (TechfinderError)     anything that the API refuses or fails at
    ├── BadRequest (QueryError)    a question, plan, body or cursor that cannot be used
    │   └── ChangedMeanwhile (CursorExpired)   other people are live now; begin to page again
    ├── NotAllowed                 no token, a wrong one, or one without the right
    ├── NotFound                   no such person, run, or address
    ├── NothingIndexed (CollectionNotFound)
    ├── OtherBuild (FingerprintMismatch)
    └── Unavailable (StoreUnavailable)         try again, after `retry_after_s` where that is known
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from pydantic import ValidationError

from techfinder.errors import (
    CollectionNotFound,
    CursorExpired,
    FingerprintMismatch,
    QueryError,
    StoreUnavailable,
    TechfinderError,
    cut,
)
from techfinder.wire.problems import PREFIX, Problem

__all__ = [
    "ApiError",
    "BadRequest",
    "ChangedMeanwhile",
    "NotAllowed",
    "NotFound",
    "NothingIndexed",
    "OtherBuild",
    "Unavailable",
    "error_of",
]


class ApiError(TechfinderError):
    """The API refused a request, or failed.

    Attributes:
        problem: What came back; None when no answer came, or none that can be read.
        retry_after_s: When to try again, in seconds; None where nothing was said.
    """

    def __init__(self, message: str, problem: Problem | None = None, retry_after_s: float | None = None) -> None:
        """Say `message`, made from the `problem`."""
        super().__init__(message)
        self.problem, self.retry_after_s = problem, retry_after_s


class BadRequest(ApiError, QueryError):
    """A question, plan, body or cursor cannot be used; ``problem.errors`` points to what is wrong."""


class ChangedMeanwhile(BadRequest, CursorExpired):
    """The people have changed while they were paged through."""


class NotAllowed(ApiError):
    """There is no token, a wrong one, or one that has no right to this."""


class NotFound(ApiError):
    """There is no such person, index run or address."""


class NothingIndexed(ApiError, CollectionNotFound):
    """Nobody has been indexed yet."""


class OtherBuild(ApiError, FingerprintMismatch):
    """What is stored was made with another encoder or schema."""


class Unavailable(ApiError, StoreUnavailable):
    """No answer came, or the store or the encoder is not ready."""


_BY_KIND: Mapping[str, type[ApiError]] = {
    "bad-question": BadRequest,
    "bad-json": BadRequest,
    "invalid-request": BadRequest,
    "bad-plan": BadRequest,
    "bad-cursor": BadRequest,
    "cursor-expired": ChangedMeanwhile,
    "nothing-indexed": NothingIndexed,
    "other-build": OtherBuild,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    413: BadRequest,
    414: BadRequest,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(answer: httpx.Response) -> ApiError:
    """The error that an answer stands for."""
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        problem = None
    kind = problem.type.removeprefix(PREFIX) if problem else ""
    message = problem.detail if problem else f"The server answered {answer.status_code}: {cut(answer.text)}."
    after = answer.headers.get("Retry-After", "")
    made = _BY_KIND.get(kind) or _BY_STATUS.get(answer.status_code, ApiError)
    return made(message, problem, float(after) if after.isdigit() else None)
