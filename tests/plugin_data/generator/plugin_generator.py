"""Answers a generator, and a good one."""

from techfinder import FilterEntry, OptionFilter, hookimpl


@hookimpl
def register_filters(schema):
    yield FilterEntry(
        "generated", "generated", "Test", "choice", load=lambda: OptionFilter("generated", "generated", [])
    )
