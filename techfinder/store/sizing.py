"""How much disk, memory and time so many people take: figures measured at 10,000, 100,000 and 1,000,000 of them.

``docs/sizing.md`` tells how they were measured; ``tests/benchmarks/scale.py`` measures them again. What a person's
values take depends on the table: the figures are those of the built-in schema, where one takes 18 bytes on average.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Sizing", "free_bytes", "plan_sizing"]

_PAYLOAD, _INDEX, _COLUMN = 18, 46, 6
"""Bytes that one attribute of one person takes on the disk: its value, its index, its column."""

_GRAPH_AND_IDS = 110
_MEASURED = 55
"""Attributes of the schema that was measured."""

_SERVING = {"edge": (50e6, 72), "server": (110e6, 30)}
_BUILDING = {"edge": (140e6, 1260), "server": (280e6, 1170)}
_BUILDING_LEAST = 250e6
_SERVER = (130e6, 1600)
"""Bytes of memory: as many, and so many for each person."""

_IMPORT_PER_S = 2_500
_GRAPH_S, _INDEX_S = 7e-4, 2e-5
"""Seconds for one person in the graph, and for one person in the index of one attribute; two cores."""

_GRAPH_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Sizing:
    """What to expect. Bytes and seconds.

    Attributes:
        generation_bytes: Disk that one generation takes.
        disk_bytes: Disk at most: the generations that are kept and the one in the making.
        serving_bytes: Memory that no file backs, of our largest process while people search.
        cached_bytes: Memory that makes searches quick when the system has it left for keeping files.
        building_bytes: Memory that no file backs, of our largest process during an index run.
        server_bytes: The same of the Qdrant server; 0 for the embedded store.
        import_s: Reading, checking and writing.
        encoding_s: Encoding all texts.
        build_s: Graph, indexes, columns and comparison.
    """

    generation_bytes: float
    disk_bytes: float
    serving_bytes: float
    cached_bytes: float
    building_bytes: float
    server_bytes: float
    import_s: float
    encoding_s: float
    build_s: float


def plan_sizing(
    people: int,
    dim: int,
    attributes: int,
    *,
    store: Literal["edge", "server"] = "edge",
    int8: bool = False,
    keep: int = 2,
    texts_per_s: float = 100.0,
) -> Sizing:
    """What so many people take.

    Args:
        people: How many.
        dim: Length of a vector.
        attributes: Flat keys of the schema, derived ones included.
        store: Where they are kept.
        int8: Whether small vectors are kept beside the whole ones.
        keep: Generations that are kept, the live one included.
        texts_per_s: How fast the encoder is; ``tests/benchmarks/encode.py`` measures it.
    """
    small = dim if int8 else 0
    vectors = people * (4 * dim + small)
    columns = people * attributes * _COLUMN
    generation = vectors + people * (attributes * (_PAYLOAD + _INDEX) + _GRAPH_AND_IDS) + columns
    serving, building = _SERVING[store], _BUILDING[store]
    graph_s = people * _GRAPH_S * (dim / 384) if people >= _GRAPH_FROM else 0.0
    return Sizing(
        generation_bytes=generation,
        disk_bytes=generation * (keep + 1),
        serving_bytes=serving[0] + people * (serving[1] + (small if store == "edge" else 0)),
        cached_bytes=vectors + people * _GRAPH_AND_IDS + columns,
        building_bytes=max(_BUILDING_LEAST, building[0] + people * building[1] * max(attributes / _MEASURED, 0.3)),
        server_bytes=_SERVER[0] + people * (_SERVER[1] + small) if store == "server" else 0.0,
        import_s=people / _IMPORT_PER_S,
        encoding_s=people / texts_per_s,
        build_s=graph_s + people * attributes * _INDEX_S,
    )


def free_bytes(folder: Path) -> int:
    """Free bytes of the disk that a folder is on, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
