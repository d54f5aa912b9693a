"""The "not" that applies where a sentence has been read to: whom it excludes, and how far it reaches."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from techfinder.parser.clauses import Clauses
from techfinder.parser.narrowing import DENYING, excepts, omits
from techfinder.parser.nodes import Atom, Mark, Said

__all__ = ["Negation"]

_PARTICLES = frozenset(
    {"no", "not", "none", "never", "neither", "nor", "without", "lacking", "lack", "lacks", "nope", "nah"}
)
"""Words that deny what follows; the other ones of their kind ask to leave it out."""

_INNER = _PARTICLES - {"no", "nor", "neither", "none"}
"""Words that may deny a part of what is said of somebody: "teachers without a phone"."""

_BESIDE = 2
"""Items from "no" to "except" where they mean everybody: "no one except"."""


@dataclass
class Negation:
    """A "not" while it is read.

    Attributes:
        active: Whether it applies.
        word: How it was typed.
        family: What it was said of first; None: nothing yet.
        bare: Nothing opened after it: "no laggards".
        listed: A colon stands behind it: it reaches all of the list.
        excluded: Whom it was said of last.
        heads: What they were before the last thing that was said of them.
        denied: Whether what comes is what they do not have: "nobody who doesn't".
        sparing: What takes the next atom out of the exclusion: "no phones other than".
        spared: Whether it took out the last one.
        told_of: Whether it is told of somebody: "people who don't use TikTok".
    """

    active: bool = False
    word: str = ""
    family: str | None = None
    bare: bool = False
    listed: bool = False
    excluded: list[Said] = field(default_factory=list)
    heads: list[Clauses] = field(default_factory=list)
    denied: bool = False
    sparing: Mark | None = None
    spared: bool = False
    told_of: bool = False

    @property
    def leaves_out(self) -> bool:
        """Whether it asks to leave out, instead of denying."""
        return self.word not in _PARTICLES

    @property
    def waits(self) -> bool:
        """Whether it applies, and nothing has been said behind it yet."""
        return self.active and self.family is None

    def begin(self, word: str, *, told_of: bool = False) -> None:
        """A "not", as typed, from here on."""
        self.told_of = told_of
        self.active, self.family, self.listed = True, None, False
        self.word, self.excluded, self.heads, self.sparing = word, [], [], None

    def take(self, atom: Atom, *, opened: bool) -> None:
        """It is said of the atom."""
        if self.family is None:
            self.bare = not opened  # "no laggards", unlike "not on TikTok"
        self.family = atom.family

    def reaches(self, said: Said, *, whoever: bool, told: bool) -> bool:
        """Whether it goes on to what is said after the first thing.

        Args:
            said: What it may go on to.
            whoever: Whether "those" or the like stand before that.
            told: Whether this part of the sentence has told of people who are not excluded.
        """
        atom, connector = said.atom, said.connector
        if self.listed and connector:
            return True  # "exclude: laggards, TikTok users"
        if connector in ("or", "and") and (told or self.told_of) and self._ends_before(said):
            return False
        if connector in ("and", "or") and self.heads and atom.people:
            return True  # "skip women under 30 and men over 60"
        if connector in ("and", "or") and whoever:
            return True  # "leave out those under 21 and anybody in government"
        if connector in ("or", "slash"):
            if omits(self.word):
                return True  # "drop anyone who has a headset or is under 25"
            return not said.opened or atom.family == self.family
        return atom.family == self.family and bool(connector) and not said.opened

    def _ends_before(self, said: Said) -> bool:
        """Whether other people begin who are no part of it: "teachers without a phone or women over 60"."""
        return self.word in _INNER and not any(s.atom.people for s in self.excluded[-1:]) and said.addresses

    # --- another one within it ------------------------------------------------------------

    def turned_round_by(self, mark: Mark) -> bool:
        """Whether it excludes those who do not: "exclude people without a laptop"."""
        return self.waits and omits(self.word) and mark.word in DENYING

    def excepts(self, mark: Mark, connector: str, last: Mark | None) -> bool:
        """Whether somebody is taken out of those who are excluded, or out of everybody: "no one except".

        Args:
            mark: The other "not".
            connector: How it is connected.
            last: The mark before it, words such as "who" left out.
        """
        if not self.active or not excepts(mark.word) or connector not in ("", "comma"):
            return False
        if self.family is not None:
            return bool(self.excluded) and not self.heads
        return last is not None and last.kind in ("not", "unknown") and mark.place - last.place <= _BESIDE

    def denied_by(self, mark: Mark, connector: str, links: AbstractSet[str]) -> bool:
        """Whether the other is said of those who are excluded: "skip women who don't use TikTok"."""
        if not self.active or not self.excluded or connector or mark.word not in _PARTICLES:
            return False
        told = bool(links) or mark.word in DENYING - {"not"}
        return told and self.excluded[-1].atom.people and (self.word == "no" or omits(self.word))

    def holds_within(self, mark: Mark, *, whoever: bool) -> bool:
        """Whether the other is within what is to be left out: "omit beginners and those without a phone"."""
        inside = self.active and self.family is not None and self.leaves_out and whoever
        return inside and mark.word in _PARTICLES
