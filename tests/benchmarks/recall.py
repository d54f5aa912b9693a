"""How much of the exact best twenty the graph finds, on both stores, by how few people a filter leaves.

Forty questions are asked of made people. With `--encoder minilm` texts and questions are encoded
by the model (some minutes for 20,000); `--encoder hash` hashes their words, which takes seconds
and is harder for a graph: hundreds of people are nearly as near as the best. Filters that leave under
30,000 people are answered by looking at all of these, so only the first rows show the graph.
With `--quantization none --quantization int8` the same vectors are stored whole, and whole and small.
Memory is that of the process that answers: the embedded store's, just started, or the server that has
built it all, so compare it within a store. People and vectors are kept in this process: 4 kB each.

Run: python tests/benchmarks/recall.py [--people 20000] [--encoder hash|minilm] [--store edge --store server]
     [--quantization none --quantization int8]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
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
from process_memory import anonymous
from qdrant_process import QdrantProcess
from recall_bands import BANDS, QUESTIONS, encoded_people, fill, has_graph, measure
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
            with place(kind, quantization, folder) as settings:
                for cells in rows(settings, schema, encoder, points, queries):
                    table.add_row(kind, quantization, *cells)
    Console(width=120).print(table)


@contextmanager
def place(kind: str, quantization: Literal["none", "int8"], parent: Path) -> Iterator[Settings]:
    """A store of that kind, in a folder that goes with it; a server has a process of its own."""
    with tempfile.TemporaryDirectory(dir=parent) as name, ExitStack() as opened:
        home, storage = Path(name, "home"), Path(name, "qdrant")
        if kind == "edge":
            yield Settings(home=home, nice=0, quantization=quantization)
        else:
            storage.mkdir()
            process = opened.enter_context(QdrantProcess(get_qdrant.BINARY, storage))
            yield process.address.settings(home, quantization=quantization, store_timeout_s=600)


def rows(
    settings: Settings, schema: Schema, encoder: Encoder, points: list[Point], queries: list[NDArray[np.float32]]
) -> Iterator[tuple[str, ...]]:
    """Build the collection there; the cells of each band. Where the graph is not searched, ``exact`` stands for it."""
    with closing(open_store(settings)) as store:
        started = time.perf_counter()
        fill(store, NAME, schema, encoder, iter(points))
        built = time.perf_counter() - started
        with closing(store.open(NAME)) as people:
            bands = [measure(people, queries, share) for share in BANDS]
            graph = "exact" if people.info().exact else "yes" if has_graph(settings, NAME) else "no"
            first = [graph, f"{built:.1f}"]
            first += [f"{size / 1e6:,.0f}" for size in memory()]
    for band in bands:
        yield (*first, f"{band.share:.2%}", f"{band.recall:.4f}", f"{band.graph_ms:.2f}", f"{band.exact_ms:.2f}")
        first = [""] * len(first)


def memory() -> tuple[int, int]:
    """Bytes of the process that answers, the largest that this one has started: what no file backs, and all."""
    largest = max(psutil.Process().children(recursive=True), key=lambda p: p.memory_info().rss)
    return anonymous(largest), largest.memory_info().rss


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
