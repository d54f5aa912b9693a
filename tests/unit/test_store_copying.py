"""Copies from store to store: the spool, what counts as the same, and what is refused."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError, StoreUnavailable
from techfinder.interfaces import Point
from techfinder.models import GenerationInfo, Profile
from techfinder.settings import Settings
from techfinder.store.copy_spool import CopySpool
from techfinder.store.copying import CopyJob, _ahead
from techfinder.store.edge.store import EdgeStore
from techfinder.store.edge.writer import EdgeWriter
from techfinder.testing.store_samples import build, make_point, make_points, make_spec

SPEC = make_spec("people")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[EdgeStore]:
    with closing(EdgeStore(Settings(home=tmp_path / "one", nice=0))) as store:
        yield store


@pytest.fixture
def other(tmp_path: Path) -> Iterator[EdgeStore]:
    with closing(EdgeStore(Settings(home=tmp_path / "other", nice=0))) as store:
        yield store


def job(source: EdgeStore, target: EdgeStore, **changes: Any) -> CopyJob:
    given = {"spool": None, "confirm": lambda live: None, "watch": lambda done, total: None, **changes}
    return CopyJob(source, target, "people", **given)


def test_a_copy_is_the_same_and_takes_over_how_it_was_built(one: EdgeStore, other: EdgeStore) -> None:
    spec = make_spec("people", encoder="other@2+b/8", similarity="dot", schema="companies")
    info = build(one, spec, make_points(30))
    seen: list[tuple[int, int]] = []

    done = job(one, other, watch=lambda *n: seen.append(n)).run()

    assert (done.points, done.resumed, done.info.digest) == (30, 0, info.digest)
    assert other.scan("people").spec == spec
    assert (seen[0], seen[-1]) == ((0, 30), (30, 30))
    assert other.verify("people") == []


def test_what_is_there_already_is_not_copied_again(one: EdgeStore, other: EdgeStore) -> None:
    build(one, SPEC, make_points(5))
    first = job(one, other).run()
    again = job(one, other, confirm=_refuse).run()
    assert (again.points, again.info) == (0, first.info)


def test_something_else_is_replaced_only_when_that_is_confirmed(one: EdgeStore, other: EdgeStore) -> None:
    build(one, SPEC, make_points(5))
    live = build(other, make_spec("people", encoder="other"), make_points(3))
    with pytest.raises(PermissionError, match="3 people"):
        job(one, other, confirm=_refuse).run()
    assert other.generations("people") == [live]
    done = job(one, other).run()
    assert [g.number for g in other.generations("people")] == [1, 2]
    assert other.activate("people", 1) == live
    assert done.info.points == 5


@pytest.mark.slow
def test_the_same_people_built_for_other_filters_are_copied(one: EdgeStore, other: EdgeStore) -> None:
    build(one, make_spec("people", attributes={"age": "integer"}), [make_point(1, age=3)])
    build(other, make_spec("people", attributes={"age": "float"}), [make_point(1, age=3)])
    job(one, other).run()
    assert other.scan("people").spec.attributes == {"age": "integer"}


def test_a_source_without_people_is_an_error(one: EdgeStore, other: EdgeStore) -> None:
    with pytest.raises(CollectionNotFound, match="people"):
        job(one, other).run()
    build(one, SPEC, [])
    assert job(one, other).run().info.points == 0


def test_a_source_that_is_not_what_it_says_never_goes_live(one: EdgeStore, other: EdgeStore, tmp_path: Path) -> None:
    build(one, SPEC, make_points(5))
    path = tmp_path / "one" / "store" / "people" / "generations" / "0001" / "info.json"
    digest = one.scan("people").info.digest
    path.write_text(path.read_text().replace(digest, "0" * 32))

    with pytest.raises(StoreError, match="`techfinder store check` on the source"):
        job(one, other).run()

    assert other.generations("people") == []
    other.write(SPEC).discard()


def test_a_target_that_is_away_when_it_is_to_be_written_is_told_how_to_go_on(one: EdgeStore, tmp_path: Path) -> None:
    class Away(EdgeStore):
        def write(self, *_: Any, **__: Any) -> Any:
            raise StoreUnavailable("No answer.")

    build(one, SPEC, make_points(5))
    with (
        closing(Away(Settings(home=tmp_path / "away", nice=0))) as away,
        pytest.raises(StoreUnavailable, match=r"No answer\. Nothing went live; the same command goes on"),
    ):
        job(one, away).run()


@pytest.mark.slow
def test_a_damaged_target_is_replaced(one: EdgeStore, other: EdgeStore, tmp_path: Path) -> None:
    build(one, SPEC, make_points(5))
    build(other, SPEC, make_points(3))
    (tmp_path / "other" / "store" / "people" / "generations" / "0001" / "info.json").write_text("{")
    with pytest.raises(StoreDamaged):
        other.scan("people")
    assert job(one, other).run().points == 5
    assert other.verify("people") == []


def test_an_interrupt_after_the_switch_is_too_late(
    one: EdgeStore, other: EdgeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(one, SPEC, make_points(5))
    publish = EdgeWriter.publish

    def interrupted(writer: EdgeWriter) -> GenerationInfo:
        publish(writer)
        raise KeyboardInterrupt

    monkeypatch.setattr(EdgeWriter, "publish", interrupted)
    try:
        done = job(one, other).run()
    except KeyboardInterrupt:
        pytest.fail("it is live, and was told to have been stopped")
    assert (done.points, done.info) == (5, other.scan("people").info)


@pytest.mark.parametrize("step", ["upsert", "seal", "publish"])
def test_an_interrupt_before_it_stops_the_copy(
    one: EdgeStore, other: EdgeStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    build(one, SPEC, make_points(5))
    live = build(other, SPEC, make_points(4))

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EdgeWriter, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        job(one, other).run()
    monkeypatch.undo()
    assert other.scan("people").info == live
    assert job(one, other).run().info.points == 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals of threads")
def test_a_second_interrupt_does_not_wait_for_the_reader() -> None:
    reading, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def batches() -> Generator[list[Point], None, None]:
        try:
            yield make_points(1)
            reading.set()
            go_on.wait()
            yield make_points(1)
        finally:
            closed.set()

    source = batches()
    ahead = _ahead(source)
    assert len(next(ahead)) == 1
    assert reading.wait(10)
    threading.Timer(0.2, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        ahead.close()
    assert not closed.is_set(), "it still reads"
    go_on.set()
    assert closed.wait(10)


def test_a_generation_that_is_gone_before_it_is_read_is_an_error_in_words(one: EdgeStore) -> None:
    build(one, SPEC, make_points(5))
    scan = one.scan("people")
    one.drop("people")
    with pytest.raises(StoreError, match=r"removed before it could be read.* Run the same command again"):
        list(scan.points(""))


# --- what is kept of a copy that was broken off ------------------------------------------------------------


def _spooled(folder: Path) -> CopySpool:
    spool = CopySpool(folder / "people" / "digest")
    for start in (0, 10, 20):
        spool.append(make_points(30)[start : start + 10])
    return spool


def _kept(folder: Path, digest: str = "digest") -> list[Point]:
    return [p for batch in CopySpool(folder / "people" / digest).kept() for p in batch]


def test_points_come_back_from_the_spool_as_they_were(tmp_path: Path) -> None:
    _spooled(tmp_path)
    odd = make_point(99, sector="a\nb\0é💥", tags=("x",), age=-(2**63), income=5e-324)
    CopySpool(tmp_path / "people" / "odd").append([odd])
    (found,) = _kept(tmp_path, "odd")
    assert found.profile == Profile("p99", dict(odd.profile.values))
    assert (found.ordinal, found.row, found.text) == (odd.ordinal, odd.row, odd.text)
    assert np.asarray(found.vector).tobytes() == np.asarray(odd.vector).tobytes()


@pytest.mark.parametrize("damage", ["cut", "altered", "gone", "foreign"])
def test_what_comes_after_a_damaged_file_is_read_again(tmp_path: Path, damage: str) -> None:
    _spooled(tmp_path)
    path = tmp_path / "people" / "digest" / "00000002.npz"
    content = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(content[:-40])
        case "altered":
            at = content.index(b"row13")
            path.write_bytes(content[:at] + b"X" + content[at + 1 :])
        case "gone":
            path.unlink()
        case _:
            path.write_bytes(b"not ours")
    assert [p.profile.id for p in _kept(tmp_path)] == [f"p{n}" for n in range(10)]
    assert [p.name for p in (tmp_path / "people" / "digest").iterdir()] == ["00000001.npz"]


def test_a_file_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    _spooled(tmp_path)
    folder = tmp_path / "people" / "digest"
    (folder / "00000003.npz").rename(folder / "00000003.new")
    assert len(_kept(tmp_path)) == 20
    assert not (folder / "00000003.new").exists()


def test_people_of_other_content_are_removed(tmp_path: Path) -> None:
    _spooled(tmp_path)
    assert _kept(tmp_path, "other") == []
    assert not (tmp_path / "people" / "digest").exists()


def test_a_spool_leaves_nothing_behind(tmp_path: Path) -> None:
    spool = _spooled(tmp_path / "copy")
    spool.remove()
    assert list(tmp_path.iterdir()) == []


def _refuse(live: Any) -> None:
    raise PermissionError(f"{live.points} people")
