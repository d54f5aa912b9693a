"""The vocabulary of one schema: its fields and values, the words of lexicons, live values, general English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from techfinder.lexicons import Lexicon, LexiconEntry
from techfinder.parser.english import ambiguous_towns, learn
from techfinder.parser.senses import Sense, Vocabulary
from techfinder.parser.spelling import is_english
from techfinder.schema import Schema, SchemaField

__all__ = ["build_vocabulary"]

_FUNCTION_KINDS = frozenset({"filler", "open", "compare", "not", "and", "or", "grade", "wait", "over"})
"""A word of general English never names a field by itself; it only tells of which field a number is."""


_PREPOSITIONS = frozenset({"in", "for", "of", "about", "with", "at", "on"})
_BUILDING_KINDS = frozenset(
    {
        "not",
        "and",
        "or",
        "but",
        "plain",
        "wish",
        "hard",
        "after_not",
        "after_wish",
        "open",
        "compare",
        "over",
        "instead",
    }
)
"""What a sentence is built with: a value of such a name is read only as it is written, a live one never."""


def build_vocabulary(schema: Schema, lexicons: Iterable[Lexicon], live: Mapping[str, Sequence[str]]) -> Vocabulary:
    """Everything that can be said.

    Args:
        schema: Whose fields and values.
        lexicons: Those that suit the schema.
        live: Values by attribute that the schema does not list.
    """
    made = Vocabulary()
    learn(made)
    for word in schema.subject:
        made.add(word, Sense("filler"))
    for field in schema.fields:
        _learn_field(made, field)
        _learn_values(made, field)
    for lexicon in lexicons:
        for entry in lexicon.entries:
            if (lively := _with_live_values(schema, entry, live)) is not None:
                _learn_entry(made, schema, lively)
    for key, values in live.items():
        attribute = schema.attributes[key]
        known = set(attribute.known_values)
        for value in values:
            proper = attribute.field.kind == "place" and value.casefold() in ambiguous_towns()
            if value in known or not any(c.isalpha() for c in value):
                continue
            among = key if _is_english(made, value, live=True) and not proper else ""
            if among and attribute.field.kind == "place":
                continue
            code = value if len(value) <= 2 and value.isupper() else ""
            for spelled in {value, value.replace(".", "")}:  # "St Louis"
                made.add(spelled, Sense("value", (key, (value,)), cased=code, proper=proper, among=among), live=True)
    return made


def _learn_field(made: Vocabulary, field: SchemaField) -> None:
    if field.brand:
        made.add(field.brand, Sense("brand", field.brand))
        for phrase in (field.label, *field.synonyms):
            made.add(re.sub(re.escape(field.brand), "", phrase, flags=re.IGNORECASE), Sense("of_brand", ""))
        return
    sense = Sense("field", (field.name,))
    for phrase in (field.label, field.name.replace("_", " "), *field.synonyms):
        if any(s.kind in _FUNCTION_KINDS for s in made.senses(phrase)):
            made.add(phrase, Sense("cue", field.name))
            continue
        for spelled in (phrase, *_with_other_prepositions(phrase)):
            made.add(spelled, _cased(spelled, sense))


def _with_other_prepositions(phrase: str) -> Iterator[str]:
    """The phrase as people put it who are not sure of its preposition: "interest for technology"."""
    words = phrase.split()
    for place in range(1, len(words) - 1):
        if words[place] in _PREPOSITIONS:
            others = sorted(_PREPOSITIONS - {words[place]})
            yield from (" ".join((*words[:place], other, *words[place + 1 :])) for other in others)


def _learn_values(made: Vocabulary, field: SchemaField) -> None:
    key = f"{field.name}_product" if field.kind == "adoption" else field.name
    for value in field.values:
        sense = Sense("value", (key, (value.name,)))
        for phrase in (value.name, *value.synonyms):
            if field.kind == "scale" and any(s.kind == "grade" for s in made.senses(phrase)):
                continue  # "high" and the like are read by the field that stands beside them
            made.add(phrase, replace(sense, cased=phrase) if _is_english(made, phrase) else _cased(phrase, sense))
        if value.brand:
            made.add(value.brand, Sense("brand", value.brand))


def _is_english(made: Vocabulary, value: str, live: bool = False) -> bool:
    """Whether a value is a word that sentences are built with: "No" must not turn every "no" into a condition."""
    return any(s.kind in _BUILDING_KINDS for s in made.senses(value, live))


def _with_live_values(schema: Schema, entry: LexiconEntry, live: Mapping[str, Sequence[str]]) -> LexiconEntry | None:
    """The entry without values that no schema lists and nobody has; None when none is left: it would find no one."""
    kept = {
        key: tuple(v for v in values if key not in live or v in schema.attribute(key).known_values or v in live[key])
        for key, values in entry.values.items()
    }
    if not entry.values or entry.wish or kept == entry.values:
        return entry
    kept = {key: values for key, values in kept.items() if values}
    return entry.model_copy(update={"values": kept}) if kept else None


def _learn_entry(made: Vocabulary, schema: Schema, entry: LexiconEntry) -> None:
    for phrase in entry.words:
        if _is_english(made, phrase):
            continue
        for sense in _senses(schema, entry):
            made.add(phrase, _cased(phrase, sense))
    for part, codes in entry.places.items():
        if part == "state" and len(codes) == 1:
            for sense in _senses(schema, entry):
                made.add(codes[0], replace(sense, cased=codes[0]))


def _senses(schema: Schema, entry: LexiconEntry) -> list[Sense]:
    if entry.of_brand is not None:
        return [Sense("of_brand", entry.of_brand)]
    if entry.fields:
        return [Sense("field", entry.fields)]
    if entry.places:
        places = [f.name for f in schema.fields if f.kind == "place"]
        return [Sense("value", (f"{name}_{part}", values)) for name in places for part, values in entry.places.items()]
    if entry.values and not entry.wish:
        return [Sense("value", (key, values)) for key, values in entry.values.items()]
    return [Sense("clauses", entry)]


def _cased(phrase: str, sense: Sense) -> Sense:
    """Short names in capitals ("IT", "X") are read only where they are typed so."""
    if len(phrase) == 1 or (len(phrase) == 2 and phrase.isupper() and is_english(phrase)):
        return Sense(sense.kind, sense.data, cased=phrase)
    return sense
