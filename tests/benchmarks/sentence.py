"""What understanding costs: from a sentence to people with reasons, beside encoding it and one raw filtered query.

The sentences are the questions for tuning. Indexed and asked as in ``scale.py`` in the embedded store, by default with
the hash encoder, which costs nothing: the hardest case. What the default encoder takes for the same texts is timed too,
and the last line adds it to both sides, which is what a user has. The baseline knows the conditions of the sentence
already, and puts them to the bare engine with the same parameters.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scale import HASH, LIMIT, ROOT, Scale, seconds_of, ten_facets, timed

QUESTIONS = ROOT / "data" / "questions" / "tuning.jsonl"


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000, help="how many (default: 10000)")
    parser.add_argument("--dim", type=int, default=384, help="length of a vector (default: 384)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each sentence is asked (default: 3)")
    parser.add_argument("--encoder", default="hash", help="its vectors must be as long as --dim says (default: hash)")
    options = parser.parse_args()
    options.quantization = "none"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="techfinder-sentence-")))
        people = folder / "people.parquet"
        timed(["generate", "-n", str(options.people), "--seed", "7", "-o", str(people)], {"PATH": ""})
        Sentences("edge", folder / "edge", people, options, stack).run()


class Sentences(Scale):
    """Asks sentences instead of plans."""

    def _ask(self) -> None:
        from techfinder.finder import Finder
        from techfinder.settings import load_settings

        sys.path.insert(0, str(HASH))
        texts = [json.loads(line)["text"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
        with closing(Finder(load_settings())) as finder:
            finder.load_encoder()
            finder.search(finder.plan(texts[0]))
            plans = [finder.plan(t, limit=LIMIT) for t in texts]
            ranked = [p for p in plans if p.meaning and not p.sort]
            kinds = {
                "no wishes": [p for p in ranked if not p.preferred],
                "with wishes": [p for p in ranked if p.preferred],
            }
            Console(width=120).print(self._table(finder, kinds))

    def _table(self, finder: Any, kinds: dict[str, list[Any]]) -> Table:
        table = Table("", *(f"{name} ({len(plans)})" for name, plans in kinds.items()), box=None)
        by_kind = [
            np.array([self._timed(finder, p) for p in plans * self.options.rounds]).T for plans in kinds.values()
        ]
        for row, name in enumerate(
            ("reading", "reading, encoding, search, reasons", "encode + bare query", "ten facets", "the same again")
        ):
            table.add_row(
                f"{name}: p50 / p95 ms", *("{:.2f} / {:.2f}".format(*np.percentile(k[row], (50, 95))) for k in by_kind)
            )
        table.add_row(
            "whole search, of encode + bare query", *(f"{np.median(k[1]) / np.median(k[2]):.2f}" for k in by_kind)
        )
        table.add_row(
            "ten facets, of encode + bare query", *(f"{np.median(k[3]) / np.median(k[2]):.2f}" for k in by_kind)
        )
        encode = [self._encoding_ms(plans) for plans in kinds.values()]
        table.add_row("encoding with the default encoder: p50 ms", *(f"{ms:.2f}" for ms in encode))
        table.add_row(
            "whole search, of encode + bare query, with it",
            *(f"{(np.median(k[1]) + ms) / (np.median(k[2]) + ms):.2f}" for k, ms in zip(by_kind, encode, strict=True)),
        )
        return table

    def _encoding_ms(self, plans: list[Any]) -> float:
        """What the default encoder takes for the text of one of these plans, in the median."""
        from techfinder.plugins import Plugins
        from techfinder.settings import Settings

        encoder = Plugins.load(Settings(home=self.folder / "defaults")).encoder("").load()
        encoder.encode_query(plans[0].meaning)
        return float(np.median([seconds_of(lambda p=p: encoder.encode_query(p.meaning)) * 1000 for p in plans]))

    def _timed(self, finder: Any, plan: Any) -> list[float]:
        jobs = (
            lambda: finder.plan(plan.text, limit=LIMIT),
            lambda: finder.search(finder.plan(plan.text, limit=LIMIT)),
            lambda: self._bare(finder, plan),
            lambda: ten_facets(finder, plan),
        )
        found = [seconds_of(job) * 1000 for job in jobs]
        finder.answer(plan, names=())
        return [*found, seconds_of(lambda: finder.answer(finder.plan(plan.text, limit=LIMIT), names=())) * 1000]


if __name__ == "__main__":
    main()
