"""The embedded store under kill -9, frozen processes, full disks and many readers at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from edge_people import SIZE, SPEC, answers, gone

from techfinder.errors import StoreError, StoreUnavailable
from techfinder.settings import Settings
from techfinder.store.edge.channel import StoreProcess
from techfinder.store.edge.collection import EdgeCollection
from techfinder.store.edge.packing import PackedPoints
from techfinder.store.edge.store import EdgeStore
from techfinder.store.edge.writer import EdgeWriter
from techfinder.store.points import StoredPoint
from techfinder.testing.store_samples import build, eventually, ids, make_point, make_points, vector_of


@pytest.fixture(autouse=True, scope="module")
def quick_stores() -> None:
    """None: what happens to such processes is what these tests are about."""


# --- readers -----------------------------------------------------------------------------------


def test_kills_of_the_store_process_fail_no_search(people: EdgeCollection) -> None:
    expected, failures, done, stop = ids(people.browse([], [], 5)), list[BaseException](), [0] * 3, threading.Event()

    def ask(number: int) -> None:
        while not stop.is_set():
            try:
                assert ids(people.browse([], [], 5)) == expected
                done[number] += 1
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(done))]
    for thread in threads:
        thread.start()
    for _ in range(5):
        killed = people.pid
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda k=killed: people.pid != k)
        answered = done.copy()  # each of them: who is still at it would meet the next kill too
        assert eventually(lambda a=answered: all(now > then + 3 for now, then in zip(done, a, strict=True)))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_frozen_store_process_costs_one_call(store: EdgeStore, settings: Settings) -> None:
    build(store, SPEC, make_points(SIZE))
    impatient = EdgeStore(settings.model_copy(update={"store_timeout_s": 0.5}))
    with closing(impatient), closing(impatient.open("people")) as people:
        frozen = people.pid
        os.kill(frozen, signal.SIGSTOP)
        with pytest.raises(StoreUnavailable, match="in time"):
            people.count([])
        assert gone(frozen)
        assert people.count([]) == SIZE


READER = """
import sys
from pathlib import Path
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.testing.store_samples import make_points, make_spec
home, job = sys.argv[1:]
store = open_store(Settings(home=Path(home), nice=0))
if job == "read":
    held = store.open("people")
else:
    held = store.write(make_spec("people"))
    held.upsert(make_points(90))
    if job == "seal":
        held.seal()
    if job == "publish":
        held.seal()
        held.publish()
print(getattr(held, "pid"), flush=True)
if job == "sealing":
    held.seal()
