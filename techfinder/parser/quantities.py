"""Numbers with what is said around them: "over 50", "25-34", "70 to 90k", "a couple of weeks", "in their thirties"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from techfinder.parser.english import number_words
from techfinder.parser.numerals import Numerals
from techfinder.parser.spotting import Item
from techfinder.parser.tokens import Token

__all__ = ["LEAST_AGE", "Quantities", "Quantity"]

_THIRDS = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}
_TO = frozenset({"to", "-", "/", "or", "and"})
_TENS = {w: n for w, n in number_words().items() if w.endswith("y")}
_RANGE_SIGNS = frozenset({"or", "up", "-", "to", "..", "through", "thru", "till", "until"})
_SMALL = frozenset({"-", "the", "of", "their", "about", "an", "in", "be"})
_NEARLY = 0.1
"""How far a number in another unit may be from a whole one that is meant."""

_BETWEEN = 6
"""Words that may stand between a comparison and its number."""

_AGES = (10, 100)
LEAST_AGE = 13
"""Fewer years are not taken for an age."""

_FIGURES = frozenset({"figure", "fig"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a range.

    Attributes:
        low, high: Bounds; None is open. Both the same for one exact number.
        above, below: Whether the bound itself is left out.
        unit: ``years``, ``months``, ``money``, ``percent``, ``of 10``, or empty. Bounds in ``months`` are months.
        first, last: The items it takes, `last` not included.
        plain: One number without any word of comparison.
        about: Whether it was given roughly.
    """

    low: float | None
    high: float | None
    above: bool = False
    below: bool = False
    unit: str = ""
    first: int = 0
    last: int = 0
    plain: bool = False
    about: bool = False

    def scaled(self, factor: float, unit: str) -> Quantity:
        """In another unit."""
        low, high = (None if b is None else _rounded(b * factor) for b in (self.low, self.high))
        return replace(self, low=low, high=high, unit=unit)

    def bounds(self) -> dict[str, float]:
        """As the bounds of a condition."""
        found: dict[str, float] = {}
        if self.low is not None:
            found["gt" if self.above else "gte"] = self.low
        if self.high is not None:
            found["lt" if self.below else "lte"] = self.high
        return found


def _rounded(value: float) -> float:
    """To two places, or to a whole number that is nearly meant: 90 days are three months."""
    return float(round(value)) if value >= 0.9 and abs(value - round(value)) <= _NEARLY else round(value, 2)


