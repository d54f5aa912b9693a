"""Questions are encoded by what encoded the people, whatever the settings say, also while that changes."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homes import index
from techfinder.encoding import CheckedEncoder
from techfinder.errors import EncoderError
from techfinder.finder import Finder
from techfinder.indexing import IndexJob, IndexOptions
from techfinder.interfaces import EncoderEntry
from techfinder.models import SearchResult
from techfinder.sources import open_source
from two_encoders import ASKED, entries, open_both


def rebuild(finder: Finder, entry: EncoderEntry) -> None:
    IndexJob(
        source=open_source("synthetic:n=40", finder.plugins.sources()),
        label="people",
        schema=finder.schema,
        info=entry.info,
        load_encoder=lambda: CheckedEncoder(entry),
        store=finder.store,
        collection=finder.settings.collection,
        home=finder.settings.home,
        options=IndexOptions(rebuild=True),
    ).run()


@pytest.fixture
def one() -> EncoderEntry:
    return entries()["one"]


@pytest.fixture
def two() -> EncoderEntry:
    return entries()["two"]


@pytest.fixture
def finder(tmp_path: Path, one: EncoderEntry, two: EncoderEntry) -> Iterator[Finder]:
    """People of encoder one, and both installed."""
    made = open_both(tmp_path, (one, two), encoder="one")
    index(made, "synthetic:n=40")
    yield made
    made.close()


def similarity(result: SearchResult) -> float:
    return next(s.value for s in result.hits[0].shares if s.name == "meaning")


def ask(finder: Finder) -> SearchResult:
    return finder.search(ASKED, wait_s=20)


def test_a_running_finder_follows_what_is_live(finder: Finder, one: EncoderEntry, two: EncoderEntry) -> None:
    before = ask(finder)
    assert before.generation.encoder == one.info.fingerprint
    seen: list[SearchResult] = []
    stop = threading.Event()

    def searching() -> None:
        while not stop.is_set():
            seen.append(ask(finder))

    thread = threading.Thread(target=searching)
    thread.start()
    rebuild(finder, two)
    while not seen or seen[-1].generation.number == 1:
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert {r.generation.encoder for r in seen} == {one.info.fingerprint, two.info.fingerprint}
    assert {r.ranked_by for r in seen} == {"meaning"}
    # Turned both ways, similarities are the same; turned one way only, they would all be negative, hence 0.
    assert {round(similarity(r), 4) for r in seen} == {round(similarity(before), 4)}
    assert similarity(before) > 0


@pytest.mark.slow
def test_another_process_needs_no_setting_to_search_what_was_built(
    finder: Finder, tmp_path: Path, one: EncoderEntry, two: EncoderEntry
) -> None:
    rebuild(finder, two)
    other = open_both(tmp_path, (one, two), encoder="one")
    assert ask(other).generation.encoder == two.info.fingerprint
    other.close()


def test_building_goes_on_with_what_is_live_unless_settings_name_another(
    finder: Finder, tmp_path: Path, one: EncoderEntry, two: EncoderEntry
) -> None:
    rebuild(finder, two)
    unset, named = open_both(tmp_path, (one, two)), open_both(tmp_path, (one, two), encoder="one")
    assert unset.encoder_entry().info == two.info
    assert named.encoder_entry().info == one.info
    unset.close()
    named.close()


def test_an_encoder_that_cannot_be_loaded_is_not_gone_over_to(
    finder: Finder, tmp_path: Path, one: EncoderEntry, two: EncoderEntry
) -> None:
    tried = threading.Event()

    def load() -> Any:
        tried.set()
        raise EncoderError("no weights here")

    serving = open_both(tmp_path, (one, replace(two, load=load)), encoder="one")
    ask(serving)
    rebuild(finder, two)
    while not tried.is_set():
        assert ask(serving).generation.number == 1
    for _ in range(20):
        assert ask(serving).ranked_by == "meaning"
    assert serving.generation().number == 1
    serving.close()


@pytest.mark.slow
def test_the_one_to_go_back_to_stays_loaded(finder: Finder, one: EncoderEntry, two: EncoderEntry) -> None:
    ask(finder)
    rebuild(finder, two)
    while finder.generation().number == 1:
        ask(finder)
    loaded = {fingerprint: w.state for fingerprint, w in finder._encoders._warmups.items()}
    assert loaded == {one.info.fingerprint: "ready", two.info.fingerprint: "ready"}
