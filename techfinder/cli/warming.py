"""What a server does once before it is at its best."""

from __future__ import annotations

import gc
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from techfinder.errors import TechfinderError

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["warm_up"]


def warm_up(finder: Finder) -> threading.Thread:
    """Load the encoder in the background, then take all that stays out of garbage collection; returns the thread.

    Libraries and model are half a million objects. Python looks through all of them now and then, and holds every
    answer up for a fifth of a second meanwhile; nothing of it is ever garbage.
    """
    finder.start_encoder()
    thread = threading.Thread(target=_set_aside, args=(finder,), name="warm-up", daemon=True)
    thread.start()
    return thread


def _set_aside(finder: Finder) -> None:
    with suppress(TechfinderError):  # whoever searches is told
        finder.load_encoder()
    gc.freeze()
