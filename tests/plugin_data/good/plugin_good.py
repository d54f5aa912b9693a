"""Does everything right."""

from techfinder import FilterEntry, OptionFilter, hookimpl


@hookimpl
def register_filters(schema):
    return [FilterEntry("good", "good", "Test", "choice", load=lambda: OptionFilter("good", "good", []))]
