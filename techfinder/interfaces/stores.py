"""What stores implement, and the records that go in and out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from techfinder.interfaces.points import PointsAnswer, PointsQuery
    from techfinder.models import Fill, GenerationInfo, Profile
    from techfinder.plan import AnyOf, Condition, Sort

__all__ = [
    "Collection",
    "CollectionSpec",
    "FacetRequest",
    "Ledger",
    "Point",
    "Scan",
    "ScoredPoint",
    "Store",
    "ValueWeights",
    "Writer",
]


@dataclass(frozen=True, slots=True)
class Point:
    """A profile as stored.

    Attributes:
        profile: Id and values; the values are the payload.
        ordinal: Unique within the collection; the stored order.
        row: Digest of the values.
        text: Digest of encoder, text template and text: equal digests, equal vectors.
        vector: Shape (dim,), float32; None writes the payload and keeps the stored vector.
    """

    profile: Profile
    ordinal: int
    row: str
    text: str
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class ScoredPoint:
    """A stored profile and its similarity to the query vector (cosine or dot)."""

    profile: Profile
    score: float


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """What a collection's next generation is to be.

    Attributes:
        name: Collection name.
        dim, similarity, encoder, template, schema: As in GenerationInfo.
        attributes: Storage type by attribute key, in order: ``"keyword"``, ``"keywords"``
            (a list), ``"integer"`` or ``"float"``. All of them get a payload index.
    """

    name: str
    dim: int
    similarity: Literal["cosine", "dot"]
    encoder: str
    template: str
    schema: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FacetRequest:
    """What to count over the profiles that fulfil all clauses of `where`.

    Attributes:
        name: Comes back with the counts.
        where: Joined by "and"; empty counts everyone.
        field: Count each value of this attribute; or, for numbers, only smallest and largest.
        options: Otherwise count each option (value -> clauses joined by "and").
    """

    name: str
    where: tuple[Condition | AnyOf, ...]
    field: str = ""
    options: Mapping[str, tuple[Condition | AnyOf, ...]] | None = None


@dataclass(frozen=True, slots=True)
class ValueWeights:
    """What each value of one attribute adds to somebody's score; a value that is not named, or missing, adds nothing.

    Attributes:
        field: The attribute.
        weights: By value, finite; each tag of a list counts. With `starts`, by the bar's number: "0", "1", ...
        starts: Of a number: where each bar begins, ascending; the last one has no end.
    """

    field: str
    weights: Mapping[str, float]
    starts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a generation holds, without vectors and payload: equally long columns, one row a point.

    Attributes:
        ids: Profile ids.
        ordinals: int64.
        rows, texts: Digests as in :class:`Point`.
    """

    ids: tuple[str, ...]
    ordinals: NDArray[np.int64]
    rows: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything that a generation holds, to be read through once.

    Attributes:
        info: The generation.
        spec: What it was built as; with these, another store builds the same.
        points: Yields batches, ordered by point id, values and vectors as they are stored; called with
            a profile's id it begins with the one after that, with ``""`` at the beginning. Streams. It is
            one generation as a whole, or raises StoreError when that changes or goes meanwhile.
    """

    info: GenerationInfo
    spec: CollectionSpec
    points: Callable[[str], Iterator[Sequence[Point]]]


class Collection(Protocol):
    """Reads the live generation of one collection. Safe to call from many threads.

    A new generation that goes live is picked up without a gap; each call is answered by one
    generation as a whole. Methods raise StoreUnavailable when no answer comes in time.
    Clauses come resolved (:meth:`techfinder.schema.Schema.resolve`): they hold no ``at_least``
    or ``at_most`` any more, and their fields are keys of ``CollectionSpec.attributes``.
    """

    def info(self) -> GenerationInfo:
        """The generation that answers now."""
        ...

    def check(self) -> GenerationInfo:
        """The generation that answers now, after a cheap look at whether its files are there and whole.

        Raises StoreDamaged when a search would fail.
        """
        ...

    def search(
        self,
        vector: NDArray[np.float32],
        where: Sequence[Condition | AnyOf],
        limit: int,
        offset: int = 0,
        exact: bool = False,
    ) -> list[ScoredPoint]:
        """The `limit` most similar profiles among those that fulfil `where`, after `offset`.

        Ordered by similarity rounded to 1e-6, then by profile id. `exact` compares with every
        vector instead of using the graph. Raises DimensionMismatch.
        """
        ...

    def browse(
        self, where: Sequence[Condition | AnyOf], sort: Sequence[Sort], limit: int, offset: int = 0
    ) -> list[Profile]:
        """Profiles that fulfil `where`, by `sort` (missing last), then in stored order."""
        ...

    def rank(
        self,
        weights: Sequence[ValueWeights],
        where: Sequence[Condition | AnyOf],
        without: Sequence[str],
        limit: int,
        offset: int = 0,
    ) -> list[ScoredPoint]:
        """Profiles that fulfil `where`, but for the ids `without`, with the sum of what their values weigh.

        The highest first, scores rounded to 1e-6; equal ones by profile id. The sum is made in the order of
        `weights`, so that each store gives the same.
        """
        ...

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        """The profiles with these ids that exist, in the order asked."""
        ...

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The stored vectors of those profiles that exist, by id: shape (dim,), of norm 1 for cosine."""
        ...

    def count(self, where: Sequence[Condition | AnyOf]) -> int:
        """How many profiles fulfil `where`, exactly."""
        ...

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        """Exact counts by request name: value -> count (values with a count above zero only).

        For a number without options: ``{"min": ..., "max": ...}``, empty when none has a value.
        """
        ...

    def fills(self, keys: Sequence[str]) -> dict[str, Fill]:
        """How full these attributes are over everybody, by key, exactly. Raises QueryError where one is not stored."""
        ...

    def points(self, queries: Sequence[PointsQuery], timeout_s: float | None = None) -> list[PointsAnswer]:
        """The answers to queries about points as they are stored, all from one generation.

        Args:
            queries: See :mod:`techfinder.interfaces.points`.
            timeout_s: Longest wait for all of it together, where that is less than the store's own.

        Raises:
            DimensionMismatch: A vector is of another length.
            QueryError: A query orders by what is no number.
        """
        ...

    def place(self) -> str:
        """The name of its own that the generation that answers now has within the store."""
        ...

    def close(self) -> None:
        """Release everything; later calls raise StoreUnavailable."""
        ...


