"""What plugins implement, and the cheap records that hooks return.

Entries say what there is without loading it: listing encoders reads no weights, listing
sources opens no files. ``load`` does the work, once, when the thing is really used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from techfinder.models import Gauge, Hit, Row, RowProblem
    from techfinder.plan import AnyOf, Condition

__all__ = [
    "Encoder",
    "EncoderEntry",
    "EncoderFiles",
    "EncoderInfo",
    "Filter",
    "FilterEntry",
    "FilterOption",
    "GaugeEntry",
    "Generator",
    "Source",
    "SourceEntry",
]

# --- sources -------------------------------------------------------------------------------


class Source(Protocol):
    """Rows of one named input. Iterated once, from one thread."""

    def columns(self) -> tuple[str, ...]:
        """The column names, in order. Raises SourceError when the input has no usable header."""
        ...

    def count(self) -> int | None:
        """The number of rows if that is known without reading them all, else None."""
        ...

    def rows(self) -> Iterator[Row | RowProblem]:
        """The rows in their order, and the problems of those that cannot be read.

        Streams: memory does not grow with the input. A problem with ``fatal`` set is the last
        thing yielded. Raises SourceError only for what stops the very first row.
        """
        ...


@runtime_checkable
class Generator(Source, Protocol):
    """A source that makes its rows; it can also hand them out as tables."""

    def frames(self, size: int = 50_000) -> Iterator[pd.DataFrame]:
        """The same rows as ``rows()``, as tables of at most `size` rows, columns as ``columns()``."""
        ...


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A kind of input that ``techfinder index`` can read.

    Attributes:
        name: Unique; ``name:argument`` on the command line selects it.
        summary: One line for people, with an example argument.
        load: Opens the input that the argument names. Raises SourceError.
        suffixes: File name endings that select it for a plain path, as ``(".csv", ".csv.gz")``.
        generates: True when ``load`` answers a :class:`Generator`; its argument is then
            ``"n=1000,seed=7"``.
    """

    name: str
    summary: str
    load: Callable[[str], Source]
    suffixes: tuple[str, ...] = ()
    generates: bool = False


# --- encoders ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What must be known of an encoder before it is loaded.

    Attributes:
        name: Unique over all plugins.
        version: Of the plugin's code, as far as it changes vectors.
        revision: Of the weights (hash or tag).
        dim: Length of a vector.
        max_tokens: Longer texts are cut.
        similarity: ``"cosine"`` or ``"dot"``.
        normalized: True when every vector has L2 norm 1.
        languages: ISO 639-1 codes.
        licence: SPDX name of the weights' licence.
        calibration: Two similarities of a question to a profile's text, as measured on real ones: the best that a
            question about something else reaches, and the one from where it cannot be said better. Scores count from
            0 to 1 between them; the vectors, and so the fingerprint, do not depend on it.
    """

    name: str
    version: str
    revision: str
    dim: int
    max_tokens: int
    similarity: Literal["cosine", "dot"]
    normalized: bool
    languages: tuple[str, ...]
    licence: str
    calibration: tuple[float, float] = (0.0, 1.0)

    def closeness(self, similarity: float) -> float:
        """What a similarity counts in a score: 0 where it means nothing, 1 where it could not be better."""
        nothing, everything = self.calibration
        return min(max((similarity - nothing) / (everything - nothing), 0.0), 1.0)

    @property
    def fingerprint(self) -> str:
        """Text that differs whenever two encoders' vectors must not be mixed."""
        return f"{self.name}@{self.version}+{self.revision}/{self.dim}"


class Encoder(Protocol):
    """Text to vectors. Both methods are called from many threads and must allow it.

    It may have an attribute ``precision``, the number format that it computes in: ``"float32"``, which
    is taken where it has none, or ``"bfloat16"``, ``"int8"``. Formats whose vectors must not be mixed
    belong into ``EncoderInfo.version``.

    It may have a method ``encode_queries(texts)`` for many questions at once: shape (len(texts), dim), row i what
    ``encode_query`` answers for text i. Where it has none, they are encoded one by one.
    """

    info: EncoderInfo

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dim), float32, finite; row i is text i.

        ``(0, dim)`` for no texts. L2 norm 1 when ``info.normalized``. Raises EncoderError.
        """
        ...

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """One vector of shape (dim,), float32, finite. Raises EncoderError."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """The files that an encoder's vectors come from, so that a registered version can carry them.

    Attributes:
        find: Where they are on this machine, by name (``"1_Pooling/config.json"``); already checked,
            before any library that reads models is imported. Raises EncoderError.
        load: The encoder from a folder that holds files of these names, which it checks again.
            Raises EncoderError.
    """

    find: Callable[[], Mapping[str, Path]]
    load: Callable[[Path], Encoder]


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """An encoder that settings can select by ``info.name``; ``load`` reads the weights.

    Attributes:
        info: What is known of it.
        summary: One line for people.
        load: The encoder, from wherever its weights are.
        files: Of its weights; None when it has none that could be kept.
        rank: Where settings name no encoder, the lowest is taken, then the first by name.
    """

    info: EncoderInfo
    summary: str
    load: Callable[[], Encoder]
    files: EncoderFiles | None = None
    rank: int = 100


# --- filters and gauges ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FilterOption:
    """One thing to pick: its value in URLs, its label, and the clauses it stands for ("and")."""

    value: str
    label: str
    clauses: tuple[Condition | AnyOf, ...]


class Filter(Protocol):
    """Turns user input into clauses. Stateless; called from many threads."""

    def clauses(self, values: Sequence[str]) -> tuple[Condition | AnyOf, ...]:
        """What `values` (at least one, as typed or picked) ask for, all joined by "and".

        Several values of one choice mean "any of them". Raises QueryError on a value that is
        not understood, naming those that are.
        """
        ...

    def options(self) -> tuple[FilterOption, ...]:
        """What can be picked, in order. Empty when ``FilterEntry.field`` supplies the values."""
        ...


@dataclass(frozen=True, slots=True)
class FilterEntry:
    """A filter of the panel, the CLI (``--filter NAME=VALUE``), the API and the URL.

    Attributes:
        name: Unique over all plugins; letters, digits and underscores.
        label: For people.
        group: Section of the panel.
        control: ``"choice"`` or ``"range"``.
        load: Makes the filter; cheap.
        field: Attribute whose values are counted for the facet; empty counts ``options()``.
        facet: False keeps it out of the panel (it still works by name).
        rank: Place in the panel, low first.
        summary: One line of help, with an example value.
    """

    name: str
    label: str
    group: str
    control: Literal["choice", "range"]
    load: Callable[[], Filter]
    field: str = ""
    facet: bool = True
    rank: int = 100
    summary: str = ""


@dataclass(frozen=True, slots=True)
class GaugeEntry:
    """A gauge on each card. ``measure`` maps a hit to a gauge, or None when it has no value."""

    name: str
    label: str
    measure: Callable[[Hit], Gauge | None]
    rank: int = 100
