"""Filters made from a schema: one class for each control of the panel. They are stateless.

What a user writes after ``NAME=``; repeat it to ask for any of several:

================  ==========================================================================
``High``          this value; one that the schema lists also in any case or by a synonym
``!High``         not this value (holds where nothing is known); goes before all but ``*``
``>=High``        this level or a higher one; for numbers and dates: at least
``<=Moderate``    this level or a lower one; for numbers and dates: at most
``>50``, ``<50``  more than, less than (for levels: higher, lower)
``30..40``        from, to, both included; ``30..`` and ``..40`` leave one end open
``?``, ``*``      nothing known, anything known
``"?"``           in quotes: the text itself
================  ==========================================================================

Dates are written as ``2026-01-31``, ``2026-01`` or ``2026``; the last two mean the whole month or
year. Numbers may have separators, and k for thousands: ``100,000``, ``100k``.
"""

from __future__ import annotations

import calendar
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from techfinder.errors import QueryError, cut
from techfinder.options import either
from techfinder.plan import AnyOf, Condition

if TYPE_CHECKING:
    from techfinder.interfaces import FilterOption
    from techfinder.schema import Attribute

__all__ = [
    "Asked",
    "ChoiceFilter",
    "RangeFilter",
    "as_input",
    "attribute_filter",
    "inputs_by_name",
    "is_ranged",
    "read_value",
]

_Form = Literal["value", "not", "at_least", "at_most", "above", "below", "between", "missing", "present"]

_EPOCH = date(1970, 1, 1).toordinal()
_SIGNS: tuple[tuple[str, _Form], ...] = ((">=", "at_least"), ("<=", "at_most"), (">", "above"), ("<", "below"))
_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[+-]?\.\d+)(k?)", re.IGNORECASE)
_LONGEST_NUMBER = 40  # well within what a float holds
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One value, taken apart: what is done, with which text (`high` only for "between"), or its opposite."""

    form: _Form
    text: str = ""
    high: str = ""
    negated: bool = False


def read_value(value: str) -> Asked:
    """What a value asks for, by the syntax in this module's head.

    Raises:
        QueryError: It is empty, or lacks what belongs after a sign.
    """
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return Asked("value", text[1:-1])
    if text in ("?", "*"):
        return Asked("missing" if text == "?" else "present")
    if text.startswith("!"):
        if text[1:].lstrip().startswith("!"):
            raise QueryError(f"{cut(value)} says not twice. Write one '!', or put the value in quotes.")
        inner = read_value(text[1:])
        return Asked(inner.form, inner.text, inner.high, negated=True)
    for sign, form in _SIGNS:
        if text.startswith(sign):
            return Asked(form, _needed(text[len(sign) :], value))
    if ".." in text:
        low, _, high = (part.strip() for part in text.partition(".."))
        if low or high:
            return Asked("between", low, high)
    return Asked("value", _needed(text, value))


def is_ranged(attribute: Attribute) -> bool:
    """Whether a stretch is asked of the attribute: of numbers and dates."""
    return attribute.numeric or attribute.field.kind == "date" or attribute.part == "adopted_on"


def attribute_filter(attribute: Attribute) -> ChoiceFilter | RangeFilter:
    """The filter of an attribute, by its kind; it is called what the attribute is."""
    return (RangeFilter if is_ranged(attribute) else ChoiceFilter)(attribute.key, attribute)


def as_input(value: str, known: Collection[str]) -> str:
    """The input that picks exactly this value: in quotes where it would be read as a sign.

    Args:
        value: One value of an attribute.
        known: Those that the schema lists, which are never read as signs.
    """
    return f'"{value}"' if value not in known and (value[:1] in ("!", "<", ">", '"') or value in ("?", "*")) else value


def _needed(text: str, value: str) -> str:
    if not text.strip():
        raise QueryError(f"{cut(value)} names no value. Write one, as in High, !High, >=High, 30..40, ? or *.")
    return text.strip()


class _AttributeFilter(ABC):
    """Clauses on one attribute: any of what is asked for, and none of what is excluded."""

    def __init__(self, name: str, attribute: Attribute) -> None:
        """A filter called `name`, which becomes the ``origin`` of its clauses."""
        self.name, self.attribute = name, attribute

    def options(self) -> tuple[FilterOption, ...]:
        """None: the attribute's own values are counted."""
        return ()

    def clauses(self, values: Sequence[str]) -> tuple[Condition | AnyOf, ...]:
        """Clauses for any of the positive values and none of the negated ones.

        Raises:
            QueryError: A value is not understood, or `values` is empty.
        """
        if not values:
            raise QueryError(f"The filter {self.name!r} was given no value.")
        asked = [self.read(value) for value in values]
        wanted = self._merged([self.condition(a) for a in asked if not a.negated])
        unwanted = self._merged([self.condition(a) for a in asked if a.negated])
        positive = [self._any_of(wanted)] if wanted else []
        return (*positive, *(self._opposite(c) for c in unwanted))

    def read(self, value: str) -> Asked:
        """One value taken apart."""
        return read_value(value)

    def in_order(self, value: str) -> str:
        """The value; of a range that ends before it starts, the one from its end to its start. Raises QueryError."""
        asked = self.read(value)
        if asked.form != "between" or not (asked.text and asked.high):
            return value
        turned = self._place(asked.text) > self._place(asked.high)
        return f"{'!' if asked.negated else ''}{asked.high}..{asked.text}" if turned else value

    @abstractmethod
    def condition(self, asked: Asked) -> Condition:
        """The condition for what is asked, without its negation. Raises QueryError."""

    @abstractmethod
    def _place(self, text: str) -> float:
        """Where one end of a range lies among all. Raises QueryError."""

    def _make(self, words: str, **parts: object) -> Condition:
        return Condition.model_validate(
            {"field": self.attribute.key, "words": f"{self.attribute.label} {words}", "origin": self.name, **parts}
        )

    def _known(self, asked: Asked) -> Condition:
        if asked.form == "missing":
            return self._make("not known", op="missing")
        return self._make("known", op="present")

    def _merged(self, conditions: Iterable[Condition]) -> list[Condition]:
        """The same conditions, those on single values as one, doubles left out."""
        plain: dict[str, None] = {}
        others: dict[Condition, None] = {}
        for condition in conditions:
            if condition.op == "any_of":
                plain.update(dict.fromkeys(condition.values))
            else:
                others[condition] = None
        together = [self._make(f"is {either(plain)}", op="any_of", values=tuple(plain))] if plain else []
        return together + list(others)

    def _any_of(self, conditions: Sequence[Condition]) -> Condition | AnyOf:
        if len(conditions) == 1:
            return conditions[0]
        words = either(c.words for c in conditions)
        return AnyOf(conditions=tuple(conditions), words=words, label=self.attribute.label, origin=self.name)

    def _opposite(self, condition: Condition) -> Condition | AnyOf:
        label = self.attribute.label
        if condition.op == "any_of":
            return self._make(f"is not {either(condition.values)}", op="none_of", values=condition.values)
        if condition.op == "missing":
            return self._make("known", op="present")
        if condition.op == "present":
            return self._make("not known", op="missing")
        words = f"not: {condition.words}"
        return AnyOf(conditions=(condition,), negated=True, words=words, label=label, origin=self.name)


