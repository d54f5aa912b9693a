"""Messages about what went wrong, is not ready, or was not understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from techfinder import (
    CollectionNotFound,
    DatabaseError,
    Notice,
    ProfileNotFound,
    QueryError,
    StoreDamaged,
    StoreUnavailable,
    TechfinderError,
)
from techfinder_webui.address import Address
from techfinder_webui.panel import in_words
from techfinder_webui.parts import Banner, Link

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["no_encoder", "notice_banners", "plugin_banners", "problem"]

_SAMPLE = "techfinder index synthetic:n=1000,seed=7"
_KINDS = {"sensitive-field": "warning", "plugin-failed": "warning", "plugin-busy": "warning"}


def problem(finder: Finder, error: TechfinderError) -> tuple[Banner, int]:
    """An expected error as a message for people, and its HTTP status."""
    match error:
        case ProfileNotFound():
            return Banner("warning", "There is no such person", str(error)), 404
        case QueryError():
            return Banner("error", "This cannot be searched as it stands", str(error)), 400
        case CollectionNotFound():
            return _nothing_indexed(finder), 200
        case StoreUnavailable():
            text = "The store did not answer in time. It is restarted by itself: try again in a few seconds."
            return Banner("error", "The store is not available", text), 503
        case DatabaseError():
            return Banner("error", "The application database does not answer", str(error)), 503
        case StoreDamaged():
            return Banner("error", "The store is damaged", str(error), "techfinder store check"), 500
        case _:
            return Banner("error", "Something this page needs has failed", str(error)), 500


def no_encoder(error: TechfinderError) -> Banner:
    """What is said when only ranking by meaning fails: filters and browsing go on without it."""
    return Banner("warning", "Ranking by meaning is not available", str(error))


def notice_banners(notices: Sequence[Notice], asked: Address, path: str) -> tuple[Banner, ...]:
    """What is to be told of the question, with links to the same search with what was probably meant.

    Corrections are left out: they have chips.
    """
    return tuple(_notice(n, asked, path) for n in notices if n.code != "corrected")


def plugin_banners(finder: Finder) -> tuple[Banner, ...]:
    """A banner that names the plugins which failed; a missing optional dependency is no failure."""
    names = sorted({f.plugin for f in finder.plugins.failures if f.kind != "dependency absent"})
    if not names:
        return ()
    title = f"Not working: {', '.join(names)}"
    return (Banner("warning", title, "The rest is. To see what happened:", "techfinder plugins"),)


def _notice(notice: Notice, asked: Address, path: str) -> Banner:
    others = [(other, asked.instead(notice.filter, notice.words, other)) for other in notice.suggestions]
    links = tuple(Link(f"Search for {in_words(other)} instead", address.url(path)) for other, address in others)
    return Banner(_KINDS.get(notice.code, "info"), notice.text, links=links)


def _nothing_indexed(finder: Finder) -> Banner:
    title, text = "Nothing is indexed yet", f"Index some {finder.schema.subject[1]} first, then come back to this page."
    # Made people have the columns of the built-in schema, and of no other.
    if finder.settings.schema_file is None and "synthetic" in finder.plugins.sources():
        return Banner("info", title, f"{text} To make a sample and index it, run:", _SAMPLE)
    return Banner("info", title, f"{text} To read them from a table, run:", "techfinder index FILE")
