"""Tokens to items: the longest known phrases, misspelt words corrected, unknown words left as they are."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace

from techfinder.parser.senses import Sense, Vocabulary
from techfinder.parser.spelling import Speller, is_english
from techfinder.parser.tokens import Token, stem_of

__all__ = ["Item", "spot"]


_PUNCTUATION = {
    ",": "comma",
    ";": "stop",
    ".": "stop",
    "!": "stop",
    "?": "stop",
    "|": "stop",
    ":": "colon",
    "(": "comma",
    ")": "comma",
    "[": "comma",
    "]": "comma",
    "{": "comma",
    "}": "comma",
    "=": "colon",
    "/": "slash",
}
_SIGNED = {"!": "not", "-": "not", "+": "filler"}
"""What signs right before a word do, as in "-beginners +experts"."""

_LISTED = ("comma", "and", "or", "slash")
_BEFORE_NOUNS = frozenset({"with", "have", "has", "having", "own", "owns", "owning", "use", "uses", "no", "got", "new"})
_WRITTEN_APART = 6
"""Letters that a word has at least which is known again when it is written as two; the first has `_PART`."""

_PART = 3
_SHORTENED = frozenset({"excl", "incl", "approx", "min", "max", "resp", "vs", "esp", "yr", "mo"})
"""Words that are often cut short with a full stop, which ends nothing."""

_LIST_JOINTS = 4
"""Items among which a value looks for others of its attribute, or for its name."""

_SAID = frozenset({"OK", "HI", "OH"})
"""Short names of places that are said as well, and that no list of English words has."""

_LEADS = frozenset({"in", "from", "near", "around", "of", "outside", "to", "at", "lives", "live", "living", "based"})


@dataclass(frozen=True, slots=True)
class Item:
    """One phrase with its possible meanings.

    Attributes:
        senses: Empty for a word that is not known.
        first, last: Its tokens, `last` not included.
        text: As typed.
        corrected: What a misspelt word was taken for, else empty.
        kinds: Of its senses.
    """

    senses: tuple[Sense, ...]
    first: int
    last: int
    text: str
    corrected: str = ""
    kinds: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", frozenset(s.kind for s in self.senses))

    def data(self, kind: str) -> object:
        """What the sense of that kind says; None when the phrase has none such."""
        return next((s.data for s in self.senses if s.kind == kind), None)

    def has(self, *kinds: str) -> bool:
        """Whether it may be one of these."""
        return not self.kinds.isdisjoint(kinds)


def spot(
    text: str,
    tokens: Sequence[Token],
    vocabulary: Vocabulary,
    speller: Speller,
    right: Container[str] = frozenset(),
) -> tuple[list[Item], list[Token]]:
    """The items of the sentence, one after the other, and the tokens that they count.

    These are without the hyphens inside words, and with misspelt words put right, except for those that `right` has
    (case folded).
    """
    whole = [t for i, t in enumerate(tokens) if not _joins(tokens, i) and not _shortens(tokens, i)]
    read = [p for t in whole for p in ((t,) if t.text.casefold() in right else _parted(t, vocabulary, speller))]
    read = _whole_words(read, vocabulary)
    fixed = [(t, "") if t.text.casefold() in right else _fix(t, vocabulary, speller) for t in read]
    fixed = [_in_context(fixed, i, vocabulary, speller) for i in range(len(fixed))]
    stems = [t.stem for t, _ in fixed]
    found: list[Item] = []
    place = 0
    while place < len(read):
        length, senses = _longest(read, stems, place, vocabulary, found)
        first, last = read[place], read[place + length - 1]
        words = fixed[place : place + length]
        repaired = " ".join(new or token.text for token, new in words) if any(new for _, new in words) else ""
        if length == 1 and first.stem in _SIGNED and _is_sign(read, place):
            senses = (Sense(_SIGNED[first.stem]),)
        elif not senses and first.stem in _PUNCTUATION:
            senses = (Sense(_PUNCTUATION[first.stem]),)
        found.append(Item(senses, place, place + length, text[first.start : last.end], repaired))
        place += length
    return _with_bare_nouns(found, stems, vocabulary), [t for t, _ in fixed]


def _is_sign(tokens: Sequence[Token], place: int) -> bool:
    """Whether a sign stands right before a word, and apart from what is before it."""
    if place + 1 >= len(tokens) or not tokens[place + 1].glued or tokens[place + 1].number is not None:
        return False
    return tokens[place + 1].stem.isalpha() and (place == 0 or not tokens[place].glued)


def _joins(tokens: Sequence[Token], place: int) -> bool:
    """Whether a hyphen stands between two words that belong together."""
    if tokens[place].stem != "-" or not 0 < place < len(tokens) - 1:
        return False
    after = tokens[place + 1]
    glued = tokens[place].glued and after.glued
    return glued and after.number is None


def _shortens(tokens: Sequence[Token], place: int) -> bool:
    """Whether a full stop only tells that the word before it was cut short: "excl. beginners"."""
    if tokens[place].stem != "." or not tokens[place].glued or not 0 < place < len(tokens) - 1:
        return False
    return tokens[place - 1].stem in _SHORTENED


def _parted(token: Token, vocabulary: Vocabulary, speller: Speller) -> Sequence[Token]:
    """The tokens that one typed word stands for: two where words were run together."""
    if token.number is not None or token.stem in vocabulary.words:
        return (token,)
    parts = speller.parted(token.text)
    if parts is None or speller.corrected(token.text) is not None:
        return (token,)
    cut = token.start + len(parts[0])
    return (
        Token(parts[0], stem_of(parts[0]), token.start, cut, glued=token.glued),
        Token(parts[1], stem_of(parts[1]), cut, token.end, glued=True),
    )


def _fix(token: Token, vocabulary: Vocabulary, speller: Speller) -> tuple[Token, str]:
    if token.number is not None or token.stem in vocabulary.words or not token.stem.isalpha():
        return token, ""
    better = speller.corrected(token.text)
    return (replace(token, stem=better), better) if better else (token, "")


def _in_context(
    fixed: Sequence[tuple[Token, str]], place: int, vocabulary: Vocabulary, speller: Speller
) -> tuple[Token, str]:
    """A misspelt word as the one, of those that are as near, that belongs to the word beside it: "gogle nest"."""
    token, better = fixed[place]
    others = speller.corrections(token.text) if better else []
    if len(others) < 2:
        return token, better
    before = fixed[place - 1][0].stem if place else ""
    after = fixed[place + 1][0].stem if place + 1 < len(fixed) else ""
    for other in others:
        if any(vocabulary.knows(words) for words in ((other, after), (before, other))):
            return replace(token, stem=other), other
    return token, better


def _whole_words(tokens: Sequence[Token], vocabulary: Vocabulary) -> list[Token]:
    """With words that were written in two as one: "lap top", "face book"."""
    made: list[Token] = []
    for token in tokens:
        before = made[-1] if made else None
        if before is not None and _is_one_word(before, token, vocabulary):
            stem = stem_of(before.text + token.text)
            made[-1] = replace(before, stem=stem, text=f"{before.text} {token.text}", end=token.end)
        else:
            made.append(token)
    return made


def _is_one_word(one: Token, other: Token, vocabulary: Vocabulary) -> bool:
    """Whether two words are known as one, and the first is known as nothing else."""
    whole = f"{one.text}{other.text}"
    if other.glued or len(whole) < _WRITTEN_APART or not whole.isalpha() or len(one.text) < _PART <= len(whole):
        return False
    if stem_of(whole) not in vocabulary.words or vocabulary.knows((one.stem, other.stem)):
        return False
    if any(s.kind == "unit" for s in vocabulary.senses(whole)):
        return False  # "twelve months"
    known = {s.kind for s in vocabulary.senses(one.text)}
    return not known or (known == {"filler"} and other.stem not in vocabulary.words)


def _with_bare_nouns(items: list[Item], stems: Sequence[str], vocabulary: Vocabulary) -> list[Item]:
    """With words that name something with an article only, and stand where only a noun does: "phone, watch"."""
    for place, item in enumerate(items):
        if item.senses or item.last - item.first != 1 or not _is_noun_place(items, place):
            continue
        named = [s for _, senses in vocabulary.at(("a", stems[item.first]), 0) for s in senses if s.kind == "field"]
        if named:
            items[place] = replace(item, senses=tuple(named))
    return items


def _is_noun_place(items: Sequence[Item], place: int) -> bool:
    """Whether a word stands in a list of what is named, or alone behind "no", "with" and the like."""
    before = items[place - 1] if place else None
    after = items[place + 1] if place + 1 < len(items) else None
    if after is not None and not after.has(*_LISTED, "stop", "colon", "but", "welcome", "averse"):
        return False
    if before is None or before.has("stop", "colon", "not") or before.text.lower() in _BEFORE_NOUNS:
        return before is not None or after is not None
    if not before.has(*_LISTED):
        return False
    others = [items[i] for i in (place - 2, place + 2) if 0 <= i < len(items)]
    return any(o.has("field", "value", "brand") for o in others)


def _longest(
    tokens: Sequence[Token], stems: Sequence[str], place: int, vocabulary: Vocabulary, before: Sequence[Item]
) -> tuple[int, tuple[Sense, ...]]:
    for length, senses in vocabulary.at(stems, place):
        counted = tuple(
            s
            for s in senses
            if (_counts(s, tokens, place, length) or _is_state_of_city(s, senses, tokens, place, before))
            and (not s.among or _follows(s.among, before) or _precedes(s.among, stems, place + length, vocabulary))
        )
        if counted:
            return length, tuple(s for s in counted if s.cased or s.among) or counted
    return 1, ()


def _follows(key: str, before: Sequence[Item]) -> bool:
    """Whether the attribute is named right before, or a list of its values goes on: "travel and reading"."""
    for item in reversed(before[-_LIST_JOINTS:]):
        if any(_is_about(s, key) for s in item.senses):
            return True
        if not item.has("comma", "and", "or", "slash", "colon") and item.text.casefold() not in ("in", "also", "are"):
            return False
    return False


def _precedes(key: str, stems: Sequence[str], place: int, vocabulary: Vocabulary) -> bool:
    """Whether a list goes on with another value of the attribute: "reading, travel"."""
    if place >= len(stems) or stems[place] not in (",", "and", "or", "/"):
        return False
    return any(s.kind == "value" and s.data[0] == key for _, senses in vocabulary.at(stems, place + 1) for s in senses)


def _is_about(sense: Sense, key: str) -> bool:
    if sense.kind == "value":
        return bool(sense.data[0] == key)
    return key in (sense.data if sense.kind == "field" else (sense.data,) if sense.kind == "cue" else ())


def _counts(sense: Sense, tokens: Sequence[Token], place: int, length: int) -> bool:
    typed = "".join(t.text for t in tokens[place : place + length])
    if sense.cased:
        plain = (
            not is_english(sense.cased) or any(t.text.islower() for t in tokens) or _ends_a_place(tokens, place, length)
        )
        return typed == sense.cased and plain and _is_code(sense, tokens, place)
    if sense.proper:
        before = tokens[place - 1].text.lower() if place else ""
        return before in _LEADS or (typed[:1].isupper() and not typed.isupper())
    return True


def _is_state_of_city(
    sense: Sense, senses: Sequence[Sense], tokens: Sequence[Token], place: int, before: Sequence[Item]
) -> bool:
    """Whether a short name in small letters, which means nothing else, follows a city: "austin tx", "state: tx"."""
    if sense.kind != "value" or not sense.data[0].endswith("_state") or not before:
        return False
    if tokens[place].text.casefold() != sense.cased.casefold() or any(s.kind not in ("value", "unit") for s in senses):
        return False
    named = len(before) > 1 and before[-1].has("colon") and before[-2].text.lower() == "state"
    return named or any(s.kind == "value" and s.data[0].endswith("_city") for s in before[-1].senses)


def _ends_a_place(tokens: Sequence[Token], place: int, length: int) -> bool:
    """Whether a short name stands between a comma and the end of a part, as in "Baton Rouge, LA"."""
    after = tokens[place + length].stem if place + length < len(tokens) else "."
    return place > 0 and tokens[place - 1].stem == "," and after in _PUNCTUATION


def _is_code(sense: Sense, tokens: Sequence[Token], place: int) -> bool:
    """Whether two capitals that are a word as well ("OK", "IN") stand where the short name of a place does."""
    if sense.kind != "value" or len(sense.cased) != 2 or not (sense.cased in _SAID or is_english(sense.cased)):
        return True
    before = tokens[place - 1].stem if place else ""
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    return before in (*_LEADS, ",", "or", "and") and not (before in ("or", "and") and after.islower())
