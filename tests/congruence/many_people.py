"""Both stores and the brute-force judge agree about many people; ``make nightly`` asks about a million.

The tests ask thousands of plans about six hundred people. With a million the numbers are new: parts
of a collection, places and counts beyond 16 bits, pages far down. Scores have no rounding, and many
are equal. Vectors have eight parts, so that building takes less of the hours that it takes; the
conditions are random, and every question has people on its page. A million wants 12 GB of memory and
of disk.

Run: python tests/congruence/many_people.py [--people 20000] [--plans 40] [--seed 0] [--folder /tmp]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count, islice
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from qdrant_process import QdrantProcess
from random_clauses import random_profiles
from random_plans import GRIDS, Question, ask, differences, expected, grid_vector, random_question
from techfinder.interfaces import Collection, CollectionSpec, Point, Store
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store

DIM, BATCH = 8, 2000


def main() -> None:
    """Build, ask, say how many agree; ends with exit code 1 where somebody does not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--plans", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0, help="of the first plan; each further one has the next")
    parser.add_argument("--folder", type=Path, help="where the stores are made and removed; by default /tmp")
    options = parser.parse_args()
    if not get_qdrant.available():
        sys.exit(f"This starts a Qdrant server. {get_qdrant.HELP}")
    schema, rng = load_schema(), random.Random(30)
    points = _points(random_profiles(schema, options.people, rng), rng)
    attributes = {key: a.storage for key, a in schema.attributes.items()}
    spec = CollectionSpec("many", DIM, "cosine", "grid", "t", schema.name, attributes)
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="techfinder-many-", dir=options.folder))
        stores = _stores(Path(folder), opened)
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda kind: _build(kind, stores[kind], spec, points), stores))
        readers = {kind: opened.enter_context(closing(store.open(spec.name))) for kind, store in stores.items()}
        vectors = np.stack([p.vector for p in points if p.vector is not None])
        judge = Judge(schema, [p.profile for p in points], vectors)
        asked = islice(_questions(judge, options.seed), options.plans)
        agreed = [_agree(judge, readers, seed, question) for seed, question in asked]
    if not all(agreed):
        sys.exit(f"{agreed.count(False)} of {len(agreed)} plans are answered otherwise than by the judge")
    print(f"{len(agreed)} plans about {options.people:,} people: both stores answer as the judge does")


def _questions(judge: Judge, seed: int) -> Iterator[tuple[int, Question]]:
    """Those whose scores have no rounding, and so one right order, and that have people on their page."""
    for number in count(seed):
        question = random_question(judge.schema, judge.profiles, DIM, number)
        plan = question.plan
        if (question.exact or question.vector is None) and judge.count(plan.conditions) > plan.offset:
            yield number, question


def _agree(judge: Judge, readers: Mapping[str, Collection], seed: int, question: Question) -> bool:
    """Whether every store answers as the judge does. Says what was asked, and each difference."""
    wanted = expected(judge, question)
    how = "sorted" if question.vector is None else "ranked"
    print(
        f"plan {seed}: {wanted.total:,} {how}, {len(wanted.profiles):,} from place {question.plan.offset:,}", flush=True
    )
    found = [
        f"plan {seed}, {kind}: {difference[:300]}"
        for kind, reader in readers.items()
        for difference in differences(judge, question, wanted, ask(reader, judge.schema, question))
    ]
    print("\n".join(found), end="\n" if found else "", flush=True)
    return not found


def _stores(folder: Path, opened: ExitStack) -> dict[str, Store]:
    (folder / "qdrant").mkdir()
    qdrant = opened.enter_context(QdrantProcess(get_qdrant.BINARY, folder / "qdrant"))
    settings = {
        "edge": Settings(home=folder / "edge", nice=0),
        "server": qdrant.address.settings(folder / "client", store_timeout_s=600),
    }
    return {kind: opened.enter_context(closing(open_store(s))) for kind, s in settings.items()}


def _points(profiles: list[Profile], rng: random.Random) -> list[Point]:
    """Stored order is not the order of ids; vectors are of norm 1."""
    rng.shuffle(profiles)
    return [Point(p, n, f"r{n}", f"t{n}", grid_vector(rng, DIM, rng.choice(GRIDS))) for n, p in enumerate(profiles)]


def _build(kind: str, store: Store, spec: CollectionSpec, points: Sequence[Point]) -> None:
    started = time.monotonic()
    writer = store.write(spec)
    try:
        for start in range(0, len(points), BATCH):
            writer.upsert(points[start : start + BATCH])
        info = writer.seal()
        writer.publish()
    finally:
        writer.discard()
    print(f"{kind}: {info.points:,} people built in {time.monotonic() - started:,.0f} s", flush=True)


if __name__ == "__main__":
    main()
