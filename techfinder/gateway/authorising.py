"""Who may read through the gateway: the one place that decides."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request

from techfinder.gateway.refusals import Refused
from techfinder.settings import LOOPBACK, Settings

__all__ = ["Analyst", "authorise"]


@dataclass(frozen=True, slots=True)
class Analyst:
    """Whoever asks.

    Attributes:
        name: For the record of calls.
    """

    name: str


def authorise(request: Request, settings: Settings) -> Analyst:
    """Who asks. Without sign-in that is whoever sits at this machine; a token is not looked at then. Raises Refused."""
    if settings.host in LOOPBACK:
        return Analyst("local")
    raise Refused(401, "Unauthorized: this techfinder does not listen on this machine alone, and nobody is signed in")
