"""How both stores grow: import, graph, memory, disk, search, facets and recall at one number of people.

Everything goes through the product, as whole processes, by default with the hash encoder: ``techfinder
generate``, ``techfinder index``, then searches and facets through a Finder. The baseline of a
search is encoding the question and one filtered query to the bare engine with the same parameters,
in the same run. The server is a real Qdrant of its own on the same machine. In the end both stores
are asked the same things and must answer the same, and no process of ours may have held 2 GB.

Run: python tests/benchmarks/scale.py [--people 10000] [--dim 384] [--stores edge,server] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from process_memory import anonymous
from qdrant_process import QdrantProcess
from recall_bands import QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
HASH = ROOT / "tests" / "plugin_data" / "hash_encoder"
LIMIT = 20
NEAR = 2e-6
MOST_BYTES = 2_000_000_000
"""Anonymous memory that no process of ours may reach."""

FILTERS: Mapping[str, Mapping[str, list[str]]] = {
    "no filter": {},
    "one condition": {"gender": ["Female"]},
    "two conditions": {"gender": ["Female"], "age": ["30..60"]},
    "three conditions": {"gender": ["Female"], "age": ["30..60"], "adopter_category": ["Innovator", "Laggard"]},
}


def main() -> None:
    """Measure each store and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--stores", default="edge,server")
    parser.add_argument("--rounds", type=int, default=2, help="times that each of the forty questions is asked")
    parser.add_argument("--quantization", default="none")
    parser.add_argument("--folder", type=Path, help="where people and stores are made and removed; by default /tmp")
    parser.add_argument("--encoder", default="hash", help="its vectors must be as long as --dim says")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    title = f"{options.people:,} people, {options.dim} dimensions, quantization {options.quantization}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="techfinder-scale-", dir=options.folder)))
        people = folder / "people.parquet"
        seconds = timed(["generate", "-n", str(options.people), "--seed", "7", "-o", str(people)], dict(os.environ))
        print(f"generated in {seconds:.1f} s: {options.people / seconds:,.0f} people/s")
        scales = [Scale(store, folder / store, people, options, stack) for store in options.stores.split(",")]
        for scale in scales:
            scale.run()
        different = disagreements([scale.answers for scale in scales])
    report(title, scales, options.json)
    failed = [f"{different} of the answers differ between the stores"] if different else []
    failed += [f"{s.store}: a process held {s.most / 1e6:,.0f} MB" for s in scales if s.most >= MOST_BYTES]
    if failed:
        sys.exit("\n".join(failed))
    print("every answer is the same on each store" if len(scales) > 1 else "one store only: nothing was compared")


def report(title: str, scales: list[Scale], file: Path | None) -> None:
    """Print the table; write it to `file`."""
    table = Table("measured", title=title)
    for scale in scales:
        table.add_column(scale.store, justify="right")
    for name in dict.fromkeys(n for scale in scales for n in scale.found):
        table.add_row(name, *(scale.found.get(name, "") for scale in scales))
    Console(width=110).print(table)
    if file:
        file.write_text(json.dumps({"title": title} | {s.store: s.found for s in scales}, indent=1), encoding="utf-8")


def disagreements(answers: list[list[Any]]) -> int:
    """How many answers are not the same in every store; scores may differ in their last digit."""
    return sum(not all(alike(one[0], other) for other in one[1:]) for one in zip(*answers, strict=True))


def alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether count, facets and scores of two answers are the same."""
    return one[:2] == other[:2] and np.allclose(one[2], other[2], rtol=0, atol=NEAR)


class Scale:
    """One store's figures."""

    def __init__(self, store: str, folder: Path, people: Path, options: argparse.Namespace, stack: ExitStack) -> None:
        folder.mkdir()
        self.store, self.folder, self.people, self.options, self.stack = store, folder, people, options, stack
        self.found: dict[str, str] = {}
        self.answers: list[tuple[Any, ...]] = []
        self.most = 0

    def run(self) -> None:
        """Measure everything."""
        variables = self._settings()
        with variables_set(variables):
            with sampled() as memory:
                self._index(variables)
            self._memory("index: anonymous memory of our largest process, MB", memory)
            self._row("disk of the home folder, MB", f"{size_of(self.folder / 'home') / 1e6:,.0f}")
            if self.store == "server":
                self._row("disk of the server, MB", f"{size_of(self.folder / 'qdrant') / 1e6:,.0f}")
            self._ask()

    def _settings(self) -> dict[str, str]:
        variables = {
            "TECHFINDER_HOME": str(self.folder / "home"),
            "TECHFINDER_ENCODER": self.options.encoder,
            "TECHFINDER_TEST_HASH_DIM": str(self.options.dim),
            "TECHFINDER_NICE": "0",
            "TECHFINDER_STORE_TIMEOUT_S": "600",
            "PYTHONPATH": str(HASH),
        }
        if self.options.quantization != "none":
            variables["TECHFINDER_QUANTIZATION"] = self.options.quantization
        if self.store == "server":
            (self.folder / "qdrant").mkdir()
            self.server = self.stack.enter_context(QdrantProcess(get_qdrant.BINARY, self.folder / "qdrant"))
            variables |= {
                "TECHFINDER_STORE": "server",
                "TECHFINDER_QDRANT_URL": self.server.url,
                "TECHFINDER_QDRANT_GRPC_PORT": str(self.server.grpc_port),
            }
        return variables

    def _index(self, variables: Mapping[str, str]) -> None:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "techfinder", "index", str(self.people)],
            env={**os.environ, **variables},
            stdout=subprocess.DEVNULL,
        )
        phases: dict[str, float] = {}
        while process.poll() is None:
            if phase := self._phase():
                phases.setdefault(phase, time.perf_counter())
            time.sleep(0.1)
        if process.returncode:
            raise SystemExit(f"techfinder index ended with {process.returncode}")
        ended = time.perf_counter()
        building = phases.get("building", ended)
        people = self.options.people
        self._row("import: read, check, encode, write; people/s", f"{people / (building - started):,.0f}")
        self._row("build: graph, columns, check; s", f"{ended - building:,.1f}")
        self._row("together, s", f"{ended - started:,.1f}")

    def _phase(self) -> str:
        for path in (self.folder / "home" / "runs").glob("*/progress.json"):
            return str(json.loads(path.read_text(encoding="utf-8"))["phase"])
        return ""

    def _ask(self) -> None:
        from techfinder.finder import Finder
        from techfinder.settings import load_settings

        sys.path.insert(0, str(HASH))
        with closing(Finder(load_settings())) as finder:
            finder.load_encoder()
            self._row("opening: first answer after start, s", f"{seconds_of(lambda: finder.search(finder.plan())):.2f}")
            plans = {n: [self._plan(finder, q, f) for q in QUESTIONS] for n, f in FILTERS.items()}
            for name, asked in plans.items():
                found = [self._recall(finder, p) for p in asked]
                self._row(f"recall@{LIMIT}, {name}", f"{np.mean(found):.4f}")
            ours = [c for c in psutil.Process().children(recursive=True) if "qdrant" not in c.name()]
            memory = {p.pid: anonymous(p) for p in (psutil.Process(), *ours)}
            self._memory("search: anonymous memory of our largest process, MB", memory)
            if self.store == "server":
                self._row("search: anonymous memory of the server, MB", f"{self._server_memory() / 1e6:,.0f}")
            for name, asked in plans.items():
                self._time(finder, name, asked)

    def _plan(self, finder: Any, question: str, filters: Mapping[str, list[str]]) -> Any:
        """Ranked by the whole question, which is not read for conditions of its own."""
        return finder.plan("", filters, limit=LIMIT).model_copy(update={"text": question, "meaning": question})

    def _time(self, finder: Any, name: str, plans: list[Any]) -> None:
        ours, bare, facets = np.array([self._times(finder, p) for p in plans * self.options.rounds]).T
        half, ninety = np.percentile(ours, (50, 95))
        leaves = finder.collection().count(finder.schema.resolve(plans[0].required))
        self._row(f"people left by {name}", f"{leaves:,}")
        self._row(f"search, {name}: p50 / p95 ms", f"{half:.1f} / {ninety:.1f}")
        self._row(f"search, {name}: of encode + bare query", f"{half / np.median(bare):.2f}")
        self._row(f"ten facets, {name}: p50 ms", f"{np.median(facets):.1f}")
        self._row(f"ten facets, {name}: of encode + bare query", f"{np.median(facets) / np.median(bare):.2f}")

    def _times(self, finder: Any, plan: Any) -> list[float]:
        """Milliseconds of a search, of the same without the product, and of ten facets."""
        jobs = (lambda: finder.search(plan), lambda: self._bare(finder, plan), lambda: ten_facets(finder, plan))
        return [seconds_of(job) * 1000 for job in jobs]

    def _recall(self, finder: Any, plan: Any) -> float:
        """The share of the true best that the graph finds. Keeps the true answer for the comparison of stores."""
        vector = finder.load_encoder().encode_query(plan.meaning)
        where = finder.schema.resolve(plan.required)
        found, true = (finder.collection().search(vector, where, LIMIT, exact=e) for e in (False, True))
        self.answers.append((finder.collection().count(where), ten_facets(finder, plan), [h.score for h in true]))
        floor = true[-1].score - NEAR  # equal scores are equally good
        return sum(int(h.score >= floor) for h in found) / len(true)

    def _bare(self, finder: Any, plan: Any) -> object:
        """Encode the question and put one filtered query to the engine, without the product around it."""
        from techfinder.store.conditions import to_filter

        vector = finder.load_encoder().encode_query(plan.meaning)
        attributes = {k: a.storage for k, a in finder.schema.attributes.items()}
        where = to_filter(finder.schema.resolve(plan.required), attributes)
        if self.store == "server":
            return self._bare_server(vector, where)
        return self._bare_edge(vector, where)

    def _bare_server(self, vector: Any, where: dict[str, Any]) -> object:
        from qdrant_client import QdrantClient, models

        from techfinder.store.graph import ACORN_BELOW, HNSW_EF, OVERSAMPLING

        if not hasattr(self, "client"):
            self.client = QdrantClient(url=self.server.url, grpc_port=self.server.grpc_port, prefer_grpc=True)
        return self.client.query_points(
            "people",
            query=vector.tolist(),
            query_filter=models.Filter.model_validate(where),
            limit=LIMIT,
            with_payload=True,
            search_params=models.SearchParams(
                hnsw_ef=HNSW_EF,
                quantization=models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING),
                acorn=models.AcornSearchParams(enable=True, max_selectivity=ACORN_BELOW),
            ),
        )

    def _bare_edge(self, vector: Any, where: dict[str, Any]) -> object:
        from uuid import UUID

        from techfinder.store.edge.shard import Shard

        if not hasattr(self, "shard"):
            [folder] = (self.folder / "home" / "store" / "people" / "generations").glob("*/shard")
            self.shard = Shard.load(folder, self.options.dim)
        found = self.shard.nearest(vector, where, LIMIT, False)
        return self.shard.payloads([UUID(bytes=i) for i, _ in found])

    def _server_memory(self) -> int:
        return anonymous(psutil.Process(self.server._process.pid))

    def _memory(self, name: str, by_process: Mapping[int, int]) -> None:
        self.most = max(self.most, *by_process.values())
        self._row(name, f"{max(by_process.values()) / 1e6:,.0f}")

    def _row(self, name: str, value: str) -> None:
        print(f"{self.store}: {name}: {value}", flush=True)
        self.found[name] = value


