"""Implements a hook that does not exist; the other hook is fine."""

from techfinder import hookimpl


@hookimpl
def register_encoders(settings):
    return []


@hookimpl
def register_filtres(settings):
    return []
