"""What a sentence is read to: things that are said, and what stands between them."""

from __future__ import annotations

from dataclasses import dataclass

from techfinder.parser.clauses import Clauses

__all__ = ["MARKS", "Atom", "Count", "Mark", "Said"]

MARKS = (
    "plain",
    "not",
    "after_not",
    "averse",
    "welcome",
    "instead",
    "neutral",
    "but",
    "stop",
    "hard",
    "after_wish",
    "wish",
    "suits",
    "or",
    "and",
    "comma",
    "slash",
    "whoever",
    "colon",
    "open",
)


@dataclass(slots=True)
class Atom:
    """One thing said.

    Attributes:
        clauses: What holds; several are joined by "and".
        family: What it is about: a list goes on only within one family.
        first, last: Its items, `last` not included.
        uses: Name of the adoption field when nothing is said but that it is used.
        brand: The brand when nothing is said but that something of it is used.
        negation: What "not" makes of it, where that is not simply the opposite.
        people: Whether it says who is meant ("laggards", "iPhone owners"), more than what holds of them.
        addressed: Whether a word for people stands beside it.
        aged: Whether it is an age.
    """

    clauses: Clauses
    family: str
    first: int
    last: int
    uses: str = ""
    brand: str = ""
    negation: Clauses | None = None
    wish: bool = False
    negated: bool = False
    people: bool = False
    addressed: bool = False
    aged: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many are asked for of a list whose last item is before `end`."""

    at_least: int
    negated: bool
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands between atoms, by kind: one of :data:`MARKS`, ``anew``, ``count`` or ``unknown``.

    `word` is what was typed, in small letters; of an unknown one only where it is a noun that is counted ("kids").
    """

    kind: str
    place: int
    word: str = ""
    count: Count | None = None


@dataclass
class Said:
    """An atom with how it is connected with the one before it.

    Attributes:
        opened: Whether "with", "in" or the like stand before it.
        count: How many are asked for of the list it begins.
        part: The number of the part of the sentence, which "but" and a full stop end.
        either: Whether "either" stands before it.
    """

    atom: Atom
    connector: str = ""
    opened: bool = False
    count: Count | None = None
    part: int = 0
    either: bool = False

    @property
    def addresses(self) -> bool:
        """Whether it begins to tell of somebody: "teachers ...", "people in ...", unlike "in healthcare"."""
        return self.atom.addressed or (self.atom.people and not self.atom.aged and not self.opened)
