"""One sentence while it is read: its items, what was found so far, and ways to look around."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from techfinder.mentions import mentioned_words
from techfinder.parser.clauses import Clauses
from techfinder.parser.nodes import MARKS, Atom, Mark
from techfinder.parser.quantities import Quantities, Quantity
from techfinder.parser.spotting import Item
from techfinder.parser.tokens import Token
from techfinder.plan import AnyOf, Condition, Notice, Sort
from techfinder.schema import Schema, SchemaField

__all__ = ["Mentions", "Sentence"]

_BEHIND = frozenset({"averse", "welcome"})
"""Kinds that count only right behind an atom."""

_MONEY = frozenset({"usd", "eur", "gbp", "chf", "$", "€", "£"})
Mentions = Mapping[str, Mapping[str, float]]
_PERCENT = frozenset({"%", "percent", "per cent"})
_FAR = 30
"""Items beyond which nothing belongs together."""

_COMPARED = frozenset({"above mid", "below mid"})
"""Grades that always mean something, unlike "very" and "good"."""

_SIZES = frozenset({"big", "bigger", "large", "larger", "small", "smaller", "huge", "tiny"})
"""Grades that say something of whom the profiles are about, where these have a size."""

_ALL = frozenset({"any", "every", "all", "anywhere", "everywhere", "whichever", "anything", "everything"})
"""Words that "but" takes something out of."""

_FILLERS = 10
"""Filling words that may stand between two things that belong together."""

_ARTICLES = frozenset({"a", "an", "the"})
_PREFERRING = frozenset({"prefer", "preferring", "preferred"})
_PRONOUNS = frozenset({"they", "he", "she"})
"""Behind a comma they begin a statement that a "not" before it does not reach: "don't use TikTok, they use Reddit"."""

_WEAK = frozenset(
    {
        "in",
        "from",
        "about",
        "some",
        "near",
        "after",
        "before",
        "just",
        "only",
        "within",
        "inside",
        "past",
        "until",
        "flat",
    }
)
"""Comparisons of numbers that say nothing about levels."""


@dataclass
class Sentence:
    """The items of one sentence, and what was read of them.

    Attributes:
        nodes: Atoms and marks in their order.
        unknown: Items that nothing is known of.
        mentions: What texts mention, see :class:`techfinder.parser.SentenceParser`.
        unread: Numbers and comparisons of which nobody knows what they are about.
        notices: What else is to be told.
        limit, sort: How many and in which order, where it was said.
        timed: Whether months after release were spoken of; of `timed_fields`, where these were named.
        last_number: The number field that was spoken of last.
        downward: Whether the order is from high to low, where that was said before what to order by.
        topic: The adoption field that the question is about, though it says nothing of the people.
    """

    schema: Schema
    items: list[Item]
    tokens: Sequence[Token]
    today: date
    nodes: list[Atom | Mark] = field(default_factory=list)
    unknown: list[Item] = field(default_factory=list)
    unread: list[Item] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    mentions: Mentions = field(default_factory=dict)
    limit: int | None = None
    sort: list[Sort] = field(default_factory=list)
    timed: bool = False
    timed_fields: list[SchemaField] = field(default_factory=list)
    last_number: SchemaField | None = None
    topic: SchemaField | None = None
    downward: bool | None = None

    def __post_init__(self) -> None:
        self.quantities = Quantities(self.items, self.tokens)

    def add(
        self,
        clauses: Sequence[Condition | AnyOf],
        family: str,
        first: int,
        last: int,
        *,
        uses: str = "",
        brand: str = "",
        negation: Clauses | None = None,
        wish: bool = False,
    ) -> int:
        """Note an atom, its clauses with the words they came from; see :class:`Atom`. Returns `last`."""
        words = self.words(first, last)
        told = tuple(c if c.words else c.model_copy(update={"words": words}) for c in clauses)
        self.nodes.append(Atom(told, family, first, last, uses, brand, negation, wish))
        return last

    def words(self, first: int, last: int) -> str:
        """The items as typed, without what stands between them but a space."""
        said, end = "", 0
        for item in self.items[first:last]:
            start = self.tokens[item.first].start
            if start >= end or not said:  # else the second half of "don't"
                said += f"{' ' if said and start > end else ''}{item.text}"
            end = self.tokens[item.last - 1].end
        closes = said.count("(") > said.count(")") and last < len(self.items) and self.items[last].text == ")"
        return f"{said})" if closes else said

    def past(self, place: int, *also: str) -> int:
        """Past filling words."""
        end = place + _FILLERS
        while (
            place < end and place < len(self.items) and self.items[place].has("filler", *also) and not self.names(place)
        ):
            if self.items[place].has("compare") and self.items[place].text.lower() not in _WEAK:
                break
            place += 1
        return place

    def sign(self, place: int) -> str:
        """The comparison that may stand before a level; empty when there is none."""
        item = self.items[place]
        return str(item.data("compare")) if item.has("compare") and item.text.lower() not in _WEAK else ""

    def quantity_in(self, first: int, last: int) -> Quantity | None:
        """The quantity that begins at one of these items."""
        for place in range(first, min(last + 1, len(self.items))):
            found = self.quantities.at(place)
            if found is not None:
                return found
        return None

    def names(self, place: int) -> bool:
        """Whether an item names a field, a value, a brand or words of a lexicon."""
        return self.items[place].has("field", "value", "brand", "clauses")

    def fields(self, place: int, wanted: Callable[[SchemaField], bool]) -> list[SchemaField]:
        """The wanted ones of the fields that an item names."""
        if place >= len(self.items):
            return []
        names = [n for s in self.items[place].senses if s.kind == "field" for n in s.data]
        return [f for f in (self.schema.field(n) for n in names) if wanted(f)]

    def field_after(self, place: int, wanted: Callable[[SchemaField], bool]) -> tuple[SchemaField, int] | None:
        """The field named right after, and the item after it."""
        place = self.past(place)
        found = self.fields(place, wanted)
        return (found[0], place + 1) if found else None

    def segment(self, place: int) -> range:
        """The items around, up to what ends a part of the sentence."""
        first = place
        while first > max(0, place - _FAR) and not self.items[first - 1].has("stop", "but"):
            first -= 1
        last = place
        while last < min(len(self.items), place + _FAR) and not self.items[last].has("stop", "but"):
            last += 1
        return range(first, last)

    def cued(self, place: int, wanted: Callable[[SchemaField], bool]) -> SchemaField | None:
        """The field that a word of general English names where a field must stand: "sorted by employees"."""
        name = self.items[place].data("cue") if place < len(self.items) else None
        of = self.schema.field(str(name)) if name is not None else None
        return of if of is not None and wanted(of) else None

    def adoptions(self) -> list[SchemaField]:
        """Every category of things that people adopt."""
        return [f for f in self.schema.fields if f.kind == "adoption"]

    def adoption_at(self, place: int) -> SchemaField | None:
        """The category of things that an item names."""
        found = self.fields(place, lambda f: f.kind == "adoption")
        return found[0] if found else None

    def unit_field(self, unit: str) -> SchemaField | None:
        """The number that is counted in a unit; money in whichever currency."""
        numbers = [f for f in self.schema.fields if f.kind in ("integer", "number")]
        if unit == "money":
            return next((f for f in numbers if f.unit.casefold() in _MONEY), None)
        if unit == "percent":
            return next((f for f in numbers if f.unit.casefold() in _PERCENT), None)
        return next((f for f in numbers if f.unit.casefold() == unit), None)

    def same_part(self, atom: Atom, place: int) -> bool:
        """Whether an atom and an item behind it are in the same part of the sentence."""
        return place - atom.last < _FAR and not any(self.items[i].has("stop", "but") for i in range(atom.last, place))

    def products_of(self, brand: str, only: SchemaField | None = None) -> list[Condition]:
        """One condition for each category that the brand makes something of."""
        found = []
        for of in [only] if only else self.adoptions():
            names = tuple(v.name for v in of.values if v.brand == brand)
            if names:
                found.append(Condition(field=f"{of.name}_product", op="any_of", values=names))
        return found

    def is_term(self, place: int) -> bool:
        """Whether an item names a level: a grade, or a value of a scale."""
        item = self.items[place]
        return item.has("grade") or bool(self.scale_values(item))

    def scale_values(self, item: Item) -> list[tuple[SchemaField, str]]:
        """The values of scales that an item names, each with its field."""
        found = []
        for sense in item.senses:
            if sense.kind == "value":
                key, values = sense.data
                attribute = self.schema.attributes[key]
                if attribute.ordered:
                    found += [(attribute.field, v) for v in values]
        return found

    def state_after(self, after: int) -> tuple[Condition, int] | None:
        """The state that stands right after a city, and its item."""
        if after < len(self.items) and self.items[after].has("comma"):
            after += 1
        if after >= len(self.items):
            return None
        states = [s.data for s in self.items[after].senses if s.kind == "value" and s.data[0].endswith("_state")]
        if not states or len(states[0][1]) != 1 or self.items[after - 1].has("and", "or"):
            return None
        following = self.items[after + 1] if after + 1 < len(self.items) else None
        if (
            self.items[after - 1].has("comma")
            and following is not None
            and following.has("comma", "or", "and")
            and not self.items[after].text.isupper()
        ):
            return None  # a list of places
        return Condition(field=states[0][0], op="any_of", values=states[0][1]), after

    def last_atom(self) -> Atom | None:
        """What was read last."""
        return next((n for n in reversed(self.nodes) if isinstance(n, Atom)), None)

    # --- what stands between atoms --------------------------------------------------------

    def mark(self, place: int) -> None:
        """Note what an item does between atoms, or that it was not read."""
        item = self.items[place]
        if self._is_dispreferred(place) or (item.has("but") and self._is_except(place)):
            self.nodes.append(Mark("not", place, self._word(item)))
            return
        if item.has("out"):
            if any(self.items[i].has("out_verb") for i in self.segment(place) if i < place):
                self.nodes.append(Mark("after_not", place))
            return
        for kind in MARKS if item.text.lower() != "help" else ():  # "help me find women", unlike "it helps"
            if item.has(kind) and (kind not in _BEHIND or self._stands_behind(place)):
                self.nodes.append(Mark(kind, place, self._word(item)))
                return
        last = self.nodes[-1] if self.nodes else None
        if isinstance(last, Mark) and last.kind == "comma":
            if item.text.lower() in ("a", "an"):
                self.nodes.append(Mark("anew", place))
            elif item.text.lower() in _PRONOUNS:
                self.nodes.append(Mark("instead", place))
        unread_unit = item.kinds == {"unit"} and item.data("unit") == "other"  # "no kids"
        if unread_unit or (item.kinds <= {"out_verb", "averse", "welcome"} and self.tokens[item.first].stem.isalpha()):
            if (mention := self._mention(item)) is not None:
                self.add([mention], "mention", place, place + 1, wish=True)
                return
            self.unknown.append(item)
            self.nodes.append(Mark("unknown", place, item.text.lower() if unread_unit else ""))
        elif self.tokens[item.first].number is not None or item.data("grade") in _COMPARED or self._is_size(place):
            self.unread.append(item)
        elif item.has("grade") and (sign := self._compared_with(place)) is not None:
            self.unread += [self.items[sign], item]  # "older than the average"
        elif (
            item.has("grade")
            and not self.sign(place)
            and self.fields(place + 1, lambda f: f.kind in ("integer", "number") and not f.brand)
        ):
            self.unread += self.items[place : place + 2]  # "decent income"

    def _is_size(self, place: int) -> bool:
        """Whether a size is told of those whom the profiles are about: "big companies"."""
        sized = self.items[place].text.lower() in _SIZES and place + 1 < len(self.items)
        return sized and self.items[place + 1].text.casefold() in self.schema.subject

    def _stands_behind(self, place: int) -> bool:
        """Whether "haters" or "OK" stand right behind what was read; "free" with a hyphen: "laptop-free"."""
        item, last = self.items[place], self.nodes[-1] if self.nodes else None
        glued = item.text.lower() != "free" or self.tokens[item.first].glued
        return isinstance(last, Atom) and last.last == place and glued

    def _word(self, item: Item) -> str:
        """An item as typed, in small letters; the one word for the end of "don't"."""
        alone = item.last - item.first == 1 and self.tokens[item.first].stem == "not"
        return "not" if alone else item.text.lower()

    def _compared_with(self, place: int) -> int | None:
        """The comparison that stands before a grade, past "the" and "an"."""
        before = place - 1
        if before > 0 and self.items[before].text.lower() in ("the", "an"):
            before -= 1
        return before if before >= 0 and self.sign(before) else None

    def _mention(self, item: Item) -> Condition | AnyOf | None:
        """That a text mentions the word, where one does; it weighs as much as it says."""
        word = item.text.casefold()
        found = [
            Condition(field=key, op="any_of", values=(word,), weight=weights[stem])
            for key, weights in self.mentions.items()
            for stem in mentioned_words(word)
            if weights.get(stem)
        ]
        if len(found) < 2:
            return found[0] if found else None
        return AnyOf(conditions=tuple(found), weight=max(c.weight for c in found))

    def _is_except(self, place: int) -> bool:
        """Whether "but" takes one out of all: "any budget but Economy", "anywhere in Georgia but Atlanta"."""
        after = place + 1
        if self.items[place].text.lower() != "but" or after >= len(self.items):
            return False
        whole = any(self.tokens[self.items[i].first].stem in _ALL for i in self.segment(place) if i < place)
        return whole and self.items[after].has("value", "brand", "clauses")

    def _is_dispreferred(self, place: int) -> bool:
        """Whether an item sets what comes behind what was said before: "Pixel over iPhone", "prefers a Pixel to it"."""
        item, last = self.items[place], self.last_atom()
        if item.text.lower() != "to" or last is None or last.last != place:
            return item.has("over") and self._is_instead(place)
        before = last.first - 1
        while before > 0 and self.items[before].text.lower() in _ARTICLES:
            before -= 1
        preferred = before >= 0 and self.tokens[self.items[before].first].stem in _PREFERRING
        return preferred and self.past(place + 1) < len(self.items) and self.names(self.past(place + 1))

    def _is_category(self, place: int) -> bool:
        """Whether an item is a value of a category, and no product or place: nobody is "crazy over price"."""
        keys = [s.data[0] for s in self.items[place].senses if s.kind == "value"]
        return bool(keys) and all(self.schema.attributes[k].field.kind == "category" for k in keys)

    def _is_instead(self, place: int) -> bool:
        """Whether "over" and "than" stand between two of a kind: "Pixel over iPhone"."""
        last = next((n for n in reversed(self.nodes) if not (isinstance(n, Mark) and n.kind == "open")), None)
        after = self.past(place + 1)
        if isinstance(last, Mark) and last.kind == "unknown":  # "quality instead price", "quality over price"
            word = self.items[place].text.lower()
            beside = after == place + 1 < len(self.items) and self.names(after)
            return beside and (word == "instead" or (word == "over" and self._is_category(after)))
        return isinstance(last, Atom) and after < len(self.items) and self.names(after)
