"""Answers a generator that raises half way."""

from techfinder import FilterEntry, OptionFilter, hookimpl


@hookimpl
def register_filters(schema):
    yield FilterEntry("half", "half", "Test", "choice", load=lambda: OptionFilter("half", "half", []))
    raise ValueError("half way")
