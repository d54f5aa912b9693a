"""Random profiles of a schema, and random clauses that ask for them: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.schema import Attribute, Schema

__all__ = ["random_clauses", "random_profiles", "random_sort"]

WORDS = ("alpha", "Beta", "été", "e\u0301te\u0301", "a b", " a b", '"q"', "delta's", "", "0", "null", "\n", "😀", "z\0")
NUMBERS = ("nan", "inf", "-inf", "1e400", "2.5", "-0", "1e30", "9007199254740993")
"""Numbers that are asked for now and then, and that no one has, or nearly no one."""

EPOCH = date(1970, 1, 1)
EXACT = 2**53
"""Above it, floats miss whole numbers."""


def random_profiles(schema: Schema, size: int, rng: random.Random) -> list[Profile]:
    """Profiles with a value for some attributes; how many differs from attribute to attribute."""
    shares = {key: rng.choice((0.1, 0.6, 0.95)) for key, a in schema.attributes.items() if not a.derived}
    return [_profile(schema, f"u{n:04d}", shares, rng) for n in range(size)]


def random_clauses(schema: Schema, profiles: Sequence[Profile], rng: random.Random) -> list[Condition | AnyOf]:
    """None to four clauses; most name values that occur."""
    return [
        _group(schema, profiles, rng) if rng.random() < 0.3 else _condition(schema, profiles, rng)
        for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4)))
    ]


def random_sort(schema: Schema, rng: random.Random) -> list[Sort]:
    """None to three keys."""
    keys = [a.key for a in schema.attributes.values() if a.storage != "keywords"]
    fields = rng.sample(keys, rng.choice((0, 1, 1, 2, 3)))
    return [Sort(field=f, descending=rng.random() < 0.5) for f in fields]


def _profile(schema: Schema, name: str, shares: dict[str, float], rng: random.Random) -> Profile:
    values: dict[str, Value] = {}
    for key, share in shares.items():
        attribute = schema.attributes[key]
        if rng.random() < share:
            values[key] = value = _value(attribute, rng)
            values |= {f"{key}_{n}": v for n, v in _derived(attribute, value).items()}
    return Profile(name, values)


def _derived(attribute: Attribute, value: Value) -> dict[str, Value]:
    """What an import computes from a value, by the end of its key."""
    field = attribute.field
    if attribute.ordered:
        return {"level": field.level(str(value)) or 0}
    if isinstance(value, tuple):
        return {"count": len(value)}
    if _is_date(attribute):
        return {"day": (date.fromisoformat(str(value)) - EPOCH).days}
    if field.buckets and not isinstance(value, str):
        return {"bucket": max(b for b in field.buckets if b <= value)}
    return {}


def _is_date(attribute: Attribute) -> bool:
    return attribute.part == "adopted_on" or (attribute.field.kind == "date" and not attribute.derived)


def _value(attribute: Attribute, rng: random.Random) -> Value:
    names = attribute.known_values or WORDS
    if attribute.field.open and rng.random() < 0.1:
        names = WORDS
    if attribute.storage == "keywords":
        return tuple(rng.sample(names, rng.randint(1, min(4, len(names)))))
    if _is_date(attribute):
        return (EPOCH + timedelta(days=rng.randint(-2000, 22_000))).isoformat()
    if attribute.storage == "keyword":
        return rng.choice(names)
    return _number(attribute, rng)


def _number(attribute: Attribute, rng: random.Random) -> Value:
    low, high = attribute.field.min, attribute.field.max
    whole = attribute.storage == "integer"
    if low is None and high is None and not attribute.derived and attribute.part == "value":
        if whole:
            return rng.choice((rng.randint(-9, 9), rng.randint(-(2**40), 2**40), EXACT + rng.randint(-2, 5)))
        return rng.choice(
            (-0.0, 0.0, float(f"{rng.uniform(-1, 1):.15g}"), round(rng.uniform(-1e9, 1e9), 2), 5e-324, 1e300)
        )
    number = rng.uniform(low or 0, high or 100)
    return int(number) if whole else round(number, rng.choice((0, 1, 6)))


def _group(schema: Schema, profiles: Sequence[Profile], rng: random.Random) -> AnyOf:
    conditions = tuple(_condition(schema, profiles, rng) for _ in range(rng.randint(1, 5)))
    return AnyOf(conditions=conditions, at_least=rng.randint(1, len(conditions) + 1), negated=rng.random() < 0.3)


def _condition(schema: Schema, profiles: Sequence[Profile], rng: random.Random) -> Condition:
    attribute = rng.choice(list(schema.attributes.values()))
    op = rng.choice(("any_of", "none_of", "all_of", "range", "range", "missing", "present", "at_least", "at_most"))
    if op in ("missing", "present"):
        return Condition(field=attribute.key, op=op)  # type: ignore[arg-type]
    if op == "range":
        return _range(rng.choice([a for a in schema.attributes.values() if a.numeric]), profiles, rng)
    if op in ("at_least", "at_most"):
        scale = rng.choice([a for a in schema.attributes.values() if a.ordered])
        return Condition(field=scale.key, op=op, values=(rng.choice(scale.known_values),))  # type: ignore[arg-type]
    values = tuple(_asked(attribute, profiles, rng) for _ in range(rng.choice((1, 1, 2, 4))))
    return Condition(field=attribute.key, op=op, values=values)  # type: ignore[arg-type]


def _range(attribute: Attribute, profiles: Sequence[Profile], rng: random.Random) -> Condition:
    low, high = sorted(float(_occurring(attribute, profiles, rng) or rng.randint(-5, 130)) for _ in range(2))
    if rng.random() < 0.2:
        low, high = low + 0.5, high + 0.5
    bounds = {rng.choice(("gte", "gt")): low, rng.choice(("lte", "lt")): high}
    if rng.random() < 0.4:
        del bounds[rng.choice(list(bounds))]
    # A range of dates is asked of the date itself, in days.
    field = attribute.key.removesuffix("_day") if attribute.part == "day" else attribute.key
    return Condition(field=field, op="range", **bounds)  # type: ignore[arg-type]


def _asked(attribute: Attribute, profiles: Sequence[Profile], rng: random.Random) -> str:
    """A value that occurs, or now and then one that may not."""
    value = _occurring(attribute, profiles, rng)
    if value is None or rng.random() < 0.1:
        numbers = (str(rng.randint(-5, 130)), rng.choice(NUMBERS))
        return rng.choice(numbers if attribute.numeric else (*WORDS, "nothing"))
    return value


def _occurring(attribute: Attribute, profiles: Sequence[Profile], rng: random.Random) -> str | None:
    value = rng.choice(profiles).values.get(attribute.key)
    if value is None:
        return None
    return str(rng.choice(value)) if isinstance(value, tuple) else str(value)
