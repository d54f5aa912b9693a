"""What is asked for by a name or a value that does not exist, and what was probably meant.

The schema does not list every value of an open field, so a misspelt one is no error: it finds no
one. Here it is found out, and told with the live value that was probably meant.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from techfinder.errors import cut, known_names
from techfinder.filters import as_input
from techfinder.interfaces import Collection, FacetRequest, FilterEntry
from techfinder.models import GenerationInfo
from techfinder.plan import Condition, Notice
from techfinder.schema import Attribute, Schema

__all__ = ["LiveValues", "correct", "filter_hint"]

_MOST_VALUES = 10_000
_LONGEST_VALUE = 100
_NEAREST = 3
_FEW = 12
_COMMONEST = 5

Chosen = Mapping[str, Sequence[str]]


class LiveValues:
    """The values that are live, by attribute. Remembered for one generation; safe for many threads."""

    def __init__(self) -> None:
        """Nothing is asked for yet."""
        self._lock = threading.Lock()
        self._generation: GenerationInfo | None = None
        self._kept: dict[str, tuple[str, ...]] = {}

    def of(self, collection: Collection, key: str) -> tuple[str, ...]:
        """The values of a text attribute, those that most people have first; at most 10,000."""
        generation = collection.info()
        with self._lock:
            if self._generation == generation and key in self._kept:
                return self._kept[key]
        counts = collection.facets([FacetRequest(key, (), field=key)])[key]
        values = tuple(sorted(counts, key=lambda v: (-counts[v], v))[:_MOST_VALUES])
        if collection.info() == generation:
            self._keep(generation, key, values)
        return values

    def _keep(self, generation: GenerationInfo, key: str, values: tuple[str, ...]) -> None:
        with self._lock:
            if self._generation != generation:
                self._generation, self._kept = generation, {}
            self._kept[key] = values


@dataclass(frozen=True, slots=True)
class _Open:
    """One input of a filter that asks for a value which the schema does not list."""

    name: str
    text: str
    attribute: Attribute
    value: str

    def with_value(self, value: str) -> str:
        """The input that asks the same of another value."""
        written = f'"{self.value}"' if f'"{self.value}"' in self.text else self.value
        return self.text.replace(written, as_input(value, self.attribute.known_values))


def correct(
    chosen: Chosen,
    entries: Mapping[str, FilterEntry],
    schema: Schema,
    collection: Callable[[], Collection],
    live: LiveValues,
) -> tuple[dict[str, list[str]], tuple[Notice, ...]]:
    """The inputs with values in the letter case in which they are live, and what to say of the others.

    Args:
        chosen: Inputs by filter name; every one is understood by its filter.
        collection: Opens the live generation; not called while the schema knows every value asked for.

    Returns:
        The inputs, and a notice ``no-such-value`` for each value that no one has: ``words`` is the
        input, ``suggestions`` are inputs that would find somebody.
    """
    corrected = {name: list(texts) for name, texts in chosen.items()}
    asked = list(_open_inputs(chosen, entries, schema))
    notices = []
    for item in _nobodys(asked, schema, collection()) if asked else ():
        values = () if item.attribute.field.kind == "text" else live.of(collection(), item.attribute.key)
        same = [v for v in values if v.casefold() == item.value.casefold()]
        if len(same) == 1:
            texts = corrected[item.name]
            corrected[item.name] = [item.with_value(same[0]) if t == item.text else t for t in texts]
        else:
            notices.append(_notice(item, same or _near(item.value, values), values))
    return corrected, tuple(notices)


def filter_hint(name: str, entries: Mapping[str, FilterEntry], schema: Schema) -> str:
    """The end of a "no such filter" message: filters with the same words, or those that are called nearly so.

    ``state`` finds ``location_state``, ``product_smartphones`` finds ``smartphone_product``, and
    ``salary``, which the schema knows as a word for a field, finds ``annual_income``.
    """
    words = _words(name)
    same = [n for n in entries if words and words <= _words(n)]
    called = [f.name for f in schema.fields if name.casefold() in (s.casefold() for s in f.synonyms)]
    meant = [n for n in dict.fromkeys([*same, *called]) if n in entries]
    return f"Did you mean {' or '.join(cut(n) for n in meant[:_NEAREST])}?" if meant else known_names(name, entries)


def _words(name: str) -> frozenset[str]:
    """The words of a filter's name, in the singular."""
    return frozenset(word.removesuffix("s") for word in re.split(r"[\W_]+", name.casefold()) if word)


def _open_inputs(chosen: Chosen, entries: Mapping[str, FilterEntry], schema: Schema) -> Iterator[_Open]:
    for name, texts in chosen.items():
        entry = entries[name]
        attribute = schema.attributes.get(entry.field)
        if attribute is None or attribute.numeric:
            continue
        for text in dict.fromkeys(texts):
            value = _value_asked(entry.load().clauses([text]), attribute)
            if value and value in text:
                yield _Open(name, text, attribute, value)


def _value_asked(clauses: Sequence[object], attribute: Attribute) -> str:
    """The one value that the clauses compare with, when the schema does not list it."""
    match clauses:
        case [Condition(field=attribute.key, op="any_of" | "none_of", values=(value,))]:
            return "" if value in attribute.known_values else value
        case _:
            return ""


def _nobodys(asked: Sequence[_Open], schema: Schema, collection: Collection) -> list[_Open]:
    """Those whose value no one has: counted by name, which is cheap however many values there are."""
    options = {
        str(i): schema.resolve([Condition(field=item.attribute.key, op="any_of", values=(item.value,))])
        for i, item in enumerate(asked)
    }
    counts = collection.facets([FacetRequest("asked", (), options=options)])["asked"]
    return [item for i, item in enumerate(asked) if not counts.get(str(i))]


def _near(value: str, values: Sequence[str]) -> list[str]:
    if len(value) > _LONGEST_VALUE:
        return []
    folded = {v.casefold(): v for v in reversed(values)}
    wanted = value.casefold()
    near = get_close_matches(wanted, folded, _NEAREST, 0.8) or get_close_matches(wanted, folded, _NEAREST)
    return [folded[n] for n in near]


def _notice(item: _Open, near: Sequence[str], values: Sequence[str]) -> Notice:
    return Notice(
        code="no-such-value",
        text=f"No one has {item.attribute.label} {cut(item.value)}. {_hint(near, values)}".strip(),
        words=item.text,
        filter=item.name,
        suggestions=tuple(item.with_value(v) for v in near[:_NEAREST]),
    )


def _hint(near: Sequence[str], values: Sequence[str]) -> str:
    if near:
        return f"Did you mean {' or '.join(cut(v) for v in near[:_NEAREST])}?"
    if not values:
        return ""
    if len(values) <= _FEW:
        return f"There are {', '.join(cut(v) for v in values)}."
    shown = ", ".join(cut(v) for v in values[:_COMMONEST])
    return f"The commonest of {len(values):,} are {shown}."
