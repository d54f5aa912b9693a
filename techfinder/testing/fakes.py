"""Small real implementations for tests: an encoder without a model, a source without a file.

They are registered like anything else, through the hooks::

    plugins = Plugins.load(settings, discover=False, extra=[("fakes", FakePlugin(encoders=[HashEncoder().entry()]))])
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import EncoderError, SourceError, cut
from techfinder.hookspecs import hookimpl
from techfinder.interfaces import EncoderEntry, EncoderInfo, FilterEntry, GaugeEntry, SourceEntry
from techfinder.models import Row, RowProblem

__all__ = ["FakePlugin", "HashEncoder", "ListSource", "sample_rows"]

_WORDS = re.compile(r"\w+")
_CHUNK = 4096


class _Slots(dict[str, int]):
    """Slot by word: 0 to dim - 1 add one there, dim to 2 * dim - 1 take one away."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self._dim = dim

    def __missing__(self, word: str) -> int:
        # Not hash(): that differs from process to process.
        slot = zlib.crc32(word.encode("utf-8", "replace")) % (2 * self._dim)
        self[word] = slot
        return slot


class HashEncoder:
    """Turns words into vectors by hashing: texts that share words are similar. No weights, no torch.

    The same text has the same vector in every process. Case, punctuation and word order do not
    count. Safe to call from many threads.

    Attributes:
        info: As declared to the host; ``normalized``, cosine.
        encoded: How many texts ``encode_documents`` has been given so far.
    """

    def __init__(self, dim: int = 64, name: str = "hash", revision: str = "crc32") -> None:
        """An encoder of its own; another `revision` makes another fingerprint, same vectors."""
        self.info = EncoderInfo(
            name=name,
            version="1",
            revision=revision,
            dim=dim,
            max_tokens=1_000_000,
            similarity="cosine",
            normalized=True,
            languages=("en",),
            licence="Apache-2.0",
        )
        self.encoded = 0
        self._slots = _Slots(dim)
        self._lock = threading.Lock()

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dim), float32, L2 norm 1. Raises EncoderError on what is no text."""
        with self._lock:
            self.encoded += len(texts)
        parts = [self._encode(texts[i : i + _CHUNK]) for i in range(0, len(texts), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.dim), np.float32)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """One vector of shape (dim,), the same as the document's with that text."""
        vector: NDArray[np.float32] = self._encode([text])[0]
        return vector

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Row i is what ``encode_query`` answers for text i."""
        return self._encode(texts)

    def entry(self) -> EncoderEntry:
        """For ``register_encoders``; loading it answers this very object."""
        return EncoderEntry(self.info, "Hashes words; for tests.", lambda: self)

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        dim, slots = self.info.dim, self._slots
        if wrong := [text for text in texts if not isinstance(text, str)]:
            raise EncoderError(f"HashEncoder got {cut(wrong[0])}, expected a string. Leave missing texts out.")
        words = [_WORDS.findall(text.casefold()) for text in texts]
        slot = np.fromiter((slots[word] for line in words for word in line), np.int64)
        row = np.repeat(np.arange(len(texts)), [len(line) for line in words])
        counts = np.bincount(row * 2 * dim + slot, minlength=len(texts) * 2 * dim).reshape(len(texts), 2, dim)
        vectors = (counts[:, 0] - counts[:, 1]).astype(np.float32)
        vectors[~vectors.any(axis=1), 0] = 1.0  # a text without words still has a direction
        normalised: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normalised


class ListSource:
    """Rows from a list of mappings; problems among them are handed on in their place."""

    def __init__(self, rows: Sequence[Mapping[str, object] | RowProblem], columns: Sequence[str] | None = None) -> None:
        """Rows are numbered 1, 2, 3, ...; `columns` defaults to every name used, in order of first use."""
        self._rows = list(rows)
        names = (name for row in self._rows if not isinstance(row, RowProblem) for name in row)
        self._columns = tuple(columns if columns is not None else dict.fromkeys(names))

    def columns(self) -> tuple[str, ...]:
        """The column names. Raises SourceError when there are none."""
        if not self._columns:
            raise SourceError("ListSource holds no columns. Give it rows, or columns.")
        return self._columns

    def count(self) -> int | None:
        """The number of rows, problems left out."""
        return sum(not isinstance(row, RowProblem) for row in self._rows)

    def rows(self) -> Iterator[Row | RowProblem]:
        """The rows in the order given."""
        for number, row in enumerate(self._rows, 1):
            yield row if isinstance(row, RowProblem) else Row(number, row)

    def entry(self, name: str = "list", suffixes: tuple[str, ...] = ()) -> SourceEntry:
        """For ``register_sources``: ``name:`` without an argument opens this source.

        Any other argument raises SourceError.
        """
        return SourceEntry(name, f"Rows of a list; for tests: {name}:", self._open, suffixes)

    def _open(self, argument: str) -> ListSource:
        if argument:
            raise SourceError(f"ListSource takes no argument, got {cut(argument)}. Leave it out.")
        return self


class FakePlugin:
    """A plugin made of entries, to be given to the host as an extra one."""

    def __init__(
        self,
        *,
        sources: Sequence[SourceEntry] = (),
        encoders: Sequence[EncoderEntry] = (),
        filters: Sequence[FilterEntry] = (),
        gauges: Sequence[GaugeEntry] = (),
    ) -> None:
        """Offers exactly these entries."""
        self._sources, self._encoders, self._filters = list(sources), list(encoders), list(filters)
        self._gauges = list(gauges)

    @hookimpl
    def register_sources(self) -> list[SourceEntry]:
        """The sources given."""
        return self._sources

    @hookimpl
    def register_encoders(self) -> list[EncoderEntry]:
        """The encoders given."""
        return self._encoders

    @hookimpl
    def register_filters(self) -> list[FilterEntry]:
        """The filters given."""
        return self._filters

    @hookimpl
    def register_gauges(self) -> list[GaugeEntry]:
        """The gauges given."""
        return self._gauges


def sample_rows() -> list[dict[str, object]]:
    """Five made people in the columns of the built-in schema; the last knows little of himself."""
    names = ("user_id", "age", "gender", "location", "job_sector", "adopter_category", "tech_interest")
    people = (
        ("S1", "34", "Female", "Austin, TX", "Healthcare", "Early Adopter", "Very High"),
        ("S2", "61", "Male", "Boise, ID", "Retail", "Laggard", "Low"),
        ("S3", "27", "Non-binary", "Portland, OR", "Technology", "Innovator", "High"),
        ("S4", "45", "Female", "Newark, NJ", "Finance", "Early Majority", "Moderate"),
        ("S5", "", "Male", "", "", "Late Majority", ""),
    )
    return [dict(zip(names, person, strict=True)) for person in people]
