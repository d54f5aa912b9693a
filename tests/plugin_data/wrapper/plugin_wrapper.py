"""Wants to change the answers of others."""

from techfinder import hookimpl


@hookimpl(wrapper=True)
def register_filters():
    yield
    return []
