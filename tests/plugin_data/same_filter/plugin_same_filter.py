"""Offers a filter that another plugin offers already, and one of its own."""

from techfinder import FilterEntry, OptionFilter, hookimpl


@hookimpl
def register_filters():
    return [
        FilterEntry("good", "good", "Test", "choice", load=lambda: OptionFilter("good", "good", [])),
        FilterEntry("other", "other", "Test", "choice", load=lambda: OptionFilter("other", "other", [])),
    ]
