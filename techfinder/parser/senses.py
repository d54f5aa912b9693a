"""What a phrase may mean, and the phrases that are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from techfinder.parser.tokens import Token, tokenize

__all__ = ["Sense", "Vocabulary"]

_KEPT = 16_384
"""Phrases whose stems are remembered; the built-in schema and English have some 7,000."""


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a phrase.

    Attributes:
        kind: ``value`` (of an attribute), ``field``, ``brand``, ``clauses`` (of a lexicon), or a part of
            general English, as :mod:`techfinder.parser.english` names them.
        data: What exactly; depends on the kind.
        cased: Counts only when typed in this letter case, as "IT" or "OR".
        proper: Counts only with a capital letter, or after a word such as "in": a name that is a common word too.
        among: Counts only beside the name of this attribute or another value of it: "interested in reading".
    """

    kind: str
    data: Any = None
    cased: str = ""
    proper: bool = False
    among: str = ""


@dataclass(slots=True)
class _Node:
    senses: list[Sense] = field(default_factory=list)
    following: dict[str, _Node] = field(default_factory=dict)


class Vocabulary:
    """Phrases with their senses. Filled once, then only read, from any number of threads."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._root = _Node()
        self._words: set[str] = set()

    @property
    def words(self) -> set[str]:
        """Every single word of every phrase, as stems."""
        return self._words

    def add(self, phrase: str, sense: Sense, live: bool = False) -> None:
        """Learn a phrase. One that has no words is ignored.

        A `live` one is a value that people have: nothing but this vocabulary remembers it.
        """
        stems = _stems(phrase) if live else _kept_stems(phrase)
        if len(stems) > 1 and stems[0] == "the":
            stems = stems[1:]
        node = self._root
        for stem in stems:
            node = node.following.setdefault(stem, _Node())
        if stems and sense not in node.senses:
            node.senses.append(sense)
        if not sense.cased:
            self._words.update(s for s in stems if s.isalpha())

    def senses(self, phrase: str, live: bool = False) -> Sequence[Sense]:
        """What the phrase may mean; a `live` one as for :meth:`add`."""
        node: _Node | None = self._root
        for stem in _stems(phrase) if live else _kept_stems(phrase):
            node = node.following.get(stem) if node else None
        return tuple(node.senses) if node else ()

    def knows(self, stems: Sequence[str]) -> bool:
        """Whether some phrase begins with these stems."""
        node: _Node | None = self._root
        for stem in stems:
            node = node.following.get(stem) if node else None
        return node is not None

    def at(self, stems: Sequence[str], place: int) -> Iterator[tuple[int, Sequence[Sense]]]:
        """The phrases that begin at `place`: how many stems each takes, and its senses; the longest first."""
        found, node = [], self._root
        for end in range(place, len(stems)):
            following = node.following.get(stems[end])
            if following is None:
                break
            node = following
            if node.senses:
                found.append((end + 1 - place, tuple(node.senses)))
        yield from reversed(found)


def _stems(phrase: str) -> tuple[str, ...]:
    return tuple(t.stem for t in tokenize(phrase) if not _is_hyphen(t))


@lru_cache(_KEPT)
def _kept_stems(phrase: str) -> tuple[str, ...]:
    """The phrases of English, of a schema and of lexicons are learnt again whenever other people are live."""
    return _stems(phrase)


def _is_hyphen(token: Token) -> bool:
    return token.stem == "-"
