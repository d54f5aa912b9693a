"""Who reads through the gateway; whether they may, the gate before every route has decided."""

from __future__ import annotations

from dataclasses import dataclass

from techfinder.guarding import guard_of

__all__ = ["Analyst", "authorise"]


@dataclass(frozen=True, slots=True)
class Analyst:
    """Whoever asks.

    Attributes:
        name: For the record of calls.
    """

    name: str


def authorise() -> Analyst:
    """Who asks; the gate before every route has let them in. Without sign-in that is whoever sits at this machine."""
    identity = guard_of().identity()
    return Analyst(identity.label if identity is not None else "")
