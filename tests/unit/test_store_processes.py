"""The processes of the embedded store: starting, calls whose result comes later, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from techfinder.errors import StoreError, StoreUnavailable
from techfinder.store.edge import process as store_process
from techfinder.store.edge.channel import PreparedCall, ProcessDied, StoreProcess
from techfinder.testing.store_samples import only_so_many_files

NOTHING = PreparedCall.of("delete", ids=[])


@pytest.fixture(autouse=True, scope="module")
def quick_stores() -> None:
    """None: how such processes start is looked at here."""


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[StoreProcess]:
    process = StoreProcess("build", folder=tmp_path, base=None, dim=8, attributes={}, int8=False, nice=0)
    yield process
    process.kill()


def test_the_store_process_imports_little() -> None:
    """Its start is what a search waits for after a kill."""
    program = (
        "import sys, types; package = types.ModuleType('techfinder'); package.__path__ = [sys.argv[1]];"
        "sys.modules['techfinder'] = package; import techfinder.store.edge.process;"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    package = str(Path(store_process.__file__).parents[2])
    found = subprocess.run([sys.executable, "-c", program, package], capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert {"numpy", "qdrant_edge"} <= loaded
    assert not loaded & {"pydantic", "pandas", "flask", "torch", "filelock", "pluggy", "rich", "psutil"}


def test_a_process_that_cannot_do_its_job_says_why(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing here"):
        StoreProcess("serve", folder=tmp_path / "nothing here", dim=8, points=0, exact=False)


@pytest.mark.parametrize("left", range(8))
def test_a_process_that_cannot_be_started_leaves_nothing_open(tmp_path: Path, left: int) -> None:
    before = {p.name for p in Path("/proc/self/fd").iterdir()}
    with only_so_many_files(left), pytest.raises(StoreUnavailable, match="cannot be started: "):
        StoreProcess("build", folder=tmp_path, base=None, dim=8, attributes={}, int8=False, nice=0)
    assert {p.name for p in Path("/proc/self/fd").iterdir()} == before


def test_a_dead_process_tells_how_it_ended(builder: StoreProcess) -> None:
    assert builder.alive
    os.kill(builder.pid, signal.SIGKILL)
    with pytest.raises(ProcessDied, match="by signal 9"):
        builder.call("finish")
    assert not builder.alive
    with pytest.raises(ProcessDied):
        builder.call("finish")
    builder.close()


class TestBegunCalls:
    """Calls whose result is asked for later."""

    def test_the_result_comes_when_it_is_asked_for(self, builder: StoreProcess) -> None:
        assert not builder.begun
        builder.begin(NOTHING)
        assert builder.begun
        assert builder.result() is None
        assert not builder.begun
        assert builder.call("finish")[0] == 0

    def test_what_the_job_raises_comes_too(self, builder: StoreProcess) -> None:
        builder.begin(PreparedCall.of("delete", ids=5))
        with pytest.raises(StoreError, match="'int' object is not iterable"):
            builder.result()
        builder.begin(NOTHING)
        assert builder.result() is None

    def test_nobody_gets_the_answer_to_another_call(self, builder: StoreProcess) -> None:
        with pytest.raises(RuntimeError, match="No call was begun"):
            builder.result()
        builder.begin(NOTHING)
        for wrong in (lambda: builder.call("finish"), lambda: builder.begin(NOTHING)):
            with pytest.raises(RuntimeError, match="'delete' was begun: ask for its result first"):
                wrong()
        assert builder.result() is None
        assert builder.call("finish")[0] == 0

    def test_no_limit_of_an_earlier_call_holds(self, builder: StoreProcess) -> None:
        builder.call("delete", timeout_s=2.0, ids=[])
        os.kill(builder.pid, signal.SIGSTOP)
        threading.Timer(3.0, os.kill, (builder.pid, signal.SIGCONT)).start()
        builder.begin(NOTHING)
        assert builder.result() is None

    def test_an_interrupt_leaves_no_answer_behind(self, builder: StoreProcess) -> None:
        os.kill(builder.pid, signal.SIGSTOP)
        builder.begin(NOTHING)
        threading.Timer(0.2, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            builder.result()
        assert not builder.alive

    def test_one_that_dies_meanwhile_tells_how(self, builder: StoreProcess) -> None:
        os.kill(builder.pid, signal.SIGSTOP)  # before it can answer
        builder.begin(NOTHING)
        os.kill(builder.pid, signal.SIGKILL)
        with pytest.raises(ProcessDied, match="while it should 'delete' by signal 9"):
            builder.result()
        for ask in (builder.result, lambda: builder.begin(NOTHING), lambda: builder.call("finish")):
            with pytest.raises(ProcessDied):
                ask()
