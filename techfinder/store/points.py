"""What a stored point looks like: its id, its payload, its vector and its digest.

A point's payload is the profile's values under their flat keys, and four keys of ours:
``_id`` (profile id), ``_ordinal`` (stored order), ``_row`` and ``_text`` (digests of
:class:`techfinder.interfaces.Point`). A missing value is an absent key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import numpy as np

from techfinder.errors import DimensionMismatch, QueryError, StoreDamaged, StoreError, cut, known_names
from techfinder.interfaces import Point
from techfinder.models import Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from techfinder.models import Value
    from techfinder.store.tally import Digests

__all__ = [
    "DIGEST_BYTES",
    "SYSTEM_KEYS",
    "StoredBatch",
    "StoredPoint",
    "check_points",
    "check_query",
    "digest_of",
    "is_ours",
    "point_id",
    "storage_of",
    "to_points",
    "to_profile",
    "vector_digest",
]

SYSTEM_KEYS = ("_id", "_ordinal", "_row", "_text")
DIGEST_BYTES = 16

_NAMESPACE = UUID("7b1d4a3e-6c55-5f0e-9a34-0f6f3c1f7f11")
_TENS = [float(f"1e{power}") for power in range(309)]
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point as it goes to an engine: ``vector`` is None when the stored one is to stay."""

    id: str
    payload: dict[str, Any]
    vector: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """Points as an engine holds them: ids, payloads, and vectors of shape (n, dim)."""

    ids: list[UUID]
    payloads: list[dict[str, Any]]
    vectors: NDArray[np.float32]

    def digested(self) -> Iterator[tuple[bytes, dict[str, Any], Digests]]:
        """Id (16 bytes), payload and digests of each point."""
        for identity, payload, row in zip(self.ids, self.payloads, self.vectors, strict=True):
            vector = vector_digest(row)
            yield identity.bytes, payload, (digest_of(payload, vector), vector)


def point_id(profile_id: str) -> UUID:
    """The point's id: the same for the same profile in every store."""
    return uuid5(_NAMESPACE, profile_id)


def is_ours(identity: str, payload: Mapping[str, Any]) -> bool:
    """Whether we wrote that point: anyone with the key can put others beside ours, or change ours."""
    name = payload.get("_id")
    return (
        isinstance(name, str)
        and type(payload.get("_ordinal")) is int
        and isinstance(payload.get("_row"), str)
        and isinstance(payload.get("_text"), str)
        and identity == str(point_id(name))
    )


def to_profile(payload: Mapping[str, Any]) -> Profile:
    """The profile that a payload stands for; lists become tuples."""
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in payload.items() if not k.startswith("_")}
    return Profile(payload["_id"], values)


def to_points(batch: StoredBatch) -> list[Point]:
    """The points that were written, from what an engine holds. Raises StoreDamaged when a key of ours is missing."""
    try:
        return [
            Point(to_profile(payload), payload["_ordinal"], payload["_row"], payload["_text"], vector)
            for payload, vector in zip(batch.payloads, batch.vectors, strict=True)
        ]
    except KeyError as error:
        raise StoreDamaged(f"A stored point lacks {error}: something else changed it.") from error


def vector_digest(vector: NDArray[np.float32]) -> bytes:
    """16 bytes that differ whenever a bit of the vector does."""
    return blake2b(vector.astype("<f4", copy=False).tobytes(), digest_size=DIGEST_BYTES).digest()


def digest_of(payload: Mapping[str, Any], vector: bytes) -> bytes:
    """16 bytes over a point's whole payload and its vector's digest.

    The digest of a generation is the sum of these, so it does not depend on their order.
    """
    return blake2b(_CANONICAL.encode(payload).encode() + b"\0" + vector, digest_size=DIGEST_BYTES).digest()


def check_query(vector: NDArray[np.float32], dim: int, similarity: str) -> NDArray[np.float32]:
    """The query vector as engines take it: float32, of norm 1 for cosine.

    Raises:
        DimensionMismatch: It has another length than the collection's vectors.
        StoreError: It holds NaN or infinity.
    """
    array = np.asarray(vector, dtype=np.float32)
    if array.shape != (dim,):
        raise DimensionMismatch(
            f"The query vector has shape {array.shape}, the collection's vectors ({dim},). "
            "Search with the encoder that the collection was indexed with."
        )
    if not np.isfinite(array).all():
        raise StoreError("The query vector holds NaN or infinity. The encoder is at fault.")
    return _normalized(array[None, :])[0] if similarity == "cosine" else array


