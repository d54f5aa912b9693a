"""Dates and stretches of time: "before 2027-03-01", "in March", "within 90 days", "next quarter", "since last year"."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from techfinder.parser.clauses import in_range
from techfinder.parser.english import number_words
from techfinder.parser.nodes import Atom
from techfinder.parser.sentence import Sentence
from techfinder.plan import Condition
from techfinder.schema import SchemaField

__all__ = ["read_date"]

_MONTHS = {m.casefold(): n for n, m in enumerate(calendar.month_name) if m} | {
    m.casefold(): n for n, m in enumerate(calendar.month_abbr) if m
}
_PERIODS = frozenset({"day", "week", "month", "quarter", "year"})
_AHEAD = frozenset({"next", "coming", "following", "upcoming"})
_BACK = frozenset({"last", "past", "previous"})
_BEFORE, _AFTER = frozenset({"before", "until", "till", "by"}), frozenset({"after", "since", "from"})
_SIDES = _BEFORE | _AFTER | {"between"}
_BUYING = frozenset(
    {"bought", "buy", "got", "purchased", "adopted", "acquired", "upgraded", "switched", "ordered", "picked"}
)
"""Verbs that say when somebody came to have a thing."""

_EPOCH = date(1970, 1, 1)
_NEAR_BEFORE, _NEAR_AFTER = 8, 4
_FARTHEST = 3650
"""Days, months or years that may be counted from today."""

_MONTH_AFTER = frozenset(
    {"in", "by", "before", "after", "since", "until", "till", "of", "this", "next", "last", "from", "and"}
)
"""Before a month whose name is a word as well ("may"), where it is not written with a capital."""


@dataclass(frozen=True, slots=True)
class _Span:
    """From `low` to `high`, both included; None is open. `end` is the token after it."""

    low: date | None
    high: date | None
    end: int


def read_date(s: Sentence, place: int) -> int | None:
    """A date or a stretch of time that begins here, where a date field is named near, or a purchase is spoken of."""
    token = s.items[place].first
    if not any(f.kind in ("date", "adoption") for f in s.schema.fields):
        return None
    span = _compared(s, token) or _named(s, token)
    if span is None:
        return None
    of = _date_field(s, place)
    if of is None and (bought := _purchase(s, place, span)) is not None:
        return bought
    ahead = any(_stem(s, t) in _AHEAD for t in range(token, span.end))
    if of is None and ahead:
        dates = [f for f in s.schema.fields if f.kind == "date"]
        of = dates[0] if len(dates) == 1 else None
        if of is None:  # what is to come is no time after a release
            end = _item_at(s, place, span.end)
            s.unread += s.items[place:end]
            return end
    if of is None:
        return None
    return s.add([_within(of.name, span)], of.name, place, _item_at(s, place, span.end))


def _within(key: str, span: _Span) -> Condition:
    days = {"gte": span.low, "lte": span.high}
    return in_range(key, {name: float((day - _EPOCH).days) for name, day in days.items() if day is not None})


def _item_at(s: Sentence, place: int, token: int) -> int:
    """The item that begins at a token, or the first one after it."""
    while place < len(s.items) and s.items[place].first < token:
        place += 1
    return place


def _purchase(s: Sentence, place: int, span: _Span) -> int | None:
    """ "bought a laptop since June 2025", "laptop adopted before 2023": the day of a purchase, which is past."""
    word, back = _stem(s, s.items[place].first), s.last_atom()
    if s.tokens[s.items[place].first].number is not None or back is None or not _goes_with(s, back, place):
        return None
    around = s.items[max(0, back.first - _NEAR_BEFORE) : place]
    if word not in _SIDES and not any(s.tokens[i.first].stem in _BUYING for i in around):
        return None
    if span.low is not None and span.high is not None and span.low > s.today:
        span = _Span(_moved(span.low, "year", -1), _moved(span.high, "year", -1), span.end)  # "in December"
    attributes = [s.schema.attribute(c.field) for c in back.clauses if isinstance(c, Condition)]
    names = {a.field.name for a in attributes if a.field.kind == "adoption"}
    if len(names) != 1 or (span.low is not None and span.low >= s.today):
        return None
    key = f"{names.pop()}_adopted_on"
    if key not in s.schema.attributes:
        return None
    first = place
    if back.uses:
        s.nodes.remove(back)
        first = back.first
    return s.add([_within(key, span)], "adoption", first, _item_at(s, place, span.end))


def _goes_with(s: Sentence, back: Atom, place: int) -> bool:
    """Whether nothing stands between what was said last and an item that could be what the item is about."""
    between = s.items[back.last : place]
    return len(between) <= _NEAR_BEFORE and all(i.senses and not i.has("comma", "stop", "but", "and") for i in between)


def _date_field(s: Sentence, place: int) -> SchemaField | None:
    around = [*range(place - 1, max(-1, place - 1 - _NEAR_BEFORE), -1), *range(place, place + _NEAR_AFTER)]
    for at in around:
        if 0 <= at < len(s.items):
            if s.items[at].has("stop"):
                continue
            found = s.fields(at, lambda f: f.kind == "date")
            if found:
                return found[0]
    return None


def _stem(s: Sentence, token: int) -> str:
    return s.tokens[token].stem if 0 <= token < len(s.tokens) else ""


def _compared(s: Sentence, token: int) -> _Span | None:
    """ "before March", "after 2027-01-31", "between March and May", "within 90 days"."""
    word = _stem(s, token)
    start = token + 1
    while _stem(s, start) in ("the", "end", "of"):
        start += 1
    if word in _BEFORE and (found := _named(s, start)) is not None:
        included = word in ("by", "until", "till") or "end" in [_stem(s, t) for t in range(token + 1, start)]
        edge = found.high if included else found.low
        if edge is None:
            return None
        return _Span(None, edge if included else edge - timedelta(days=1), found.end)
    if word in _AFTER and (found := _named(s, start)) is not None:
        second = (
            _named(s, found.end + 1) if word == "from" and _stem(s, found.end) in ("to", "until", "till", "-") else None
        )
        if second is not None:
            return _Span(found.low, second.high, second.end)
        if found.high is None or found.low is None:
            return None
        return _Span(found.high + timedelta(days=1) if word == "after" else found.low, None, found.end)
    if word == "between" and (found := _named(s, start)) is not None and _stem(s, found.end) == "and":
        second = _named(s, found.end + 1)
        return _Span(found.low, second.high, second.end) if second is not None else None
    if word in ("within", "in"):
        return _from_now(s, start)
    return None


def _from_now(s: Sentence, token: int) -> _Span | None:
    """ "90 days", "the next 3 months", "the last week": counted from today."""
    while _stem(s, token) in ("the", "a"):
        token += 1
    back = _stem(s, token) in _BACK
    if back or _stem(s, token) in _AHEAD:
        token += 1
    number = _count(s, token)
    unit, end = _stem(s, token + 1), token + 2
    if number is None and _stem(s, token) in _PERIODS and _stem(s, token - 1) == "a":
        number, unit, end = 1.0, _stem(s, token), token + 1
    if number is None or unit not in _PERIODS or number != int(number) or number > _FARTHEST:
        return None
    if _stem(s, end) in ("ago", "from"):
        return None
    other = _moved(s.today, unit, -int(number) if back else int(number))
    return _Span(other, s.today, end) if back else _Span(s.today, other, end)


def _count(s: Sentence, token: int) -> float | None:
    """The number at a token, in figures or as one word."""
    if token >= len(s.tokens):
        return None
    number = s.tokens[token].number
    return number_words().get(s.tokens[token].stem) if number is None else number


def _named(s: Sentence, token: int) -> _Span | None:
    """A day, a month, a quarter, a year, by name or from today."""
    while _stem(s, token) in ("in", "the", "on", "of"):
        token += 1
    for reader in (_iso, _relative, _month, _quarter, _year):
        found = reader(s, token)
        if found is not None:
            return found
    return None


def _iso(s: Sentence, token: int) -> _Span | None:
    parts = [_stem(s, token + n) for n in range(5)]
    if parts[1] != "-" or not parts[0].isdigit() or len(parts[0]) != 4 or not parts[2].isdigit():
        return None
    whole = parts[3] == "-" and parts[4].isdigit()
    try:
        if whole:
            day = date(int(parts[0]), int(parts[2]), int(parts[4]))
            return _Span(day, day, token + 5)
        return _whole_month(int(parts[0]), int(parts[2]), token + 3)
    except ValueError:
        return None


def _relative(s: Sentence, token: int) -> _Span | None:
    word, unit = _stem(s, token), _stem(s, token + 1)
    if word in ("today", "tomorrow", "yesterday"):
        day = s.today + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[word])
        return _Span(day, day, token + 1)
    step = 0 if word in ("this", "current") else 1 if word in _AHEAD else -1 if word in _BACK else None
    if step is None:
        return None
    if word == "past" and unit in _PERIODS:
        return _Span(_moved(s.today, unit, -1), s.today, token + 2)
    if unit in _PERIODS:
        return _period(_moved(s.today, unit, step), unit, token + 2)
    return _from_now(s, token)


def _month(s: Sentence, token: int) -> _Span | None:
    """ "March", "March 2027", "5 March 2027", "March 5, 2027"."""
    day = None
    number = s.tokens[token].number if token < len(s.tokens) else None
    if number is not None and 1 <= number <= 31 and _stem(s, token + 1) in _MONTHS:
        day, token = int(number), token + 1
    month = _MONTHS.get(_stem(s, token))
    if month is None or (day is None and not _is_month(s, token)):
        return None
    token += 1
    number = s.tokens[token].number if token < len(s.tokens) else None
    if day is None and number is not None and 1 <= number <= 31 and number == int(number):
        day, token = int(number), token + 1
    after = token + 1 if _stem(s, token) == "," else token
    number = s.tokens[after].number if after < len(s.tokens) else None
    if number is not None and 1900 <= number <= 2200:
        year, token = int(number), after + 1
    else:
        year = s.today.year + (month < s.today.month)
    try:
        if day is not None:
            return _Span(date(year, month, day), date(year, month, day), token)
        return _whole_month(year, month, token)
    except ValueError:
        return None


def _is_month(s: Sentence, token: int) -> bool:
    """Whether "may" and "march" are months here."""
    return (
        s.tokens[token].stem not in ("may", "march")
        or s.tokens[token].text[:1].isupper()
        or (_stem(s, token - 1) in _MONTH_AFTER)
    )


def _quarter(s: Sentence, token: int) -> _Span | None:
    """ "Q2", "Q2 2027": the letter and its number are two tokens."""
    quarter = s.tokens[token + 1].number if token + 1 < len(s.tokens) and s.tokens[token + 1].glued else None
    if _stem(s, token) != "q" or quarter not in (1, 2, 3, 4):
        return None
    number = s.tokens[token + 2].number if token + 2 < len(s.tokens) else None
    given = number is not None and 1900 <= number <= 2200
    year = int(number) if given and number is not None else s.today.year
    return _period(date(year, 3 * int(quarter or 1) - 2, 1), "quarter", token + 2 + given)


def _year(s: Sentence, token: int) -> _Span | None:
    number = s.tokens[token].number if token < len(s.tokens) else None
    if number is None or not 1900 <= number <= 2200 or number != int(number):
        return None
    return _period(date(int(number), 1, 1), "year", token + 1)


def _period(day: date, unit: str, end: int) -> _Span:
    """The whole day, week, month, quarter or year that a day is in."""
    if unit == "day":
        return _Span(day, day, end)
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return _Span(monday, monday + timedelta(days=6), end)
    if unit == "month":
        return _whole_month(day.year, day.month, end)
    first = (day.month - 1) // 3 * 3 + 1 if unit == "quarter" else 1
    last = first + 2 if unit == "quarter" else 12
    return _Span(date(day.year, first, 1), _whole_month(day.year, last, end).high, end)


def _whole_month(year: int, month: int, end: int) -> _Span:
    return _Span(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]), end)


def _moved(day: date, unit: str, count: int) -> date:
    """So many days, weeks, months, quarters or years later; at the end of a shorter month its last day."""
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    year = min(max(year, date.min.year), date.max.year)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
