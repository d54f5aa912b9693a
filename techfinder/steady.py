"""Several questions to a collection, answered by one state of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from techfinder.models import GenerationInfo

__all__ = ["steadily"]

_Answer = TypeVar("_Answer")


def steadily(state: Callable[[], GenerationInfo], ask: Callable[[], _Answer]) -> tuple[_Answer, GenerationInfo]:
    """What `ask` answers, and the generation that answered all of it.

    Asks again when another generation went live meanwhile, or the people were changed.

    Args:
        state: What answers now.
        ask: Puts any number of questions; may be called several times.
    """
    while True:
        before = state()
        answer = ask()
        if state() == before:
            return answer, before