def check_points(
    points: Sequence[Point], dim: int, similarity: str, attributes: Mapping[str, str]
) -> list[StoredPoint]:
    """The points as engines take them, checked; of several with one id the last one counts.

    Vectors for cosine get norm 1 here, so that what is stored is known to the bit.

    Raises:
        DimensionMismatch: A vector is not of shape (dim,).
        StoreError: A vector holds NaN or infinity, or a value is not of its attribute's storage.
    """
    latest: dict[str, Point] = {}
    for point in points:
        before = latest.pop(point.profile.id, None)
        if point.vector is None and before is not None:
            point = replace(point, vector=before.vector)
        latest[point.profile.id] = point
    vectors = _vectors([p for p in latest.values() if p.vector is not None], dim, similarity)
    return [StoredPoint(i, _payload(p, attributes), vectors.get(i)) for i, p in latest.items()]


def _vectors(points: Sequence[Point], dim: int, similarity: str) -> dict[str, NDArray[np.float32]]:
    arrays = [np.asarray(p.vector, dtype=np.float32) for p in points]
    for point, array in zip(points, arrays, strict=True):
        if array.shape != (dim,):
            raise DimensionMismatch(
                f"The vector of profile {cut(point.profile.id)} has shape {array.shape}, expected ({dim},). "
                "Build a new collection for another encoder."
            )
    if not arrays:
        return {}
    matrix = np.stack(arrays)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise StoreError(f"The vector of profile {cut(points[int(finite.argmin())].profile.id)} holds NaN or infinity.")
    matrix = _normalized(matrix) if similarity == "cosine" else matrix
    return {p.profile.id: row for p, row in zip(points, matrix, strict=True)}


def _normalized(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of norm 1. Rows that have it already stay as they are, so doing it twice changes nothing."""
    wide = matrix.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1)
    keep = (np.abs(norms - 1.0) < 1e-6) | (norms == 0.0)
    norms[keep] = 1.0
    return np.asarray(wide / norms[:, None], dtype=np.float32)


def _payload(point: Point, attributes: Mapping[str, str]) -> dict[str, Any]:
    if not point.profile.id:
        raise StoreError(f"A point has no profile id; its values are {cut(dict(point.profile.values))}.")
    payload: dict[str, Any] = {
        "_id": _text(point, "_id", point.profile.id),
        "_ordinal": int(point.ordinal),
        "_row": point.row,
        "_text": point.text,
    }
    for key, value in point.profile.values.items():
        payload[key] = _stored(point, key, value, attributes.get(key))
    return payload


def _stored(point: Point, key: str, value: Value, storage: str | None) -> Any:
    match storage:
        case "keyword" if isinstance(value, str):
            return _text(point, key, value)
        case "keywords" if isinstance(value, tuple) and value and all(isinstance(v, str) for v in value):
            return [_text(point, key, v) for v in value]
        case "integer" if type(value) is int and _INT_MIN <= value <= _INT_MAX:
            return value
        case "float" if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return _readable(float(value))
        case None:
            raise StoreError(f"Profile {cut(point.profile.id)}: {cut(key)} is no attribute of the collection.")
    raise StoreError(
        f"Profile {cut(point.profile.id)}: {key} = {cut(value)} cannot be stored as {storage}. "
        "A missing value is left out, tags are a tuple of at least one."
    )


def _readable(number: float) -> float:
    """The number, or the nearest one of 15 significant digits that engines read back as it is.

    They keep payloads as JSON and read numbers in one floating point step, which misses the
    last bit of some numbers with 16 or 17 digits: what is stored would drift with each copy.
    Below 1e-8 and above 1e22 fewer digits may be needed.
    """
    for digits in (17, *range(15, 0, -1)):
        rounded = float(f"{number:.{digits}g}")
        if math.isfinite(rounded) and _read_back(rounded) == rounded:
            return rounded
    return 0.0


def _read_back(number: float) -> float:
    digits, _, power = repr(abs(number)).partition("e")
    whole, _, fraction = digits.partition(".")
    exponent = int(power or 0) - len(fraction)
    value = float(int(whole + fraction))
    while exponent < -308:
        value, exponent = value / 1e308, exponent + 308
    value = value * _TENS[exponent] if exponent >= 0 else value / _TENS[-exponent]
    return math.copysign(value, number)


def _text(point: Point, key: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"Profile {cut(point.profile.id)}: {key} = {cut(value)} is no valid Unicode.") from error
    return value


def storage_of(key: str, attributes: Mapping[str, str]) -> str:
    """The storage of an attribute. Raises QueryError naming those that exist."""
    storage = attributes.get(key)
    if storage is None:
        raise QueryError(f"No stored field {cut(key)}. {known_names(key, attributes)}")
    return storage
