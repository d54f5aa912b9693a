"""Answers a mapping where a list is asked for."""

from techfinder import hookimpl


@hookimpl
def register_filters(schema):
    return {"age": "a filter"}