class ChoiceFilter(_AttributeFilter):
    """Picks values of a category, scale, boolean, place or tags attribute."""

    def read(self, value: str) -> Asked:
        """One value taken apart; what the schema knows as a value is one, whatever it looks like."""
        text = value.strip()
        negated = text.startswith("!") and self._canonical(text) is None
        inner = text[1:].strip() if negated else text
        if self._canonical(inner) is not None:
            return Asked("value", inner, negated=negated)
        asked = read_value(value)
        if asked.form == "between" and not self.attribute.ordered:
            return Asked("value", inner, negated=negated)  # without an order two dots are only text
        return asked

    def condition(self, asked: Asked) -> Condition:
        """The condition for one value, a stretch of a scale, or for any or no value."""
        if asked.form in ("missing", "present"):
            return self._known(asked)
        if asked.form == "value":
            value = self._value(asked.text)
            return self._make(f"is {value}", op="any_of", values=(value,))
        return self._levels(asked)

    def _levels(self, asked: Asked) -> Condition:
        attribute = self.attribute
        if not attribute.ordered:
            raise QueryError(
                f"{attribute.label} has no order, so nothing is above or below {cut(asked.text)}. Name values instead."
            )
        if asked.form in ("at_least", "at_most"):
            value, words = self._value(asked.text), asked.form.replace("_", " ")
            return self._make(f"{words} {value}", op=asked.form, values=(value,))
        names = attribute.known_values
        match asked.form:
            case "above":
                values = names[self._level(asked.text) + 1 :]
            case "below":
                values = names[: self._level(asked.text)]
            case _:
                low = self._level(asked.text) if asked.text else 0
                high = self._level(asked.high) if asked.high else len(names) - 1
                values = names[low : high + 1]
        if not values:
            raise QueryError(
                f"No level of {attribute.label} is {_said(asked)}. From low to high they are: {', '.join(names)}."
            )
        return self._make(f"is {either(values)}", op="any_of", values=values)

    def _level(self, text: str) -> int:
        return self.attribute.known_values.index(self._value(text))

    def _place(self, text: str) -> float:
        return self._level(text)

    def _value(self, text: str) -> str:
        found = self._canonical(text)
        if found is None:
            self.attribute.refuse_unlisted(text)
        return found or text

    def _canonical(self, text: str) -> str | None:
        if self.attribute.part == "uses" or self.attribute.field.kind == "boolean":
            return _YES_NO.get(text.casefold())
        if self.attribute.known_values:
            return self.attribute.field.canonical.get(text.casefold())
        return None


