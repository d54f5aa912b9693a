"""Answers a list of names where entries are asked for."""

from techfinder import hookimpl


@hookimpl
def register_filters(schema):
    return ["age"]
