"""Random texts for the reader of sentences: words and phrases of its trade in any order, field syntax, and noise.

Each text must become a plan that the schema accepts, that is the same when it is read again, and that comes back from
JSON unchanged. The slowest text is read several times more and its best time is told.

Run: python tests/faults/fuzz_sentences.py [--texts 5000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from techfinder.lexicons import builtin_lexicons
from techfinder.parser import SentenceParser
from techfinder.plan import QueryPlan
from techfinder.schema import Schema, load_schema

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 25)
LONGEST = 2000
SIGNS = (
    "",
    " ",
    ",",
    ".",
    ";",
    ":",
    "(",
    ")",
    "/",
    "-",
    "..",
    "'",
    '"',
    "!",
    ">=",
    "<",
    "=",
    "\n",
    "\t",
    "\0",
    "é",
    "😀",
    "‮",
)
PIECES = (
    "age:",
    "sort:-age",
    "limit:5",
    "AND",
    "OR",
    "NOT",
    "30..40",
    "$",
    "80k",
    "1e9",
    "½",
    "six figures",
    "25-34",
    "30+",
    "two years",
    "like TU0042",
    "not like",
)


def main() -> None:
    """Read them all; end with 1 when one goes wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    schema = load_schema()
    reader = SentenceParser(schema, builtin_lexicons(schema), {"location_city": ["Boston", "Austin", "Reading"]})
    rng, words, phrases = random.Random(options.seed), _words(), _phrases()
    slowest, longest_ms = "", 0.0
    for number in range(options.texts):
        text = _text(rng, words, phrases)
        started = time.perf_counter()
        problem = _problem(reader, schema, text)
        ms = (time.perf_counter() - started) * 1000 / 2
        if problem:
            sys.exit(f"text {number}: {problem}\n{text!r}")
        if ms > longest_ms:
            slowest, longest_ms = text, ms
    best = min(_milliseconds(reader, slowest) for _ in range(5))
    print(f"{options.texts:,} texts are read.")
    print(f"The slowest has {len(slowest):,} characters and takes {best:.1f} ms: {slowest[:60]!r}")


def _problem(reader: SentenceParser, schema: Schema, text: str) -> str:
    """What is wrong with how a text is read; empty when nothing is."""
    try:
        plan = reader.parse(text, TODAY, known=set)
        schema.check(plan)
    except Exception as error:  # whatever it is, it is what is looked for
        return f"{type(error).__name__}: {error}"
    if QueryPlan.model_validate_json(plan.model_dump_json()) != plan:
        return "its plan does not come back from JSON"
    return "" if reader.parse(text, TODAY, known=set) == plan else "read again it is another plan"


def _milliseconds(reader: SentenceParser, text: str) -> float:
    started = time.perf_counter()
    reader.parse(text, TODAY, known=set)
    return (time.perf_counter() - started) * 1000


def _words() -> Sequence[str]:
    lines = (ROOT / "data" / "questions" / "tuning.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted({word for line in lines for word in json.loads(line)["text"].split()})


def _phrases() -> Sequence[str]:
    tables = tomllib.loads((ROOT / "techfinder" / "parser" / "english.toml").read_text(encoding="utf-8"))
    lists = [phrases for table in tables.values() for phrases in table.values()]
    return sorted({phrase for phrases in lists for phrase in phrases if isinstance(phrase, str)})


def _text(rng: random.Random, words: Sequence[str], phrases: Sequence[str]) -> str:
    """Short or long; some put a few phrases together, some repeat one piece, some are noise only."""
    length = rng.choice((20, 100, 400, LONGEST))
    kind = rng.random()
    if kind < 0.1:
        return "".join(
            chr(rng.choice((rng.randrange(32, 127), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000))))
            for _ in range(length)
        )
    if kind < 0.3:
        kinds = [rng.choice((words, phrases, phrases, PIECES)) for _ in range(rng.randint(2, 8))]
        return " ".join(map(rng.choice, kinds))
    if kind < 0.45:
        piece = " ".join(rng.choices((*words, *PIECES), k=rng.randint(1, 3))) + rng.choice(SIGNS)
        return (piece * length)[:length]
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        parts += (
            _mistyped(rng, rng.choice(words)) if rng.random() < 0.8 else rng.choice(PIECES),
            rng.choice((" ", " ", " ", *SIGNS)),
        )
    return "".join(parts)[:length]


def _mistyped(rng: random.Random, word: str) -> str:
    if rng.random() < 0.8 or len(word) < 2:
        return word
    place = rng.randrange(len(word) - 1)
    return rng.choice(
        (
            word[:place] + word[place + 1 :],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            word.upper(),
        )
    )


if __name__ == "__main__":
    main()
