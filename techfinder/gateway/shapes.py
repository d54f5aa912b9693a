"""Answers in the form in which Qdrant gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from techfinder.gateway.fields import Fields
from techfinder.gateway.questions import Order
from techfinder.interfaces.points import FoundPoint
from techfinder.models import Fill, GenerationInfo
from techfinder.store.graph import EF_CONSTRUCT, GRAPH_FROM, LINKS, SCANNED_BELOW, kilobytes

__all__ = ["aliases", "collection", "record", "records", "scored"]

_PARAMS = {"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": True}
_OPTIMIZER = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 1,
    "max_segment_size": None,
    "memmap_threshold": None,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
"""What every generation is made with; Qdrant names these parts in each description of a collection."""

_TYPES = {"keyword": "keyword", "keywords": "keyword", "integer": "integer", "float": "float"}


def scored(
    points: Sequence[FoundPoint], fields: Fields, shown: frozenset[str] | None, ranked: bool, order: Order | None
) -> list[dict[str, Any]]:
    """Points with scores; without a vector to rank by, each has 1.0, as in Qdrant."""
    return [
        {"id": p.id, "version": 0, "score": _short(p.score) if ranked else 1.0} | _rest(p, fields, shown, order)
        for p in points
    ]


def records(
    points: Sequence[FoundPoint], fields: Fields, shown: frozenset[str] | None, order: Order | None = None
) -> list[dict[str, Any]]:
    """Points without scores."""
    return [record(p, fields, shown, order) for p in points]


def record(
    point: FoundPoint, fields: Fields, shown: frozenset[str] | None, order: Order | None = None
) -> dict[str, Any]:
    """One point without a score."""
    return {"id": point.id} | _rest(point, fields, shown, order)


def _rest(point: FoundPoint, fields: Fields, shown: frozenset[str] | None, order: Order | None) -> dict[str, Any]:
    made: dict[str, Any] = {} if shown is None else {"payload": fields.payload(point.payload, shown)}
    if point.vector is not None:
        made["vector"] = [_short(v) for v in point.vector.tolist()]
    if order is not None:
        made["order_value"] = point.payload[order.key]
    return made


def _short(value: float) -> float:
    """The number with the digits that a float32 has."""
    return float(str(np.float32(value)))


def aliases(alias: str, place: str) -> dict[str, Any]:
    """The one alias that there is."""
    return {"aliases": [{"alias_name": alias, "collection_name": place}]}


def collection(info: GenerationInfo, fields: Fields, fills: Mapping[str, Fill]) -> dict[str, Any]:
    """What is told of a collection. The parts on storage are those that every generation is made with."""
    distance = "Cosine" if info.similarity == "cosine" else "Dot"
    indexed = info.points if info.points >= GRAPH_FROM else 0
    return {
        "status": "green",
        "optimizer_status": "ok",
        "indexed_vectors_count": indexed,
        "points_count": info.points,
        "segments_count": 1,
        "config": {
            "params": {"vectors": {"size": info.dim, "distance": distance}, **_PARAMS},
            "hnsw_config": {
                "m": LINKS,
                "ef_construct": EF_CONSTRUCT,
                "full_scan_threshold": kilobytes(SCANNED_BELOW, info.dim),
                "max_indexing_threads": 0,
                "on_disk": False,
            },
            "optimizer_config": _OPTIMIZER | {"indexing_threshold": kilobytes(GRAPH_FROM, info.dim)},
            "wal_config": None,
            "quantization_config": None,
            "metadata": {
                "encoder": info.encoder,
                "schema": info.schema,
                "generation": info.number,
                "created_at": info.created_at,
            },
        },
        "payload_schema": {
            key: {"data_type": _TYPES[a.storage], "points": fills[key].known} for key, a in fields.attributes.items()
        },
    }
