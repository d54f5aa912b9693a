"""Finders on homes of their own, with the hash encoder and made people: in-process, no subprocess."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from techfinder.encoding import CheckedEncoder
from techfinder.finder import Finder
from techfinder.indexing import IndexJob, IndexOptions
from techfinder.interfaces import EncoderEntry, Source
from techfinder.judge import Judge
from techfinder.models import Profile, Row
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.runs import RunProgress
from techfinder.settings import load_settings
from techfinder.sources import open_source
from techfinder.testing.fakes import FakePlugin

PATIENCE_S = 20.0


def open_home(home: Path, entry: EncoderEntry, **settings: Any) -> Finder:
    """A Finder on `home` that encodes with `entry`."""
    chosen = load_settings(home=home, encoder=entry.info.name, nice=0, **settings)
    return Finder(chosen, Plugins.load(chosen, extra=[("test_encoder", FakePlugin(encoders=[entry]))]))


def index(
    finder: Finder,
    source: Source | str,
    refused: Callable[[], Callable[[str], bool] | None] = lambda: None,
    **options: Any,
) -> tuple[RunProgress, Path | None]:
    """Run an index job on a source, or on what the text names, and wait until the finder answers from it."""
    entry = finder.encoder_entry()
    job = IndexJob(
        source=open_source(source, finder.plugins.sources()) if isinstance(source, str) else source,
        label=source if isinstance(source, str) else "rows",
        schema=finder.schema,
        info=entry.info,
        load_encoder=lambda: CheckedEncoder(entry),
        store=finder.store,
        collection=finder.settings.collection,
        home=finder.settings.home,
        options=IndexOptions(**options),
        refused=refused,
    )
    progress, rejects = job.run()
    if progress.generation is not None:
        _wait_for(finder, progress.generation)
    return progress, rejects


def _wait_for(finder: Finder, generation: int) -> None:
    """A reader that is open goes over to a new generation in the background."""
    deadline = time.monotonic() + PATIENCE_S
    while finder.generation().number != generation:
        assert time.monotonic() < deadline, f"generation {generation} was not picked up"
        time.sleep(0.01)


def read_profiles(finder: Finder, source: str) -> list[Profile]:
    """The good rows of a source as profiles, in order."""
    opened = open_source(source, finder.plugins.sources())
    reader = RowReader(finder.schema, opened.columns())
    answers = [reader.read(row) for row in opened.rows() if isinstance(row, Row)]
    return [a for a in answers if isinstance(a, Profile)]


def judge(finder: Finder, profiles: Sequence[Profile]) -> Judge:
    """The judge over these profiles, with the vectors that the finder's encoder gives them."""
    encoder = CheckedEncoder(finder.encoder_entry())
    vectors = encoder.encode_documents([finder.schema.text(p) for p in profiles])
    return Judge(finder.schema, profiles, vectors)
