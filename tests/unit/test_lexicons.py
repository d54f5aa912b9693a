"""Lexicon files: what is wrong with one is told when it is loaded, not when somebody searches."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from techfinder.errors import SchemaError
from techfinder.lexicons import builtin_lexicons, load_lexicon
from techfinder.parser import SentenceParser
from techfinder.schema import load_schema

SCHEMA = load_schema(None)
TODAY = date(2026, 11, 25)


def written(tmp_path: Path, entry: str) -> Path:
    path = tmp_path / "words.toml"
    path.write_text(f'name = "words"\n[[entry]]\n{entry}\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('words = ["big"]\nvalues = { budget_category = ["Enormous"] }', "budget_category has no value 'Enormous'"),
        ('words = ["big"]\nvalues = { laptop_uses = ["perhaps"] }', "laptop_uses has no value 'perhaps'"),
        ('words = ["big"]\nvalues = { age = ["abc"] }', "entry 1 .big.: 'abc' is not a number"),
        ('words = ["big"]\nvalues = { job_sector = [] }', "entry 1: values.job_sector: expected at least 1"),
        ('words = ["big"]\nplaces = { state = [] }', "entry 1: places.state: expected at least 1"),
        ('words = [""]\nvalues = { job_sector = ["Legal"] }', "words must have a letter or a digit"),
        ('words = ["big"]\nfields = ["age"]\nwish = true', "a wish goes with values or conditions"),
        ('word = ["big"]\nfields = ["age"]', "entry 1: word: there is no such key"),
        (
            'words = ["big"]\nconditions = [{ kind = "x", field = "age", op = "present" }]',
            "expected 'condition', 'any_of' as its kind",
        ),
    ],
)
def test_what_is_wrong_with_a_lexicon_is_told(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        load_lexicon(written(tmp_path, entry)).check(SCHEMA)


def test_the_lexicons_that_ship_are_right() -> None:
    lexicons = builtin_lexicons(SCHEMA)
    assert lexicons
    for lexicon in lexicons:
        lexicon.check(SCHEMA)


def test_words_that_sentences_are_built_with_stay_what_they_are(tmp_path: Path) -> None:
    lexicon = load_lexicon(written(tmp_path, 'words = ["not", "or", "pros"]\nvalues = { job_sector = ["Legal"] }'))
    parser = SentenceParser(SCHEMA, [*builtin_lexicons(SCHEMA), lexicon])
    plain = SentenceParser(SCHEMA, builtin_lexicons(SCHEMA))
    text = "women, not in Ohio or Texas"
    assert parser.parse(text, TODAY) == plain.parse(text, TODAY)
    assert [c.model_dump()["values"] for c in parser.parse("pros", TODAY).conditions] == [("Legal",)]
