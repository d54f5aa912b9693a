"""Events for open pages: what is told, to whom, and when it ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from techfinder import GenerationInfo, LiveState
from techfinder.finder import Finder
from techfinder.runs import RunProgress, RunRecord
from techfinder_webui import live
from techfinder_webui.contexts import LivePart
from techfinder_webui.live import LiveEvents, live_part
from techfinder_webui.pages import live_token

FIRST = GenerationInfo("people", 1, 60, 64, "cosine", "e", "t", "s", "", "aaaa")
SECOND = replace(FIRST, number=2, points=70, digest="bbbb")


@pytest.fixture
def run(tmp_path: Path) -> RunProgress:
    """A run that goes on."""
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        record.update(phase="encoding", done=250, total=1000)
    return record.progress


class Times:
    """In the place of a finder: its states one after the other, then it stops."""

    def __init__(self, *states: LiveState, threads: int = 2) -> None:
        self._states = itertools.chain(states, itertools.repeat(states[-1]))
        self._left = len(states)
        self.settings = SimpleNamespace(threads=threads)
        self.stopping = self

    def live_state(self) -> LiveState:
        return next(self._states)

    def wait(self, seconds: float) -> bool:
        self._left -= 1
        return self._left <= 0


def html(part: LivePart) -> str:
    return f"<p>{part.kind}: {part.text}</p>"


def told(finder: Times, seen: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events of one stream."""
    monkeypatch.setattr(live, "_LOOK_S", 0.0)
    return list(LiveEvents(cast("Finder", finder)).stream(seen, html))


def test_a_run_and_what_it_brings_are_told_once_each(run: RunProgress, monkeypatch: pytest.MonkeyPatch) -> None:
    done = replace(run, state="done", phase="live", generation=2)
    states = [LiveState(FIRST, None), LiveState(FIRST, run), LiveState(FIRST, run), LiveState(SECOND, done)]
    assert told(Times(*states), live_token(FIRST), monkeypatch) == [
        "retry: 1000\n\n",
        "data: <p>info: </p>\n\n",
        "data: <p>info: Indexing people.csv: 250 of 1,000 rows</p>\n\n",
        "id: 2.0.bbbb\nevent: generation\ndata: 2.0.bbbb\n\n",
        "data: <p>done: New data: generation 2 with 70 people is live.</p>\n\n",
    ]


def test_a_page_that_comes_later_hears_nothing_of_it(run: RunProgress, monkeypatch: pytest.MonkeyPatch) -> None:
    done = replace(run, state="done", phase="live", generation=2)
    events = told(Times(LiveState(SECOND, done)), live_token(SECOND), monkeypatch)
    assert events == ["retry: 1000\n\n", "data: <p>info: </p>\n\n"]


def test_a_page_that_was_away_hears_what_it_missed(run: RunProgress, monkeypatch: pytest.MonkeyPatch) -> None:
    done = replace(run, state="done", phase="live", generation=2)
    events = told(Times(LiveState(SECOND, done)), live_token(FIRST), monkeypatch)
    assert "event: generation" in events[1]
    assert "New data" in events[2]


def test_when_no_thread_is_left_a_stream_ends_and_asks_to_come_back(
    run: RunProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOK_S", 0.0)
    events = LiveEvents(cast("Finder", Times(LiveState(FIRST, run), threads=1)))
    first = events.stream(live_token(FIRST), html)
    assert next(first) == "retry: 1000\n\n"
    assert list(events.stream(live_token(FIRST), html)) == [
        "retry: 5000\n\n",
        "data: <p>info: Indexing people.csv: 250 of 1,000 rows</p>\n\n",
    ]
    cast("Any", first).close()
    assert next(events.stream(live_token(FIRST), html)) == "retry: 1000\n\n"


@pytest.mark.parametrize(
    ("changes", "kind", "text", "share"),
    [
        ({}, "info", "Indexing people.csv: 250 of 1,000 rows", 25.0),
        ({"phase": "building", "total": None}, "info", "Building the index of people.csv: 250 rows", None),
        ({"state": "failed", "message": "disk full"}, "error", "Indexing people.csv stopped: disk full", None),
        ({"state": "done", "generation": None}, "info", "", None),
        ({"state": "done", "generation": 2}, "info", "", None),  # this server still shows what was before
        ({"state": "failed", "updated_at": "2020-01-01T00:00:00+00:00"}, "info", "", None),
    ],
)
def test_what_is_said_of_a_run(
    run: RunProgress, changes: dict[str, object], kind: str, text: str, share: float | None
) -> None:
    part = live_part(LiveState(FIRST, replace(run, **cast("Any", changes))))
    assert (part.kind, part.text, part.share) == (kind, text, share)


@pytest.fixture
def stopped(finder: Finder) -> Iterator[None]:
    """Streams of the shared finder end at once."""
    finder.stopping.set()
    yield
    finder.stopping.clear()


@pytest.mark.usefixtures("stopped")
def test_the_stream_is_never_kept_nor_compressed_and_needs_no_guess(client: FlaskClient, finder: Finder) -> None:
    token = live_token(finder.generation())
    answer = client.get("/live?seen=old", headers={"Accept-Encoding": "gzip"})
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/event-stream", "no-store")
    assert "Content-Encoding" not in answer.headers
    assert f"id: {token}\nevent: generation" in answer.text
    again = client.get("/live?seen=old", headers={"Last-Event-ID": token})
    assert "event: generation" not in again.text
    assert "<div hidden></div>" in again.text
    assert f'hx-sse:connect="/live?seen={token}"' in client.get("/").text
