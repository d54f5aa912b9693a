"""Copying people from the embedded store to a Qdrant server and back: how fast, and whether the answers are the same.

200 random plans are asked of the original, of the server and of the copy of the copy. The two
embedded ones must give equal replies; on the server, scores may differ in their last digit.

Run: python tests/benchmarks/store_copy.py [--people 5000] [--dim 384] [--plans 200]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from qdrant_process import QdrantProcess
from random_clauses import random_profiles
from random_plans import Reply, ask, random_question
from techfinder.interfaces import CollectionSpec, Point, Store
from techfinder.models import Profile
from techfinder.schema import Schema, load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.copying import CopyJob
from techfinder.testing.store_samples import build

NEAR = 2e-6
QUESTION_DIM = 8


def main() -> None:
    """Copy, compare, print one line of JSON; a wrong answer ends it with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--plans", type=int, default=200)
    options = parser.parse_args()
    if not get_qdrant.available():
        sys.exit(f"This benchmark starts a Qdrant server. {get_qdrant.HELP}")
    schema, rng = load_schema(None), random.Random(1)
    profiles = random_profiles(schema, options.people, rng)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        qdrant = opened.enter_context(QdrantProcess(get_qdrant.BINARY, folder))
        stores = [
            opened.enter_context(closing(open_store(s)))
            for s in (
                Settings(home=folder / "one", nice=0),
                qdrant.address.settings(folder / "client", store_timeout_s=120),
                Settings(home=folder / "two", nice=0),
            )
        ]
        build(stores[0], _spec(schema, options.dim), _points(profiles, options.dim))
        figures = {
            "people": options.people,
            "to server, people/s": round(options.people / _copy(stores[0], stores[1], None)),
            "back, people/s": round(options.people / _copy(stores[1], stores[2], folder / "spool")),
        }
        different = _compare(stores, schema, profiles, options.dim, options.plans)
    print(json.dumps({**figures, "plans": options.plans, "different": len(different)}))
    if different:
        sys.exit("\n".join(different))


def _spec(schema: Schema, dim: int) -> CollectionSpec:
    attributes = {key: a.storage for key, a in schema.attributes.items()}
    return CollectionSpec("people", dim, "cosine", "random@1", "none", schema.name, attributes)


def _points(profiles: list[Profile], dim: int) -> list[Point]:
    vectors = np.random.default_rng(1).normal(size=(len(profiles), dim)).astype(np.float32)
    return [Point(p, n, f"row{n}", f"text{n}", vectors[n]) for n, p in enumerate(profiles)]


def _copy(source: Store, target: Store, spool: Path | None) -> float:
    """Seconds that a copy takes, index and comparison included."""
    started = time.perf_counter()
    CopyJob(source, target, "people", spool, lambda live: None, lambda done, total: None).run()
    return time.perf_counter() - started


def _compare(stores: list[Store], schema: Schema, profiles: list[Profile], dim: int, plans: int) -> list[str]:
    """The plans whose replies differ, in words."""
    found = []
    with ExitStack() as opened:
        readers = [opened.enter_context(closing(store.open("people"))) for store in stores]
        for seed in range(plans):
            question = random_question(schema, profiles, QUESTION_DIM, seed)
            if question.vector is not None:
                wide = np.random.default_rng(seed).normal(size=dim)
                vector = np.asarray(wide / np.linalg.norm(wide), dtype=np.float32)
                question = type(question)(question.plan, vector, False, question.facets)
            one, server, two = (ask(reader, schema, question) for reader in readers)
            if one != two:
                found.append(f"plan {seed}: the copy of the copy answers otherwise")
            if not _alike(one, server):
                found.append(f"plan {seed}: the server answers otherwise")
    return found


def _alike(one: Reply, other: Reply) -> bool:
    if (one.total, one.facets, len(one.scores)) != (other.total, other.facets, len(other.scores)):
        return False
    if not np.allclose(one.scores, other.scores, rtol=0, atol=NEAR):
        return False
    return any(one.scores) or one.profiles == other.profiles


if __name__ == "__main__":
    main()