class Writer(Protocol):
    """Builds the next generation of one collection beside the live one. One writer at a time.

    Nothing that it does is visible before ``publish``. A writer that dies leaves no trace that
    matters: the next one sweeps what is left.
    """

    base: GenerationInfo | None
    """The generation this one starts from; None starts empty."""

    resumed: int
    """How many points, the first by point id, an unfinished copy of the same content has left here."""

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points; one without a vector keeps the stored vector (its id must exist).

        A store may go on writing while the caller does: that it could not is then told by the next call.
        """
        ...

    def delete(self, ids: Iterable[str]) -> None:
        """Remove profiles; unknown ids are ignored."""
        ...

    def seal(self) -> GenerationInfo:
        """Build the graph and what facets need, reopen, and check counts and digest.

        Raises StoreError when what is stored is not what was written.
        """
        ...

    def publish(self) -> GenerationInfo:
        """Make the sealed generation the live one, in one step for all readers."""
        ...

    def discard(self) -> None:
        """Drop what was built. Harmless after ``publish``."""
        ...

    def suspend(self) -> None:
        """End like ``discard``, but of a copy leave what its next writer can go on with, if the store is able to."""
        ...


class Store(Protocol):
    """Where collections live. Cheap to make; opens nothing until asked."""

    def collections(self) -> list[GenerationInfo]:
        """The live generation of every collection, sorted by name; those that :meth:`damaged` names may be left out."""
        ...

    def generations(self, collection: str) -> list[GenerationInfo]:
        """All sealed generations kept, oldest first."""
        ...

    def open(self, collection: str, ready: Callable[[GenerationInfo], None] | None = None) -> Collection:
        """A reader. Raises CollectionNotFound when no generation is live.

        `ready` is called, in a thread of its own, with each later generation before that begins to answer; it may
        take its time. If it raises, the one before goes on answering, and it is called again some seconds later.
        """
        ...

    def ledger(self, collection: str) -> Ledger:
        """The live generation's ledger; empty columns when there is none."""
        ...

    def scan(self, collection: str) -> Scan:
        """The live generation, to be read as a whole. Cheap: reads nothing yet.

        Raises CollectionNotFound, and StoreDamaged when it cannot even be described.
        """
        ...

    def write(self, spec: CollectionSpec, fresh: bool = False, copy_of: str = "") -> Writer:
        """A writer on the live generation, or an empty one when `fresh` or when none is live.

        With `copy_of` it is fresh, and gets all points of a scan in their order: a text that is the same
        only for the same content, so that ``Writer.resumed`` points of an unfinished copy need not be sent again.

        Raises FingerprintMismatch unless `fresh` when the live generation's dim, similarity,
        encoder, template or schema differ, and StoreError when another process is writing.
        """
        ...

    def activate(self, collection: str, number: int) -> GenerationInfo:
        """Make a kept generation live again.

        Raises StoreError when it is not kept, damaged, or one is being written.
        """
        ...

    def verify(self, collection: str) -> list[str]:
        """What is wrong with the live generation: every point is read and compared with what was
        written. Empty when nothing is. Raises CollectionNotFound.
        """
        ...

    def damaged(self) -> dict[str, str]:
        """What a cheap look finds wrong with a live generation, and the way out: a message by collection."""
        ...

    def way_out(self, collection: str) -> str:
        """What to do when the live generation is damaged, as sentences that name the commands."""
        ...

    def place(self) -> str:
        """Where it all is, for people: a folder, or a server's address and version."""
        ...

    def disk_bytes(self, collection: str) -> dict[int, int]:
        """Disk space by number of the generations kept; those of which it is not known are left out."""
        ...

    def drop(self, collection: str) -> None:
        """Remove a collection and all its generations; an unknown one is ignored."""
        ...

    def close(self) -> None:
        """Close every reader that came from here."""
        ...
