"""What the gateway does not answer, in Qdrant's own form: ``{"status": {"error": ...}, "time": ...}``."""

from __future__ import annotations

from techfinder.errors import (
    CollectionNotFound,
    DatabaseError,
    DimensionMismatch,
    EncoderError,
    FieldWithheld,
    FingerprintMismatch,
    QueryError,
    StoreUnavailable,
    TechfinderError,
)

__all__ = ["Refused", "bad_body", "refusal", "wrong"]

_KINDS: tuple[tuple[type[TechfinderError], int, str], ...] = (
    (FieldWithheld, 403, "Forbidden"),
    (QueryError, 400, "Wrong input"),
    (DimensionMismatch, 400, "Wrong input"),
    (CollectionNotFound, 404, "Not found"),
    (FingerprintMismatch, 503, "Service unavailable"),
    (StoreUnavailable, 503, "Service unavailable"),
    (EncoderError, 503, "Service unavailable"),
    (DatabaseError, 503, "Service unavailable"),
)


class Refused(Exception):
    """A request that is not answered.

    Attributes:
        status: Of the HTTP answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def bad_body(message: str) -> Refused:
    """A body that is not of the form expected."""
    return Refused(400, f"Format error in JSON body: {message}")


def wrong(message: str) -> Refused:
    """A request of the right form that asks for what cannot be answered."""
    return Refused(400, f"Wrong input: {message}")


def refusal(error: TechfinderError) -> Refused:
    """An expected error as an analyst is told it; messages about files and addresses stay in the log."""
    for kind, status, title in _KINDS:
        if isinstance(error, kind):
            said = _SAID.get(status, str(error))
            return Refused(status, f"{title}: {said}")
    return Refused(500, "Service internal error: the request failed; the log of techfinder tells more.")


_SAID = {
    404: "nothing has been indexed yet",
    503: "the people or the encoder cannot be read in time. Try again, or ask for less.",
}
