"""Schema colours become a style sheet that reads well in both themes."""

from __future__ import annotations

import re

from techfinder.schema import Schema, load_schema
from techfinder_webui.tones import contrast, schema_css, tone_class

_RULE = re.compile(r"\.(?P<name>\S+) \{ --tone: (?P<tone>#\w{6}); --tone-soft: (?P<soft>#\w{6}); \}")


def _schema(*colours: str) -> Schema:
    values = [{"name": f"v{n}", "color": colour} for n, colour in enumerate(colours)]
    return Schema.model_validate(
        {"name": "s", "id": "id", "field": [{"name": "stage", "kind": "category", "label": "Stage", "values": values}]}
    )


def test_contrast_is_that_of_wcag() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_every_colour_is_readable_in_both_themes() -> None:
    colours = [f"#{r}{g}{b}" for r in ("00", "7f", "ff") for g in ("00", "7f", "ff") for b in ("00", "7f", "ff")]
    rules = [m.groupdict() for m in _RULE.finditer(schema_css(_schema(*colours)))]
    assert len(rules) == 2 * len(colours)
    assert min(contrast(r["tone"], r["soft"]) for r in rules) >= 4.5


def test_the_shipped_schema_tells_five_adopter_categories_apart() -> None:
    schema = load_schema()
    field = schema.field("adopter_category")
    classes = [tone_class(field, v.name) for v in field.values]
    assert classes == [f"tone-adopter_category-{n}" for n in range(5)]
    light = schema_css(schema).split("@media")[0]
    assert len({m["tone"] for m in _RULE.finditer(light)}) == 5


def test_what_is_no_colour_never_reaches_the_style_sheet() -> None:
    css = schema_css(_schema("red; } body { display: none", "#12345", "url(//x)"))
    assert "body" not in css
    assert not _RULE.search(css)
