"""What every test gets: a clean environment, real servers, a real browser, and a check that nothing leaks."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import forked_stores
import forking
import get_chromium
import get_faketime
import get_mlflow
import get_postgres
import get_qdrant
import get_soffice
import shortcuts
from missing import missing
from mlflow_process import MlflowProcess
from postgres_process import PostgresProcess
from qdrant_process import QdrantAddress, QdrantProcess
from techfinder.store.edge import channel

TEST_PREFIX = "TECHFINDER_TEST_"
GRACE_S = 2.0
HELPERS = ("multiprocessing.resource_tracker", forking.SERVER)


def pytest_configure() -> None:
    """Settings of whoever runs the tests must not reach them; neither may a model hub."""
    # A shell has what it runs in the background ignore Ctrl-C, and that is inherited; tests send it to processes.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [n for n in os.environ if n.startswith(("TECHFINDER_", "MLFLOW_")) and not n.startswith(TEST_PREFIX)]:
        del os.environ[name]
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    # A command that steps back for others would take the whole run with it, and what it builds starves beside that.
    os.environ["TECHFINDER_NICE"] = "0"
    shortcuts.take()


@pytest.fixture(autouse=True, scope="module")
def quick_stores() -> Iterator[None]:
    """The embedded store forks its processes, as to start one takes longer than most tests do; modules override it."""
    with pytest.MonkeyPatch.context() as patched:
        if sys.platform == "linux":
            patched.setattr(channel, "_launch", forked_stores.launch)
        yield


@pytest.fixture(autouse=True, scope="module")
def unsynced_files() -> Iterator[None]:
    """What the process of the tests writes waits for no disk: whoever is killed finds it all the same."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="session")
def qdrant() -> Iterator[QdrantAddress]:
    """A real Qdrant server, empty at first, one for the whole run; collections need names of their own."""
    if url := os.environ.get(get_qdrant.URL_VARIABLE):
        yield QdrantAddress(url.rstrip("/"), int(os.environ.get(get_qdrant.GRPC_VARIABLE, "6334")))
        return
    if not get_qdrant.available():
        missing("a Qdrant server", get_qdrant.HELP)
    with shortcuts.folder() as folder, QdrantProcess(get_qdrant.BINARY, folder) as server:
        yield QdrantAddress(server.url, server.grpc_port)


@pytest.fixture(scope="session")
def qdrant_url(qdrant: QdrantAddress) -> str:
    """Its base URL for REST."""
    return qdrant.url


@pytest.fixture(scope="session")
def mlflow_server() -> Iterator[MlflowProcess]:
    """A real MLflow server, empty at first, one for the whole run; encoders need names of their own."""
    if not get_mlflow.available():
        missing("an MLflow server", get_mlflow.HELP)
    with shortcuts.folder() as folder, MlflowProcess(get_mlflow.COMMAND, folder) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresProcess]:
    """A real PostgreSQL server, one for the whole run; each test makes a database of its own."""
    folder = get_postgres.find()
    if folder is None:
        missing("a PostgreSQL server", get_postgres.HELP)
        return
    with PostgresProcess(folder) as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Of the application's database, each in turn."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """Of a new and empty database; nothing for the file in the home folder."""
    return "" if database_kind == "sqlite" else request.getfixturevalue("postgres").database()


@pytest.fixture(scope="session")
def soffice() -> str:
    """Path of a LibreOffice; only tests marked slow ask for it, so only `make nightly` needs one."""
    return get_soffice.find() or missing("LibreOffice", get_soffice.HELP)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium to drive: ``launch(executable_path=chromium, args=["--no-sandbox"])``."""
    return get_chromium.find() or missing("Chromium", get_chromium.HELP)


@pytest.fixture(scope="session")
def faketime() -> Path:
    """Path of libfaketime; only tests marked slow ask for it, so only `make nightly` gets it."""
    return get_faketime.find() or Path(missing("libfaketime", get_faketime.HELP))


@pytest.fixture(autouse=True)
def _nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    before = _Traces()
    yield
    after = _Traces()
    if request.node.get_closest_marker("keeps_children"):
        after.children = before.children
    if request.node.get_closest_marker("keeps_threads"):
        after.threads = before.threads
    leaks = before.compare(after)
    if leaks:
        pytest.fail(f"{request.node.nodeid} left traces for later tests: " + "; ".join(leaks), pytrace=False)


class _Traces:
    """What one test could leave behind for the next one."""

    def __init__(self) -> None:
        root = logging.getLogger()
        handlers = [h for h in root.handlers if not type(h).__module__.startswith("_pytest")]
        self.environment = {n: v for n, v in os.environ.items() if n != "PYTEST_CURRENT_TEST"}
        self.folder = Path.cwd()
        self.niceness = os.nice(0) if hasattr(os, "nice") else 0
        self.logging = (root.level, logging.root.manager.disable, handlers)
        # MLflow keeps threads for fetching files as long as a client of it lives.
        self.threads = {t for t in threading.enumerate() if t.is_alive() and not t.name.startswith("Mlflow")}
        self.children = _children()

    def compare(self, after: _Traces) -> list[str]:
        """What is there now and was not there before, in words."""
        names = self.environment.keys() | after.environment.keys()
        changed = sorted(n for n in names if self.environment.get(n) != after.environment.get(n))
        found = [f"environment variable {name}" for name in changed]
        if self.folder != after.folder:
            found.append(f"current folder {after.folder}")
        if self.niceness != after.niceness:  # all that comes later would starve beside other processes of the run
            found.append(f"niceness {after.niceness} instead of {self.niceness}")
        if self.logging != after.logging:
            found.append(f"logging (level, disabled below, handlers) {after.logging} instead of {self.logging}")
        found += [f"running thread {t.name}" for t in _still_running(after.threads - self.threads)]
        return found + [f"child process {_command(c)}" for c in _still_there(after.children - self.children)]


def _children() -> set[int]:
    """Ids of the child processes: from the kernel's own list where there is one, as to look for them takes longer."""
    try:
        lists = [(thread / "children").read_text() for thread in Path("/proc/self/task").iterdir()]
    except OSError:
        return {c.pid for c in psutil.Process().children()}
    return {int(pid) for pids in lists for pid in pids.split()} | forked_stores.running()


def _still_running(threads: set[threading.Thread]) -> list[threading.Thread]:
    """Those that do not end within a moment; a thread on its way out is no leak."""
    if threads:
        gc.collect()  # threads of a pool that nobody holds any more end when it is collected
    for thread in threads:
        thread.join(GRACE_S)
    return [t for t in threads if t.is_alive()]


def _still_there(children: set[int]) -> list[psutil.Process]:
    """Those that do not end within a moment, without Python's own helpers, which stay for the whole run."""
    suspects = []
    for child in children:
        with suppress(psutil.NoSuchProcess):
            suspects.append(psutil.Process(child))
    suspects = [s for s in suspects if not any(helper in _command(s) for helper in HELPERS)]
    return psutil.wait_procs(suspects, timeout=GRACE_S)[1]


def _command(process: psutil.Process) -> str:
    if process.pid in forked_stores.running():
        return "of a store"
    try:
        return " ".join(process.cmdline())[:200]
    except psutil.Error:
        return ""
