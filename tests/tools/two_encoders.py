"""Two encoders whose vectors cannot be taken for each other's, and a Finder that has both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from techfinder.evaluation import Question
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.plan import QueryPlan
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.fakes import FakePlugin, HashEncoder

__all__ = ["ASKED", "QUESTIONS", "Forgetful", "Negative", "entries", "open_both", "write_questions"]

ASKED = QueryPlan(meaning="prefers iPhone, adopts 2 months after release, high tech interest", limit=5)

QUESTIONS = tuple(
    Question.model_validate(
        {
            "id": text,
            "group": "stages",
            "text": text,
            "conditions": [{"field": "adopter_category", "op": "any_of", "values": [text]}],
        }
    )
    for text in ("Innovator", "Early Adopter", "Laggard", "Late Majority")
)


class Negative(HashEncoder):
    """Its vectors point the other way: similarities are the same, unless the two are mixed; then they turn negative."""

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return -super().encode_documents(texts)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return -super().encode_query(text)


class Forgetful(HashEncoder):
    """A broken one: what it makes of a question has nothing to do with it."""

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return super().encode_query(text[::-1])


def entries() -> dict[str, EncoderEntry]:
    """One, two and a broken one, by name."""
    made = (HashEncoder(name="one"), Negative(name="two"), Forgetful(name="broken"))
    return {e.info.name: e.entry() for e in made}


def open_both(home: Path, offered: Sequence[EncoderEntry] = (), **settings: Any) -> Finder:
    """A Finder that has these encoders, or those of :func:`entries`."""
    chosen = load_settings(home=home, nice=0, **settings)
    plugin = FakePlugin(encoders=list(offered or entries().values()))
    return Finder(chosen, Plugins.load(chosen, extra=[("test_encoders", plugin)]))


def write_questions(path: Path) -> str:
    """A file with the questions; answers its path."""
    path.write_text("\n".join(q.model_dump_json(exclude_defaults=True) for q in QUESTIONS), encoding="utf-8")
    return str(path)