class Quantities:
    """Finds quantities in one sentence."""

    def __init__(self, items: Sequence[Item], tokens: Sequence[Token]) -> None:
        """Take the items and the tokens that these count."""
        self._items, self._tokens = items, tokens
        self._item_at = {item.first: i for i, item in enumerate(items)}
        self._numerals = Numerals(tokens, self._unit_follows)

    def at(self, place: int) -> Quantity | None:
        """The quantity that begins at item `place`; None when there is none."""
        item = self._items[place]
        comparisons = [str(s.data) for s in item.senses if s.kind == "compare"]
        after = self._skip(place + 1)
        for sign in sorted(comparisons, key=lambda s: s != "between"):
            found = self._number_or_range(after, in_words=sign == "between")
            if found is None or (sign == "between" and found.low == found.high):
                continue
            found = self._aged(found)
            if found.unit == "" and "age" in item.text.lower().split()[0]:
                found = replace(found, unit="years")
            if item.text.lower() == "in" and found.unit not in ("months", "years"):
                continue
            if item.text.lower() == "past" and found.unit == "months" and self._word(place - 1) == "the":
                continue  # "in the past 3 months" is a stretch of time, no comparison
            return self._compared(replace(found, first=place), sign)
        found = self._number_or_range(place)
        if found is None:
            return None
        if found.low != found.high:
            found = self._aged(found)
        return self._after(replace(found, first=place, plain=found.low == found.high))

    def _aged(self, found: Quantity) -> Quantity:
        """With the ending that makes numbers ages: "under 21s", "25-35s"."""
        ending = self._items[found.last] if found.last < len(self._items) else None
        if ending is None or found.unit or not all(_AGES[0] <= (b or 0) < _AGES[1] for b in (found.low, found.high)):
            return found
        token = self._tokens[ending.first]
        return replace(found, unit="years", last=found.last + 1) if token.stem == "s" and token.glued else found

    def _skip(self, place: int) -> int:
        """Past "the age of", "a" and the like between a comparison and its number."""
        end = min(place + _BETWEEN, len(self._items))
        for at in range(place, end):
            if self._numerals.at(self._items[at].first) is not None:
                return at
            item = self._items[at]
            word = self._tokens[item.first].stem
            aged = item.data("age") == "aged"
            if not (aged or word in _SMALL or (word == "a" and self._unit(at + 1) is None)):
                return at
        return end

    def _number_or_range(self, place: int, in_words: bool = False) -> Quantity | None:
        if place >= len(self._items):
            return None
        decade = self._decade(place)
        if decade is not None:
            return decade
        one = self._numerals.at(self._items[place].first)
        if one is None:
            return self._numbered(place) or self._one_of_a_unit(place)
        value, token, money = one
        found = self._range(value, token, money, in_words) or self._figures(value, token)
        if found is not None:
            return found
        return self._with_unit(Quantity(value, value, unit="money" if money else "", last=self._item_after(token)))

    def _range(self, value: float, token: int, money: bool, in_words: bool) -> Quantity | None:
        """A range that begins with `value`, `token` being what comes after it; None when it stands alone."""
        sign = self._stem(token)
        if sign == "," and (interval := self._interval(value, token)) is not None:
            return interval
        unit = None if sign in _RANGE_SIGNS else self._unit(self._item_after(token))
        if unit is not None:
            # "six months to two years": the first number has a unit of its own
            token = self._items[unit[2]].first if unit[2] < len(self._items) else len(self._tokens)
            sign = self._stem(token)
        if sign == "up" and self._stem(token + 1) != "to":
            return None
        if sign not in _RANGE_SIGNS and not (in_words and sign == "and" and unit is None):
            return None
        two = self._numerals.at(token + 1 + (sign == "up"))
        if two is None:
            open_ended = sign == ".." and unit is None
            found = Quantity(value, None, unit="money" if money else "", last=self._item_after(token + 1))
            return self._with_unit(found) if open_ended else None
        high, end, more = two
        if unit is None and value < 1000 <= high:
            value *= self._numerals.multiplier(token + 1, end, high)
        found = Quantity(
            min(value, high), max(value, high), unit="money" if money or more else "", last=self._item_after(end)
        )
        other = self._unit(found.last) if unit is not None else None
        if unit is not None and other is not None and other[0] == unit[0]:
            high = high * other[1] / unit[1]
            return replace(found, low=min(value, high), high=max(value, high), last=other[2]).scaled(unit[1], unit[0])
        return self._with_unit(found)

    def _interval(self, value: float, token: int) -> Quantity | None:
        """ "[25, 35)": from a bracket to a bracket; a round one leaves its bound out."""
        two = self._numerals.at(token + 1)
        if two is None or token < 2 or self._stem(token - 2) != "[" or self._stem(two[1]) not in ("]", ")"):
            return None
        high, end, _ = two
        below = self._stem(end) == ")"
        return Quantity(value, high, below=below, last=self._item_after(end)) if value < high else None

    def _stem(self, token: int) -> str:
        return self._tokens[token].stem if token < len(self._tokens) else ""

    def _numbered(self, place: int) -> Quantity | None:
        """ "month three", "week 6": a time by its number."""
        unit = self._unit(place)
        one = self._numerals.at(self._items[place + 1].first) if unit and place + 1 < len(self._items) else None
        if unit is None or one is None or unit[0] != "months":
            return None
        value, token, _ = one
        return Quantity(value, value, last=self._item_after(token)).scaled(unit[1], "months")

    def _one_of_a_unit(self, place: int) -> Quantity | None:
        """ "a year", "the first month", "half a year" without a number of its own."""
        word = self._tokens[self._items[place].first].stem
        share = 0.5 if word == "half" else 1.0
        start = place + 1 if word in ("a", "an", "half", "one", "first") else place
        if start < len(self._items) and self._tokens[self._items[start].first].stem in ("a", "an"):
            start += 1
        unit = self._unit(start)
        if unit is None or unit[0] != "months" or (start == place and not self._after_first(place)):
            return None
        last = unit[2]
        if self._and_a_half(last):
            share, last = share + 0.5, last + 3
        return Quantity(share, share, last=last).scaled(unit[1], "months")

    def _and_a_half(self, place: int) -> bool:
        return [self._word(place + i) for i in range(3)] == ["and", "a", "half"]

    def _after_first(self, place: int) -> bool:
        return place > 0 and self._items[place - 1].text.lower().endswith(("first", "within the"))

    def _figures(self, value: float, token: int) -> Quantity | None:
        """ "six figures": that many digits."""
        if token >= len(self._tokens) or self._tokens[token].stem not in _FIGURES or not 3 < value < 10:
            return None
        low = 10.0 ** (value - 1)
        return Quantity(low, None if value >= 6 else low * 10 - 1, unit="money", last=self._item_after(token + 1))

    def _decade(self, place: int) -> Quantity | None:
        """ "thirties", "their 30s", "late 40s", "thirtysomething"."""
        share = _THIRDS.get(self._tokens[self._items[place].first].stem)
        token = self._items[place].first + (1 if share else 0)
        if share and self._stem(token) in _TO and (until := _THIRDS.get(self._stem(token + 1))) is not None:
            share, token = (share[0], max(share[1], until[1])), token + 2  # "early to mid 30s"
        if share and self._stem(token) == "-":
            token += 1
        if token >= len(self._tokens):
            return None
        here, word = self._tokens[token], self._tokens[token].stem.removesuffix("something")
        start = here.number if here.number is not None else _TENS.get(word)
        following = self._tokens[token + 1] if token + 1 < len(self._tokens) else None
        after = following.stem if following is not None else ""
        if start is None or start % 10 or not 0 < start < 100:
            return None
        if following is not None and (after == "something" or (after == "s" and following.glued)):
            token += 1
        elif here.number is not None or not here.text.lower().endswith(("ies", "something", "somethings")):
            return None
        low, high = share or (0, 9)
        return Quantity(start + low, start + high, unit="years", last=self._item_after(token + 1))

    def _unit_follows(self, token: int) -> bool:
        item = self._item_at.get(token)
        return item is not None and self._items[item].has("unit", "category", "field", "compare_after")

    def _unit(self, place: int) -> tuple[str, float, int] | None:
        """The unit at an item: its name, the factor, and the item after it."""
        if place >= len(self._items):
            return None
        data = self._items[place].data("unit")
        if data is None:
            return None
        name, _, factor = str(data).partition(":")
        return name, float(factor or 1), place + 1

    def _word(self, place: int) -> str:
        return self._tokens[self._items[place].first].stem if place < len(self._items) else ""

    def _with_unit(self, found: Quantity) -> Quantity:
        sum_of_money = found.unit == "money" or (found.low or 0) >= 1000
        if sum_of_money and self._word(found.last) == "a" and (time := self._unit(found.last + 1)) is not None:
            times = round(12 / time[1]) if time[0] == "months" else 1
            return replace(found, last=found.last + 2).scaled(times, "money")  # "50k a year", "3k a month"
        if not found.unit and [self._word(found.last), self._word(found.last + 1)] == ["/", "10"]:
            return replace(found, unit="of 10", last=found.last + 2)  # "9/10"
        unit = self._unit(found.last)
        if unit is None:
            return found
        name, factor, last = unit
        if found.low == found.high and self._and_a_half(last):
            found, last = replace(found, low=(found.low or 0) + 0.5, high=(found.high or 0) + 0.5), last + 3
        if name == "thousand":
            return self._with_unit(replace(found, unit="money", last=last).scaled(1000, "money"))
        if name == "percent" and self._word(last) == "a" and self._unit(last + 1):
            last += 2  # "20 % a year"
        if found.unit == "money":
            found = replace(found, last=last) if name in ("money", "months") else found
            return found.scaled(factor, name) if name == "money" else found
        if name == "months" and last < len(self._items) and self._items[last].data("age") == "aged":
            return replace(found, unit="years", last=last + 1)
        return replace(found, last=last).scaled(factor, name)

    def _compared(self, found: Quantity, sign: str) -> Quantity:
        low, high = found.low, found.high
        if sign in (">", "<") and found.unit == "years" and low is not None and high == low + 9 and low % 10 == 0:
            high = low  # "over-70s"
        match sign:
            case ">" if high is None:
                return found  # "over six figures"
            case "<=" if high is None:
                return replace(found, low=None, high=low)
            case ">=":
                return replace(found, high=None if low == high else high)
            case "<=":
                return replace(found, low=None if low == high else low)
            case ">":
                return replace(found, low=high, high=None, above=True)
            case "<":
                return replace(found, low=None, high=low, below=True)
            case "~":
                return replace(found, about=True)
        return found

    def _after(self, found: Quantity) -> Quantity:
        """With a comparison that stands behind the number."""
        place = found.last
        if place >= len(self._items):
            return found
        first = self._tokens[self._items[found.first].first]
        if first.stem.endswith("ish") and first.stem[:-3] in number_words():
            return replace(found, about=True, plain=False)
        sign = self._items[place].data("compare_after")
        if sign is None or found.low != found.high or self.begins_another(place):
            return found
        made = replace(found, last=place + 1, plain=False)
        if sign == "~":
            return self._with_unit(replace(made, about=True))
        return self._with_unit(replace(made, high=None) if sign == ">=" else replace(made, low=None))

    def begins_another(self, place: int) -> bool:
        """Whether a comparison belongs to the number behind it: "two of them and under 40"."""
        after = self._items[place + 1] if place + 1 < len(self._items) else None
        return after is not None and self._items[place].has("compare") and self._numerals.at(after.first) is not None

    def _item_after(self, token: int) -> int:
        """The item that begins at a token, or the first one after it."""
        while token < len(self._tokens) and token not in self._item_at:
            token += 1
        return self._item_at.get(token, len(self._items))
