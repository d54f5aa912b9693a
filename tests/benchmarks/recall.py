"""How much of the exact best twenty the graph finds, on both stores, by how few people a filter leaves.

Forty questions are asked of made people. With `--encoder minilm` texts and questions are encoded
by the model (some minutes for 20,000); `--encoder hash` hashes their words, which takes seconds
and is harder for a graph: hundreds of people are nearly as near as the best. Filters that leave
10,000 people or fewer are answered by comparing all of these, so only the first rows show the graph.

Run: python tests/benchmarks/recall.py [--people 20000] [--encoder hash|minilm] [--store edge --store server]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from qdrant_process import QdrantAddress, QdrantProcess
from recall_bands import BANDS, QUESTIONS, encoded_people, fill, has_graph, measure
from techfinder.interfaces import Encoder
from techfinder.plugins import Plugins
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.testing.fakes import HashEncoder

NAME = "recall"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--encoder", default="hash", help="hash, or the name of an installed encoder")
    parser.add_argument("--store", action="append", choices=("edge", "server"), help="one of them; both by default")
    wanted = parser.parse_args()
    table = Table("store", "graph", "filter leaves", "recall@20", "graph p50 ms", "exact p50 ms")
    table.title = f"{wanted.people:,} people, encoder {wanted.encoder}, {len(QUESTIONS)} questions"
    with tempfile.TemporaryDirectory(prefix="techfinder-bench-") as folder, ExitStack() as opened:
        places = settings_of(wanted.store or ["edge", "server"], Path(folder), opened)
        report(places, load_encoder(wanted.encoder, Path(folder)), wanted.people, table)
    Console().print(table)


def settings_of(kinds: list[str], folder: Path, opened: ExitStack) -> list[Settings]:
    """One store of each kind, with a Qdrant server of its own where one is needed."""
    found = []
    for kind in kinds:
        home = folder / kind
        if kind == "edge":
            found.append(Settings(home=home, nice=0))
            continue
        (folder / "qdrant").mkdir()
        process = opened.enter_context(QdrantProcess(get_qdrant.BINARY, folder / "qdrant"))
        found.append(QdrantAddress(process.url, process.grpc_port).settings(home))
    return found


def load_encoder(name: str, folder: Path) -> Encoder:
    """The encoder of that name; hash needs no plugin."""
    if name == "hash":
        return HashEncoder(dim=384)
    return Plugins.load(Settings(home=folder / "encoder")).encoders()[name].load()


def report(places: list[Settings], encoder: Encoder, size: int, table: Table) -> None:
    """One row for each store and filter. Texts are encoded once for each store, to keep memory small."""
    schema = load_schema()
    queries: list[NDArray[np.float32]] = [encoder.encode_query(q) for q in QUESTIONS]
    for settings in places:
        with closing(open_store(settings)) as store:
            points: Iterator = encoded_people(schema, encoder, size, tell)  # type: ignore[type-arg]
            fill(store, NAME, schema, encoder, points)
            graph = "yes" if has_graph(settings, NAME) else "no"
            with closing(store.open(NAME)) as people:
                for share in BANDS:
                    band = measure(people, queries, share)
                    cells = (f"{band.recall:.4f}", f"{band.graph_ms:.2f}", f"{band.exact_ms:.2f}")
                    table.add_row(settings.store, graph, f"{share:.2%}", *cells)
            store.drop(NAME)


def tell(done: int) -> None:
    """Say how far it is."""
    print(f"\r{done:,} people encoded", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
