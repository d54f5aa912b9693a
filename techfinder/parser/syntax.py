"""Field syntax for analysts: ``age:18..24 AND NOT preferred_platforms:Instagram sort:-age limit:50``.

A term is a field (an attribute's key, or a field's name or one-word synonym), a sign (``:``, ``=``, ``!=``, ``<``,
``<=``, ``>``, ``>=``) and a value as the filters take it (:mod:`techfinder.filters`), in quotes where it has spaces.
Terms are joined by ``AND`` (or nothing), ``OR``, ``NOT`` and parentheses; ``exclude`` and other words that leave out
do so with the terms right behind them. Words outside terms are read as a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from techfinder.errors import QueryError
from techfinder.filters import attribute_filter
from techfinder.parser.alternatives import either_of
from techfinder.parser.clauses import Clause, opposite
from techfinder.parser.english import excluding_words, filling_words
from techfinder.parser.narrowing import omits
from techfinder.plan import Sort, parse_sort
from techfinder.schema import Schema

__all__ = ["Expression", "FaultyTerm", "read_expression"]

_TERM = re.compile(
    r"(?<![A-Za-z0-9_])(?P<key>[A-Za-z_][A-Za-z0-9_]*)(?:\s?(?P<sign>>=|<=|!=|<>|[=<>])\s?|:)(?P<value>(?:[!<>]=?\s?)?(?:\"[^\"]*\"|[^\s()]+))"
)
_JOINED_BEFORE = re.compile(r"(?:\b(?:NOT|AND|OR)\s*)+$")
_JOINED_AFTER = re.compile(r"^\s*(?:AND|OR)\b")
_WORD = re.compile(r"\(|\)|[^\s()]+")
_MOST_WORDS = 3
"""Words behind the first one of a value."""

_DEEPEST = 20
"""Parentheses and NOT within each other; more is no plan anyway."""

_ORDERS = frozenset({"sort", "limit"})
_SIGNS = {"&": "AND", "&&": "AND", "|": "OR", "||": "OR"}
_TRUTH = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_MOST_BETWEEN = 6
"""Words between "exclude" and a term that still belong together: "exclude everybody with"."""

_JOINTS = frozenset({"and", "or", "nor", "&", "OR"})
"""Words between terms that are left out together."""


@dataclass
class Expression:
    """What was written in field syntax.

    Attributes:
        clauses: Joined by "and".
        rest: The words outside terms.
        sort, limit: Where they were given.
    """

    clauses: list[Clause] = field(default_factory=list)
    rest: str = ""
    sort: tuple[Sort, ...] = ()
    limit: int | None = None


def read_expression(text: str, schema: Schema) -> Expression | None:
    """What the text says in field syntax; None when it holds no term, or cannot be said as a plan.

    Raises:
        FaultyTerm: A value is not understood by its field.
    """
    reader = _Reader(text, schema)
    return reader.read() if reader.has_terms else None


@dataclass(frozen=True)
class _Term:
    clauses: tuple[Clause, ...]


class _Reader:
    def __init__(self, text: str, schema: Schema) -> None:
        self._schema = schema
        self._keys = _names(schema)
        self._found = Expression()
        self._pieces = list(self._split(text))
        self.has_terms = any(isinstance(p, _Term) for p in self._pieces) or bool(self._found.sort or self._found.limit)
        self._place = self._depth = 0
        self._excluding, self._leaving = False, ""

    def read(self) -> Expression | None:
        """Everything; None when it is more than a plan can say."""
        try:
            self._found.clauses = self._and(top=True)
        except _TooMuch:
            return None
        return self._found if self._place == len(self._pieces) else None

    def _split(self, text: str) -> list[_Term | str]:
        pieces: list[_Term | str] = []
        end = 0
        for match in _TERM.finditer(text):
            key = self._keys.get(match["key"].casefold())
            if (key is None and match["key"].casefold() not in _ORDERS) or match.start() < end:
                continue
            pieces += _WORD.findall(text[end : match.start()])
            value = match["value"] if match["value"].endswith('"') else match["value"].rstrip(",;")
            if key is not None and match["sign"]:
                value = self._whole_value(key, value, text[match.end("value") :]) if value == match["value"] else value
            end = match.start("value") + len(value)
            words = text[match.start() : end]
            try:
                if key is None:
                    self._order(match["key"].casefold(), value)
                else:
                    pieces.append(_Term(self._clauses(key, match["sign"] or ":", value, words)))
            except QueryError as error:
                of = self._schema.attributes[key].field.name if key else ""
                raise _faulty(str(error), text, match.span(), of) from error
        return pieces + _WORD.findall(text[end:])

    def _whole_value(self, key: str, value: str, behind: str) -> str:
        """The value with the words behind it that belong to its name: "interest = very high"."""
        known = {v.casefold() for v in self._schema.attributes[key].known_values}
        if value.casefold() in known:
            return value
        words = behind.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS] if behind.startswith(" ") else []
        longer = (" ".join((value, *words[:count])).rstrip(",;") for count in range(len(words), 0, -1))
        return next((v for v in longer if v.casefold() in known and behind.startswith(v[len(value) :])), value)

    def _order(self, name: str, value: str) -> None:
        if name == "sort":
            self._found.sort = parse_sort([value])
            self._schema.resolve_sort(self._found.sort)
        elif not value.isdecimal() or not 1 <= int(value) <= 1000:
            raise QueryError(f"limit:{value} is not a number from 1 to 1000.")
        else:
            self._found.limit = int(value)

    def _clauses(self, key: str, sign: str, value: str, words: str) -> tuple[Clause, ...]:
        prefix = {"!=": "!", "<>": "!", ":": "", "=": ""}.get(sign, sign)
        if prefix in ("<", "<=", ">", ">=") and value.isdecimal() and f"{key}_count" in self._schema.attributes:
            key = f"{key}_count"  # "platforms >= 3"
        if (truth := _TRUTH.get(value.casefold())) is not None and self._schema.attributes[key].part == "product":
            key, value = f"{self._schema.attributes[key].field.name}_uses", truth  # "laptop = yes"
        made = attribute_filter(self._schema.attributes[key]).clauses([f"{prefix}{value}"])
        return tuple(c.model_copy(update={"origin": "", "words": words}) for c in made)

    # --- and, or, not, parentheses --------------------------------------------------------

    def _and(self, top: bool = False) -> list[Clause]:
        clauses = self._or(top)
        while self._place < len(self._pieces) and self._pieces[self._place] != ")":
            if self._is("AND"):
                self._go_on(str(self._next()))
                self._place += 1
            if self._next() in (",", ";"):
                self._leaving = self._leaving if self._excluding and self._next() == "," else ""
                self._excluding = bool(self._leaving)
                self._place += 1
                continue
            clauses += self._or(top)
        return clauses

    def _go_on(self, joint: str) -> None:
        """What "and" makes of what is left out: "exclude teachers and age>60", "exclude age>60 and teachers"."""
        following = self._pieces[self._place + 1] if self._place + 1 < len(self._pieces) else ""
        if joint == "and" and self._leaving and self._excluding and isinstance(following, str):
            self._found.rest = f"{self._found.rest} {self._leaving}".strip()
        self._excluding = joint == "and" and bool(self._leaving) and isinstance(following, _Term)

    def _or(self, top: bool) -> list[Clause]:
        options = [self._one(top)]
        while self._is("OR"):
            self._place += 1
            options.append(self._one(top))
        if len(options) == 1 or self._excluding:
            return [c for option in options for c in option]  # "exclude a=1 or b=2" leaves out both
        made = either_of(options, self._schema) if all(options) else None
        if made is None:
            raise _TooMuch
        return made

    def _one(self, top: bool) -> list[Clause]:
        self._depth += 1
        try:
            return self._one_within(top)
        finally:
            self._depth -= 1

    def _one_within(self, top: bool) -> list[Clause]:
        if self._place >= len(self._pieces) or self._depth > _DEEPEST:
            raise _TooMuch
        piece = self._pieces[self._place]
        self._place += 1
        if isinstance(piece, _Term):
            return [opposite(c, self._schema) for c in piece.clauses] if self._excluding else list(piece.clauses)
        self._excluding = self._excluding and piece in _JOINTS
        if piece.upper() == "NOT" and (self._is("(") or isinstance(self._next(), _Term)):
            return self._denied(top)
        if piece == "(":
            inner = self._and()
            if not self._is(")"):
                raise _TooMuch
            self._place += 1
            return inner
        if not top:
            raise _TooMuch
        if piece in (",", ";"):
            return []
        word = piece.rstrip(":,;").casefold()
        if (found := self._leaves_out()) is not None:
            word, self._place = found
            if not omits(word):
                return self._denied(top)
            self._leaving, self._excluding = word, True
            return []
        if word in excluding_words() and omits(word):
            self._leaving = word
        elif word == "but" or piece[-1] in ",;.":
            self._leaving = ""
        self._found.rest = f"{self._found.rest} {piece}".strip()
        return []

    def _leaves_out(self) -> tuple[str, int] | None:
        """The words before the next term that leave it out, and the place of that term: "filter out anyone with"."""
        words: list[str] = []
        place = self._place - 1
        while place < len(self._pieces) and isinstance(piece := self._pieces[place], str):
            words.append(piece.rstrip(":").casefold())
            place += 1
        if place == len(self._pieces) or len(words) > _MOST_BETWEEN:
            return None
        for end in range(len(words), 0, -1):
            if " ".join(words[:end]) in excluding_words() and set(words[end:]) <= filling_words():
                return " ".join(words[:end]), place
        return None

    def _denied(self, top: bool) -> list[Clause]:
        inner = self._one(top)
        if len(inner) != 1:
            raise _TooMuch
        return [opposite(inner[0], self._schema)]

    def _next(self) -> _Term | str | None:
        return self._pieces[self._place] if self._place < len(self._pieces) else None

    def _is(self, word: str) -> bool:
        piece = self._next()
        return isinstance(piece, str) and _SIGNS.get(piece, piece.upper()) == word


class FaultyTerm(QueryError):
    """A value is not understood by its field.

    Attributes:
        words: The term.
        rest: The text without it, and without what joined it.
        field: Name of the field where it stands by itself, neither negated nor one of several; else empty.
    """

    def __init__(self, message: str, words: str, rest: str, field: str) -> None:
        """Take what is wrong, and the attributes."""
        super().__init__(message)
        self.words, self.rest, self.field = words, rest, field


def _faulty(message: str, text: str, span: tuple[int, int], of: str) -> FaultyTerm:
    """The text without a term, and without the NOT, AND and OR that it leaves with nothing to join."""
    words, after = text[span[0] : span[1]], text[span[1] :]
    before = _JOINED_BEFORE.sub("", text[: span[0]])
    joined = before != text[: span[0]] or _JOINED_AFTER.search(after) is not None
    if not before.strip() or before.rstrip().endswith("("):
        after = _JOINED_AFTER.sub("", after)
    return FaultyTerm(message, words, f"{before} {after}".strip(), "" if joined else of)


class _TooMuch(Exception):
    """A plan cannot say this."""


def _names(schema: Schema) -> Mapping[str, str]:
    """Attribute keys by what they may be called, in small letters."""
    names: dict[str, str] = {}
    for of in schema.fields:
        key = f"{of.name}_product" if of.kind == "adoption" else of.name
        for synonym in of.synonyms:
            if synonym.isalpha():
                names.setdefault(synonym.casefold(), key)
                names.setdefault(f"{synonym.casefold()}s", key)
        names[of.name] = key
    return names | {key: key for key in schema.attributes}