_YES_NO = dict.fromkeys(("yes", "y", "true", "1", "on"), "yes") | dict.fromkeys(("no", "n", "false", "0", "off"), "no")


def _said(asked: Asked) -> str:
    if asked.form == "between":
        return f"from {asked.text} to {asked.high}"
    return f"{asked.form} {asked.text}"


class RangeFilter(_AttributeFilter):
    """Picks a stretch of numbers, or of days for dates."""

    def condition(self, asked: Asked) -> Condition:
        """A range, both ends included unless ``>`` or ``<`` was written; dates in days since 1970-01-01."""
        if asked.form in ("missing", "present"):
            return self._known(asked)
        if asked.form == "between":
            return self._between(asked)
        first, last = self._span(asked.text)
        shown = asked.text
        match asked.form:
            case "at_least":
                return self._make(f"from {shown}", op="range", gte=first)
            case "at_most":
                return self._make(f"up to {shown}", op="range", lte=last)
            case "above":
                return self._make(f"{'after' if self._dated else 'over'} {shown}", op="range", gt=last)
            case "below":
                return self._make(f"{'before' if self._dated else 'under'} {shown}", op="range", lt=first)
            case _:
                return self._make(f"is {shown}", op="range", gte=first, lte=last)

    def _between(self, asked: Asked) -> Condition:
        low = self._span(asked.text)[0] if asked.text else None
        high = self._span(asked.high)[1] if asked.high else None
        if low is not None and high is not None and low > high:
            raise QueryError(
                f"{self.attribute.label} from {asked.text} to {asked.high} holds nothing: it ends before it starts. "
                f"Write {asked.high}..{asked.text}."
            )
        words = " ".join(p for p in (asked.text and f"from {asked.text}", asked.high and f"to {asked.high}") if p)
        return self._make(words, op="range", **_given(gte=low, lte=high))

    @property
    def _dated(self) -> bool:
        return self.attribute.field.kind == "date" or self.attribute.part == "adopted_on"

    def _place(self, text: str) -> float:
        return self._span(text)[0]

    def _span(self, text: str) -> tuple[float, float]:
        return self._day_span(text) if self._dated else self._number_span(text)

    def _number_span(self, text: str) -> tuple[float, float]:
        found = _NUMBER.fullmatch(text.strip())
        if found is None or len(text) > _LONGEST_NUMBER:
            raise QueryError(
                f"{cut(text)} is not a number, and {self.attribute.label} is one. Write it as 30, 30..40 or >50."
            )
        number = float(found[1].replace(",", "")) * (1_000 if found[2] else 1)
        return number, number

    def _day_span(self, text: str) -> tuple[float, float]:
        found = _DATE.fullmatch(text.strip())
        try:
            if found is None:
                raise ValueError(text)
            year, first_month, last_month = int(found[1]), int(found[2] or 1), int(found[2] or 12)
            first = date(year, first_month, int(found[3] or 1))
            last = date(year, last_month, int(found[3] or calendar.monthrange(year, last_month)[1]))
        except ValueError as error:
            raise QueryError(
                f"{cut(text)} is not a date, and {self.attribute.label} is one. Write 2026-01-31, 2026-01 or 2026."
            ) from error
        return first.toordinal() - _EPOCH, last.toordinal() - _EPOCH


def _given(**bounds: float | None) -> dict[str, float]:
    return {name: bound for name, bound in bounds.items() if bound is not None}


def inputs_by_name(texts: Iterable[str], called: str = "", hint: str = "") -> dict[str, list[str]]:
    """Inputs by filter name from ``NAME=VALUE`` texts; also ``NAME>=VALUE``, ``NAME!=VALUE`` and the like.

    Args:
        texts: One filter each.
        called: What stands before a text where it was written, for messages: ``"--filter "``.
        hint: What else to say of a text that has no comparison in it.

    Raises:
        QueryError: A text has no comparison in it, or no value.
    """
    filters: dict[str, list[str]] = {}
    for text in texts:
        at = next((i for i, c in enumerate(text) if c in "=!<>"), -1)
        if at <= 0:
            raise QueryError(f"{called}{cut(text)} is not NAME=VALUE, as in {called}age=30..40.{hint}")
        name, rest = text[:at].strip(), text[at:]
        value = rest[1:] if rest[0] == "=" else "!" + rest[2:] if rest.startswith("!=") else rest
        if not value.strip("!<>= "):
            raise QueryError(f"{called}{cut(text)} has no value. Write {name}=? for people without one.")
        filters.setdefault(name, []).append(value.strip())
    return filters
