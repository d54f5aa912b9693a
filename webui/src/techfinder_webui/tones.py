"""The schema's colours as a style sheet that reads well in both themes.

A schema gives a value one colour. As text it must stand out from its background by 4.5 to 1
(WCAG 2.2 AA) in the light and in the dark theme, so each colour is moved towards black or
white until it does. A style sheet of its own keeps inline styles out of the pages.
"""

from __future__ import annotations

import re

from techfinder import Schema, SchemaField

__all__ = ["contrast", "schema_css", "tone_class"]

Rgb = tuple[float, float, float]

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_BLACK: Rgb = (0, 0, 0)
_WHITE: Rgb = (255, 255, 255)
_NIGHT: Rgb = (24, 28, 34)  # --surface of the dark theme in app.css
_AA = 4.6  # 4.5, and room for rounding to whole colours


def tone_class(field: SchemaField, value: str) -> str:
    """The class of a value with a usable colour, as ``tone-adopter_category-3``; else empty."""
    for index, known in enumerate(field.values):
        if known.name == value and _HEX.fullmatch(known.color):
            return f"tone-{field.name}-{index}"
    return ""


def schema_css(schema: Schema) -> str:
    """One rule per coloured value and theme: ``--tone`` for text, ``--tone-soft`` behind it."""
    colours = {
        tone_class(field, value.name): _parse(value.color)
        for field in schema.fields
        for value in field.values
        if _HEX.fullmatch(value.color)
    }
    light = "\n".join(_rule(name, colour, _WHITE, 0.10) for name, colour in colours.items())
    dark = "\n".join(_rule(name, colour, _NIGHT, 0.26) for name, colour in colours.items())
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours written as ``#rrggbb``, from 1 to 21."""
    return _contrast(_parse(one), _parse(other))


def _rule(name: str, colour: Rgb, surface: Rgb, strength: float) -> str:
    soft = _mix(surface, colour, strength)
    return f".{name} {{ --tone: {_write(_readable(colour, soft))}; --tone-soft: {_write(soft)}; }}"


def _readable(colour: Rgb, background: Rgb) -> Rgb:
    end = _BLACK if _luminance(background) > 0.18 else _WHITE
    steps = (_mix(colour, end, step / 20) for step in range(21))
    return next((mixed for mixed in steps if _contrast(mixed, background) >= _AA), end)


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    r, g, b = (a + (z - a) * share for a, z in zip(one, other, strict=True))
    return r, g, b


def _contrast(one: Rgb, other: Rgb) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    r, g, b = (_linear(channel / 255) for channel in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _parse(text: str) -> Rgb:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _write(colour: Rgb) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in colour)