sys.stdin.read()
"""


def run_other(home: Path, job: str) -> tuple[subprocess.Popen[str], int]:
    """A program of its own that uses the store; and the process it started for that."""
    other = subprocess.Popen(
        [sys.executable, "-c", READER, str(home), job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    return other, int(other.stdout.readline())


def end(other: subprocess.Popen[str]) -> None:
    """Kill -9, and wait."""
    other.kill()
    other.communicate()


def test_the_store_process_ends_with_a_killed_parent(store: EdgeStore, settings: Settings) -> None:
    build(store, SPEC, make_points(SIZE))
    other, pid = run_other(settings.home, "read")
    assert not gone(pid)
    end(other)
    assert eventually(lambda: gone(pid))


@pytest.mark.slow
def test_many_readers_open_and_close_at_once(store: EdgeStore) -> None:
    build(store, SPEC, make_points(SIZE))

    def read(_: int) -> list[object]:
        with closing(store.open("people")) as people:
            return answers(people)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read, range(12)))
    assert all(f == found[0] for f in found)


@pytest.mark.slow
def test_switching_under_load_fails_no_call_and_mixes_no_generations(store: EdgeStore) -> None:
    def generation(number: int) -> int:
        points = [make_point(n, age=number) for n in range(20 + number)]
        return build(store, SPEC, points, fresh=True).number

    last = generation(1)
    with closing(store.open("people")) as people:
        failures, seen, stop = list[BaseException](), set[int](), threading.Event()

        def ask() -> None:
            while not stop.is_set():
                try:
                    whole = people.browse([], [], 1000)
                    ages = {int(str(p.values["age"])) for p in whole}
                    assert len(ages) == 1
                    assert len(whole) == 20 + min(ages)
                    assert len(people.search(vector_of(1), [], 5)) == 5
                    seen.update(ages)
                except BaseException as error:
                    failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in (2, 3, 4):
            last = generation(number)
            assert eventually(lambda n=number: n in seen)
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert people.info().number == last
    assert seen == {1, 2, 3, 4}


# --- builders ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGBUS, marks=pytest.mark.slow)], ids=["killed", "bus error"]
)
@pytest.mark.parametrize("moment", ["start", "upsert", "seal"])
def test_a_dead_builder_leaves_live_data_alone(people: EdgeCollection, store: EdgeStore, moment: str, how: int) -> None:
    before = answers(people)
    writer = store.write(SPEC)
    if moment != "start":
        writer.upsert(make_points(90))
    os.kill(writer.pid, how)
    with pytest.raises(StoreError, match="live generation is untouched"):
        writer.seal() if moment == "seal" else _write_on(writer)
    with pytest.raises(StoreError, match="died"):
        writer.delete(["p1"])
    writer.discard()
    assert answers(people) == before
    assert build(store, SPEC, [make_point(500)]).points == SIZE + 1


@pytest.fixture
def refused(people: EdgeCollection, store: EdgeStore) -> Iterator[EdgeWriter]:
    """A build of which the engine refuses a batch; nobody has been told yet."""
    writer = store.write(SPEC)
    payload = {"_id": "odd", "_ordinal": 0, "_row": "r", "_text": "t"}
    try:
        writer._write(PackedPoints.of([StoredPoint("odd", payload, np.ones(SPEC.dim + 1, np.float32))]))
        yield writer
    finally:
        writer.discard()


def takes_no_more(writer: EdgeWriter) -> None:
    for more in (lambda: writer.upsert(make_points(3)), lambda: writer.delete(["p1"]), writer.seal):
        with pytest.raises(StoreError, match="takes no more: points could not be written"):
            more()


@pytest.mark.parametrize(
    "go_on",
    [lambda w: w.upsert(make_points(3)), lambda w: w.delete(["p1"]), lambda w: w.seal()],
    ids=["upsert", "delete", "seal"],
)
def test_what_the_builder_refuses_ends_the_build(
    people: EdgeCollection, refused: EdgeWriter, go_on: Callable[[EdgeWriter], object]
) -> None:
    """What only the engine finds wrong is told by the next call, whatever it is."""
    before = answers(people)
    with pytest.raises(StoreError, match="writing 1 points"):
        go_on(refused)
    takes_no_more(refused)
    refused.discard()
    assert answers(people) == before


def test_a_refusal_that_an_interrupt_hides_ends_the_build(refused: EdgeWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = StoreProcess.result

    def interrupted(process: StoreProcess) -> None:
        with pytest.raises(StoreError):
            ask(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(StoreProcess, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        refused.seal()
    monkeypatch.undo()
    takes_no_more(refused)


def _write_on(writer: EdgeWriter) -> None:
    """Points are written while the caller goes on: that they were not is told by the next call."""
    writer.upsert(make_points(3))
    writer.delete(["p1"])


@pytest.mark.slow
def test_kills_at_random_moments_of_sealing(people: EdgeCollection, store: EdgeStore) -> None:
    before, expected, rng = answers(people), SIZE, random.Random(5)
    for _ in range(4):
        writer = store.write(SPEC)
        writer.upsert([make_point(100 + expected)])
        timer = threading.Timer(rng.uniform(0.0, 0.8), _kill_children, args=(people.pid,))
        timer.start()
        try:
            writer.seal()
        except StoreError:
            assert answers(people) == before
        finally:
            timer.join()
            writer.discard()
    assert build(store, SPEC, [make_point(500)]).points == SIZE + 1


def _kill_children(spared: int) -> None:
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it may end by itself meanwhile
            if child.pid != spared and any("edge.process" in part for part in child.cmdline()):
                child.kill()  # a store process: the servers of other tests are children too


@pytest.mark.parametrize(
    "job", ["sealing", *(pytest.param(job, marks=pytest.mark.slow) for job in ("upsert", "seal", "publish"))]
)
def test_a_killed_writing_program_leaves_no_lock_and_nothing_behind(
    people: EdgeCollection, store: EdgeStore, settings: Settings, job: str
) -> None:
    other, builder = run_other(settings.home, job)
    if job != "publish":
        with pytest.raises(StoreError, match=f"written by process {other.pid}"):
            store.write(SPEC)
    end(other)
    assert eventually(lambda: gone(builder))
    size = 90 if job == "publish" else SIZE
    assert eventually(lambda: people.count([]) == size)
    assert build(store, SPEC, [make_point(500)]).points == size + 1
    assert list((settings.home / "store" / "people" / "building").iterdir()) == []


def test_what_goes_live_is_on_the_disk(store: EdgeStore, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that loses its power keeps what is there, not what was on its way."""
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda file: synced.add(os.fstat(file).st_ino))
    build(store, SPEC, make_points(SIZE))
    [info] = settings.home.rglob("info.json")
    files = [p for p in info.parent.rglob("*") if p.is_file()]
    assert len(files) > 5
    assert [p.name for p in files if p.stat().st_ino not in synced] == []


def test_too_little_space_is_refused_before_anything_is_written(settings: Settings) -> None:
    free = [1 << 40]
    store = EdgeStore(settings, free_space=lambda _: (free[0], 1 << 40))
    writer = store.write(SPEC)
    writer.upsert(make_points(10))
    for left in (0, 100 << 20):
        free[0] = left
        for step in (lambda: writer.upsert([make_point(11)]), writer.seal):
            with pytest.raises(StoreError, match=rf"too little disk space .* {left >> 20} MB free"):
                step()
    free[0] = 1 << 40
    writer.upsert([make_point(12)])
    assert writer.seal().points == 11
    writer.publish()
    free[0] = 0
    with pytest.raises(StoreError, match="copying the last generation"):
        store.write(SPEC)
    free[0] = 1 << 40
    store.write(SPEC).discard()


def test_a_small_disk_needs_a_twentieth_free(settings: Settings) -> None:
    writer = EdgeStore(settings, free_space=lambda _: (4 << 20, 64 << 20)).write(SPEC)
    writer.upsert(make_points(3))
    writer.discard()
    with pytest.raises(StoreError, match="3 MB wanted"):
        EdgeStore(settings, free_space=lambda _: (3 << 20, 64 << 20)).write(SPEC)
