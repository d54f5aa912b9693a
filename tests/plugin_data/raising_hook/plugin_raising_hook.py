"""Raises when asked."""

from techfinder import hookimpl


@hookimpl
def register_filters(schema):
    raise ValueError("no such luck")
