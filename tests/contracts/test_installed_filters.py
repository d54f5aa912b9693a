"""Every filter that the core and the installed plugins offer for the built-in schema keeps the filter contract."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from techfinder.interfaces import FilterEntry
from techfinder.plugins import Plugins
from techfinder.schema import Schema, load_schema
from techfinder.settings import load_settings
from techfinder.testing.contracts import FilterCase, FilterContract

SCHEMA: Schema = load_schema()
NO_HOME = Path(__file__).parents[2] / ".cache" / "no-home"  # nobody's own settings
ENTRIES: Mapping[str, FilterEntry] = Plugins.load(load_settings(home=NO_HOME)).filters(SCHEMA)


def test_there_are_generic_and_derived_filters() -> None:
    assert {"age", "tech_interest", "smartphone_uses", "adopter_stage"} <= ENTRIES.keys()


@pytest.mark.parametrize("name", sorted(ENTRIES))
class TestInstalledFilters(FilterContract):
    @pytest.fixture
    def filter_case(self, name: str) -> FilterCase:
        return FilterCase(ENTRIES[name], SCHEMA)
