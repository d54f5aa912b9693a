"""Every hook that techfinder calls, sorted by moment of use.

A plugin is a module that is named by an entry point of the group ``techfinder`` and that
holds functions marked with :data:`hookimpl`. It accepts only the arguments it needs. The
core ships its own answers in :mod:`techfinder.defaults`, written in the same way.

All ``register_*`` hooks are called once, at start, from one thread, under a deadline
(``plugin_timeout_s``). They must be cheap: no weights, no files, no network, no heavy import.
An implementation that raises, hangs or answers something else is listed as failed by
``techfinder plugins``, and the app starts without it unless a setting selects it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Blueprint

    from techfinder.finder import Finder
    from techfinder.interfaces import EncoderEntry, FilterEntry, GaugeEntry, SourceEntry
    from techfinder.lexicons import Lexicon
    from techfinder.plan import QueryPlan
    from techfinder.schema import Schema
    from techfinder.settings import Settings

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "techfinder"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_sources(settings: Settings) -> list[SourceEntry]:  # type: ignore[empty-body]
    """Offer kinds of input that ``techfinder index`` can read, or generate.

    Args:
        settings: All settings, read-only.

    Returns:
        Entries with names and suffixes unique over all plugins. An empty list is fine.

    Raises:
        SettingsError: A setting this plugin needs is missing; the plugin is listed as failed.
    """


@hookspec
def register_encoders(settings: Settings) -> list[EncoderEntry]:  # type: ignore[empty-body]
    """Offer text encoders.

    Args:
        settings: All settings, read-only.

    Returns:
        Entries; ``info.name`` unique over all plugins, ``info.dim`` the length of one vector.
        Whether the weights are there is only asked when ``load`` is called.

    Raises:
        SettingsError: A setting this plugin needs is missing; the plugin is listed as failed.
    """


@hookspec
def register_filters(settings: Settings, schema: Schema) -> list[FilterEntry]:  # type: ignore[empty-body]
    """Offer filters for the panel, the command line, the API and the URL.

    The core offers one for every attribute of the schema; a plugin adds grouped and derived
    ones. A plugin that needs attributes which this schema lacks returns an empty list.

    Args:
        settings: All settings, read-only.
        schema: What a profile is.

    Returns:
        Entries with names unique over all plugins.
    """


@hookspec
def register_gauges(settings: Settings, schema: Schema) -> list[GaugeEntry]:  # type: ignore[empty-body]
    """Offer gauges for the cards.

    Args:
        settings: All settings, read-only.
        schema: What a profile is.

    Returns:
        Entries whose ``measure`` maps a hit to a :class:`~techfinder.models.Gauge` with a value
        in [0, 1], or to None. It runs for each card shown: keep it under a millisecond. One
        that raises costs its own gauge only.
    """


@hookspec
def register_lexicons(settings: Settings, schema: Schema) -> list[Lexicon]:  # type: ignore[empty-body]
    """Offer words of a trade, which the reader of sentences then knows.

    The core offers those it comes with. A plugin reads its own from a file with
    :func:`~techfinder.lexicons.load_lexicon`.

    Args:
        settings: All settings, read-only.
        schema: What a profile is; a lexicon for another schema is left out.

    Returns:
        Lexicons with names unique over all plugins. One that names what the schema lacks is refused.
    """


@hookspec
def register_blueprints(finder: Finder) -> list[Blueprint]:  # type: ignore[empty-body]
    """Offer Flask blueprints. Called once by the app factory, after the other hooks.

    Args:
        finder: The same object that serves the API; keep a reference, open nothing yet. In each request it is as the
            role of who asks may see it (setting ``field_roles``), outside of one as the least role may: whoever streams
            an answer looks up what is in it before, or with ``stream_with_context``.

    Returns:
        Blueprints with names unique over all plugins; their URL rules must not start with
        ``/api/``, which is the core's, and each view says with :func:`techfinder.needs` who may ask it.
    """


@hookspec(firstresult=True)
def parse_query(text: str, finder: Finder, as_typed: Sequence[str]) -> QueryPlan | None:
    """Read a question. Called for each search, from many threads; answer in milliseconds.

    Plugins are asked in turn and the first plan that is not None counts. The built-in answer
    comes last. A plan that names what the schema does not have, or an exception, is noted in
    the plan's notices, and the next answer is taken.

    Args:
        text: The question as typed, at most 2,000 characters.
        finder: For its schema and facet values.
        as_typed: Words of the question that its writer does not want to be put right.

    Returns:
        A plan whose ``text`` is the question, or None to leave it to the next.
    """
