"""Called as another plugin is."""

from techfinder import FilterEntry, OptionFilter, hookimpl


@hookimpl
def register_filters(schema):
    return [FilterEntry("twin", "twin", "Test", "choice", load=lambda: OptionFilter("twin", "twin", []))]