def ten_facets(finder: Any, plan: Any) -> object:
    """Ten exact facets over what the plan's conditions match."""
    from techfinder.interfaces import FacetRequest

    where = tuple(finder.schema.resolve(plan.required))
    keys = [k for k, a in finder.schema.attributes.items() if a.storage.startswith("keyword")][:10]
    return finder.collection().facets([FacetRequest(k, where, k) for k in keys])


@contextmanager
def sampled() -> Iterator[dict[int, int]]:
    """Largest anonymous memory by process id of this process's descendants, servers left out."""
    peaks: dict[int, int] = {0: 0}
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            for child in psutil.Process().children(recursive=True):
                try:
                    if "qdrant" not in child.name():
                        peaks[child.pid] = max(peaks.get(child.pid, 0), anonymous(child))
                except (psutil.Error, OSError):
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        stop.set()
        watcher.join()


@contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment with `variables`, put back afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def size_of(folder: Path) -> int:
    """Bytes that the files of a folder take on the disk."""
    return sum(p.stat().st_blocks * 512 for p in folder.rglob("*") if p.is_file())


def seconds_of(job: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def timed(arguments: list[str], variables: Mapping[str, str]) -> float:
    """Seconds that a techfinder command takes."""
    command = [sys.executable, "-m", "techfinder", *arguments]
    return seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(variables)))


if __name__ == "__main__":
    main()
