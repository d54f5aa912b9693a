"""The sentence parser with what is live: it knows cities, sectors and tags that no schema lists."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from techfinder.corrections import LiveValues
from techfinder.errors import CollectionNotFound, FingerprintMismatch
from techfinder.interfaces import Collection, FacetRequest
from techfinder.lexicons import Lexicon
from techfinder.mentions import word_weight
from techfinder.models import GenerationInfo
from techfinder.parser import SentenceParser
from techfinder.schema import Attribute, Schema

__all__ = ["Understanding"]

_KEPT_S = 60.0
"""For so long new values of a generation that is changed in place may stay unknown words."""


class Understanding:
    """Makes the parser, and makes it again when other values are live. Safe for many threads."""

    def __init__(self, schema: Schema, lexicons: Callable[[], Iterable[Lexicon]], live: LiveValues) -> None:
        """Prepare. Asks neither for the `lexicons` nor a store yet.

        Sentences are read by the whole schema: who asks for a field that was left out is to be told, and what they
        wrote must not rank by meaning instead. Live values are known of the fields that are there alone.
        """
        self._schema, self._lexicons, self._live = schema, lexicons, live
        self._lock = threading.Lock()
        self._parser: SentenceParser | None = None
        self._generation: GenerationInfo | None = None
        self._made = 0.0

    def parser(self, collection: Callable[[], Collection]) -> SentenceParser:
        """The parser for the live generation; without one, for the schema alone.

        Raises:
            PluginLoadError: ``strict_plugins`` is on and a plugin failed.
            StoreUnavailable: Live values had to be looked up, and the store did not answer.
        """
        live = self._opened(collection)
        generation = live.info() if live is not None else None
        parser = self._parser
        if parser is not None and self._is_fresh(generation):
            return parser
        if parser is not None and not self._lock.acquire(blocking=False):
            return parser  # somebody makes a newer one already
        if parser is None:
            self._lock.acquire()
        try:
            if self._parser is None or not self._is_fresh(generation):
                self._parser = self._make(live)
                self._generation, self._made = generation, time.monotonic()
            return self._parser
        finally:
            self._lock.release()

    def _is_fresh(self, generation: GenerationInfo | None) -> bool:
        if generation == self._generation:
            return True
        if generation is None or self._generation is None:
            return False
        same = (generation.number, generation.created_at) == (self._generation.number, self._generation.created_at)
        return same and time.monotonic() - self._made < _KEPT_S

    def _make(self, live: Collection | None) -> SentenceParser:
        keys = [key for key, a in self._schema.attributes.items() if _is_open(a)] if live is not None else []
        values = {key: self._live.of(live, key) for key in keys if live}
        return SentenceParser(self._schema.whole, self._lexicons(), values, self._mentions(live))

    def _mentions(self, live: Collection | None) -> dict[str, dict[str, float]]:
        """What the live texts mention: weights of words by attribute."""
        keys = [key for key, a in self._schema.attributes.items() if a.part == "words"]
        if live is None or not keys:
            return {}
        people = live.count([])
        counts = live.facets([FacetRequest(key, (), key) for key in keys])
        return {key: {w: word_weight(int(n), people) for w, n in counts[key].items()} for key in keys}

    @staticmethod
    def _opened(collection: Callable[[], Collection]) -> Collection | None:
        try:
            return collection()
        except (CollectionNotFound, FingerprintMismatch):
            return None  # whoever searches is told


def _is_open(attribute: Attribute) -> bool:
    """Whether people may have values of the attribute that the schema does not list, and that have names."""
    of = attribute.field
    if (
        attribute.derived
        or attribute.numeric
        or attribute.part in ("uses", "adopted_on")
        or of.kind in ("text", "date")
    ):
        return False
    if of.kind == "place":
        return attribute.part != "value"
    return of.kind != "boolean" and (of.open or not of.values or of.kind == "adoption")
