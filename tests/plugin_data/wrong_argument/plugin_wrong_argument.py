"""Asks for an argument that the hook does not have; the other hook is fine."""

from techfinder import hookimpl


@hookimpl
def register_encoders(settings):
    return []


@hookimpl
def register_filters(settings, scheme):
    return []
