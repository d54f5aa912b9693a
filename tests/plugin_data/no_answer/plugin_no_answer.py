"""Forgot to return."""

from techfinder import hookimpl


@hookimpl
def register_filters(schema):
    _ = []
