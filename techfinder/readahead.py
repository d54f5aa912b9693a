"""Reading in one thread while another works on what was read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

__all__ = ["read_ahead"]

Item = TypeVar("Item")


def read_ahead(
    items: Iterator[Item], size: int, stop: threading.Event, first: int | None = None
) -> Iterator[list[Item]]:
    """Windows of `size` items, the last one shorter, read by a thread that stays at most three windows ahead.

    The first one has `first` items where that is given, so that work begins soon. What `items` raises is raised
    here, in its place. Setting `stop` ends the thread.
    """
    ready: queue.Queue[list[Item] | BaseException | None] = queue.Queue(maxsize=2)

    def put(item: list[Item] | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        window: list[Item] = []
        wanted = first or size
        try:
            for item in items:
                window.append(item)
                if len(window) == wanted:
                    if not put(window):
                        return
                    window, wanted = [], size
            if window:
                put(window)
            put(None)
        except BaseException as error:  # carried over to the thread that waits for the windows
            put(error)

    threading.Thread(target=read, name="techfinder-read", daemon=True).start()
    while (answer := ready.get()) is not None:
        if isinstance(answer, BaseException):
            raise answer
        yield answer
