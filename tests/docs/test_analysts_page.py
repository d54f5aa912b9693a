"""docs/analysts.md names every key of the payload, every operation, and the limits as they are."""

from __future__ import annotations

import re

import payload_table
from techfinder.gateway import filters, limits
from techfinder.gateway.routes import OPERATIONS
from techfinder.settings import Settings
from techfinder.store.graph import HNSW_EF

PAGE = payload_table.PAGE.read_text(encoding="utf-8")


def test_the_table_of_the_payload_is_current() -> None:
    assert payload_table.with_table(PAGE) == PAGE, "run `make docs`"


def test_every_operation_is_named() -> None:
    section = PAGE.split("## What can be asked\n")[1].split("\nEverything else")[0]
    for _, rule, _ in OPERATIONS:
        short = re.sub("<name>", "NAME", re.sub("<point>", "ID", rule))
        assert f"{short}`" in section or f"{short.removeprefix('/collections/NAME')}`" in section, rule


def test_the_limits_are_the_ones_in_force() -> None:
    section = PAGE.split("## Limits\n")[1].split("\n## ")[0]
    defaults = Settings.model_fields
    for number in (
        defaults["analyst_max_rows"].default,
        limits.MOST_OFFSET,
        limits.MOST_SEARCHES,
        limits.MOST_VALUES_COUNTED,
        filters.MOST_CONDITIONS,
        filters.MOST_VALUES,
        filters.MOST_DEPTH,
        HNSW_EF,
    ):
        assert f"{number:,}" in section, number
    assert f"{defaults['analyst_timeout_s'].default:g} s" in section
    names = {f"TECHFINDER_{n.upper()}" for n in defaults if n.startswith("analyst_")}
    assert names <= set(re.findall("[A-Z_]+", section))
