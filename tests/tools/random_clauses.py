"""Random profiles of a schema, and random clauses that ask for them: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.schema import Attribute, Schema

__all__ = ["random_clauses", "random_profiles", "random_sort"]

WORDS = ("alpha", "Beta", "été", "a b", '"q"', "delta's", "", "0")


def random_profiles(schema: Schema, size: int, rng: random.Random) -> list[Profile]:
    """Profiles with a value for some attributes; how many differs from attribute to attribute."""
    shares = {key: rng.choice((0.1, 0.6, 0.95)) for key in schema.attributes}
    return [
        Profile(f"u{n:04d}", {k: _value(a, rng) for k, a in schema.attributes.items() if rng.random() < shares[k]})
        for n in range(size)
    ]


def random_clauses(schema: Schema, profiles: Sequence[Profile], rng: random.Random) -> list[Condition | AnyOf]:
    """None to four clauses; most name values that occur."""
    return [
        _group(schema, profiles, rng) if rng.random() < 0.3 else _condition(schema, profiles, rng)
        for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4)))
    ]


def random_sort(schema: Schema, rng: random.Random) -> list[Sort]:
    """None to three keys."""
    # A store sorts a scale by its level, which has a key of its own.
    keys = [a.key for a in schema.attributes.values() if not a.ordered]
    fields = rng.sample(keys, rng.choice((0, 1, 1, 2, 3)))
    return [Sort(field=f, descending=rng.random() < 0.5) for f in fields]


def _value(attribute: Attribute, rng: random.Random) -> Value:
    names = attribute.known_values or WORDS
    if attribute.storage == "keywords":
        return tuple(rng.sample(names, rng.randint(1, min(4, len(names)))))
    if attribute.storage == "keyword":
        return rng.choice(names)
    low, high = attribute.field.min or 0, attribute.field.max or 100
    number = rng.uniform(low, high)
    return int(number) if attribute.storage == "integer" else round(number, rng.choice((0, 1, 6)))


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
    low, high = sorted(float(_asked(attribute, profiles, rng)) for _ in range(2))
    if rng.random() < 0.2:
        low, high = low + 0.5, high + 0.5
    bounds = {rng.choice(("gte", "gt")): low, rng.choice(("lte", "lt")): high}
    if rng.random() < 0.4:
        del bounds[rng.choice(list(bounds))]
    return Condition(field=attribute.key, op="range", **bounds)  # type: ignore[arg-type]


def _asked(attribute: Attribute, profiles: Sequence[Profile], rng: random.Random) -> str:
    """A value that occurs, or now and then one that may not."""
    value = rng.choice(profiles).values.get(attribute.key)
    if value is None or rng.random() < 0.1:
        return str(rng.randint(-5, 130)) if attribute.numeric else rng.choice((*WORDS, "nothing"))
    return str(rng.choice(value)) if isinstance(value, tuple) else str(value)
