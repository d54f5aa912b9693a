"""How much of the exact best twenty the graph finds, on both stores, by how few people a filter leaves.

Forty questions are asked of made people. With `--encoder minilm` texts and questions are encoded
by the model (some minutes for 20,000); `--encoder hash` hashes their words, which takes seconds
and is harder for a graph: hundreds of people are nearly as near as the best. Filters that leave
10,000 people or fewer are answered by comparing all of these, so only the first rows show the graph.
With `--quantization none --quantization int8` the same vectors are stored whole, and whole and small.

Run: python tests/benchmarks/recall.py [--people 20000] [--encoder hash|minilm] [--store edge --store server]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from qdrant_process import QdrantAddress, QdrantProcess
from recall_bands import BANDS, QUESTIONS, encoded_people, fill, has_graph, measure
from techfinder.errors import StoreError
from techfinder.interfaces import Encoder, Point
from techfinder.plugins import Plugins
from techfinder.schema import Schema, load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.testing.fakes import HashEncoder

NAME = "recall"
BAND_COLUMNS = ("filter leaves", "recall@20", "graph p50 ms", "exact p50 ms")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--encoder", default="hash", help="hash, or the name of an installed encoder")
    parser.add_argument("--store", action="append", choices=("edge", "server"), help="one of them; both by default")
    parser.add_argument("--quantization", action="append", choices=("none", "int8"), help="again for another; none")
    wanted = parser.parse_args()
    table = Table("store", "vectors", "graph", "build s", "anonymous MB", "resident MB", *BAND_COLUMNS)
    table.title = f"{wanted.people:,} people, encoder {wanted.encoder}, {len(QUESTIONS)} questions"
    with tempfile.TemporaryDirectory(prefix="techfinder-bench-") as temporary:
        folder = Path(temporary)
        encoder, schema = load_encoder(wanted.encoder, folder), load_schema()
        queries = [encoder.encode_query(q) for q in QUESTIONS]
        points = list(encoded_people(schema, encoder, wanted.people, tell))
        for kind, quantization in product(wanted.store or ["edge", "server"], wanted.quantization or ["none"]):
            with place(kind, quantization, folder / f"{kind}-{quantization}") as settings:
                for cells in rows(settings, schema, encoder, points, queries):
                    table.add_row(kind, quantization, *cells)
    Console(width=120).print(table)


@contextmanager
def place(kind: str, quantization: Literal["none", "int8"], folder: Path) -> Iterator[Settings]:
    """A store of that kind; a server has a process of its own."""
    if kind == "edge":
        yield Settings(home=folder, nice=0, quantization=quantization)
        return
    storage = folder / "qdrant"
    storage.mkdir(parents=True)
    with QdrantProcess(get_qdrant.BINARY, storage) as process:
        changes = {"quantization": quantization, "store_timeout_s": 600}
        yield QdrantAddress(process.url, process.grpc_port).settings(folder / "home", **changes)


def rows(
    settings: Settings, schema: Schema, encoder: Encoder, points: list[Point], queries: list[NDArray[np.float32]]
) -> Iterator[tuple[str, ...]]:
    """Build the collection there; the cells of each band. Of a graph that is refused, what the store says."""
    started = time.perf_counter()
    with closing(open_store(settings)) as store:
        try:
            fill(store, NAME, schema, encoder, iter(points))
        except StoreError as error:
            print(f"\n{settings.store}, {settings.quantization}: {error}", file=sys.stderr)
            yield ("refused",)
            return
        first = ["yes" if has_graph(settings, NAME) else "no", f"{time.perf_counter() - started:.1f}"]
        with closing(store.open(NAME)) as people:
            bands = [measure(people, queries, share) for share in BANDS]
            first += [f"{size / 1e6:,.0f}" for size in memory()]
    for band in bands:
        yield (*first, f"{band.share:.2%}", f"{band.recall:.4f}", f"{band.graph_ms:.2f}", f"{band.exact_ms:.2f}")
        first = [""] * len(first)


def memory() -> tuple[int, int]:
    """Bytes of the process that holds the vectors, the largest that this one has started: no file's, and all."""
    held = [p.memory_full_info() for p in psutil.Process().children(recursive=True)]
    largest = max(held, key=lambda m: m.rss)
    return largest.rss - largest.shared, largest.rss


def load_encoder(name: str, folder: Path) -> Encoder:
    """The encoder of that name; hash needs no plugin."""
    if name == "hash":
        return HashEncoder(dim=384)
    return Plugins.load(Settings(home=folder / "encoder")).encoders()[name].load()


def tell(done: int) -> None:
    """Say how far it is."""
    print(f"\r{done:,} people encoded", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
