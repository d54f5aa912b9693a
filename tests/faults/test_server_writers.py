"""Two writers at once, and a lease that is lost while the server or its holder stands still."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from qdrant_client import models
from server_people import SIZE, name_of_one, opened, own_qdrant, raised, raw, took
from server_writer import CHANGED, GONE, PEOPLE

from qdrant_process import QdrantAddress, QdrantProcess
from techfinder.errors import StoreError
from techfinder.store.server.connection import Server, ServerOptions
from techfinder.store.server.control import CONTROL, Control, Lease
from techfinder.testing.store_samples import any_of, build, eventually, make_point, make_points, make_spec

SCRIPT = Path(__file__).with_name("server_writer.py")
LEASE_S = 0.4
THREADS = 8
HOLDER = """
import sys
from pathlib import Path
from techfinder.settings import Settings
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import make_point, make_spec
url, port, home, name, lease_s = sys.argv[1:]
settings = Settings(home=Path(home), store="server", qdrant_url=url, qdrant_grpc_port=int(port), nice=0)
writer = (store := ServerStore(settings, lease_s=float(lease_s))).write(make_spec(name))
writer.upsert([make_point(1, sector="Holder")])
writer.seal()
print("ready", flush=True)
sys.stdin.readline()
try:
    writer.publish()
    print("published", flush=True)
except Exception as error:
    print(type(error).__name__, error, flush=True)
writer.discard()
store.close()
"""


@pytest.fixture
def name(qdrant: QdrantAddress, tmp_path: Path) -> Iterator[str]:
    """A collection of PEOPLE people."""
    name = name_of_one("writers")
    with opened(qdrant, tmp_path / "first") as store:
        build(store, make_spec(name), make_points(PEOPLE))
        yield name


@pytest.fixture
def holder(qdrant: QdrantAddress, tmp_path: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has sealed a change, and publishes it when a line comes."""
    arguments = [qdrant.url, str(qdrant.grpc_port), str(tmp_path / "holder"), name, str(LEASE_S)]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait(10)
    process.stdin.close()
    process.stdout.close()


def said(holder: subprocess.Popen[str]) -> str:
    """What the holder says once it was told to publish."""
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()
    return holder.stdout.readline()


def test_a_second_process_is_kept_out_and_told_by_whom(
    qdrant: QdrantAddress, tmp_path: Path, name: str, holder: subprocess.Popen[str]
) -> None:
    with opened(qdrant, tmp_path / "home") as store:
        error = raised(lambda: store.write(make_spec(name)))
        assert f"written by process {holder.pid}" in str(error)
        assert said(holder) == "published\n"
        assert eventually(lambda: took(lambda: store.write(make_spec(name)).discard())[0] is None)
        assert store.open(name).count([any_of("sector", "Holder")]) == 1
        assert store.verify(name) == []


def test_a_lease_is_renewed_for_as_long_as_its_holder_lives(
    qdrant: QdrantAddress, tmp_path: Path, name: str, holder: subprocess.Popen[str]
) -> None:
    with opened(qdrant, tmp_path / "home") as store, raw(qdrant) as client:
        ends = _end_of_lease(client, name)
        assert eventually(lambda: _end_of_lease(client, name) > ends + 2 * LEASE_S)
        assert "written by process" in str(raised(lambda: store.write(make_spec(name))))
        assert said(holder) == "published\n"


def test_of_the_threads_of_a_process_only_one_writes(qdrant: QdrantAddress, tmp_path: Path) -> None:
    """A claim that is being made is none that this process has forgotten."""
    with closing(Server(ServerOptions.of(qdrant.settings(tmp_path)))) as server, ThreadPoolExecutor(THREADS) as pool:
        control = Control(server)
        for number in range(20):
            barrier = threading.Barrier(THREADS)

            def take(name: str, together: threading.Barrier) -> object:
                together.wait()
                return took(lambda: control.lease(name))[0]

            asked = [pool.submit(take, f"threads{number}", barrier) for _ in range(THREADS)]
            leases = [found for a in asked if isinstance(found := a.result(), Lease)]
            for lease in leases:
                lease.release()
            assert len(leases) == 1


def _end_of_lease(client: object, name: str) -> float:
    where = models.Filter(
        must=[
            models.FieldCondition(key=k, match=models.MatchValue(value=v))
            for k, v in {"kind": "lease", "collection": name}.items()
        ]
    )
    (found,), _ = client.scroll(CONTROL, where)  # type: ignore[attr-defined]
    return float(found.payload["expires"])


def test_a_killed_process_keeps_no_one_out(
    qdrant: QdrantAddress, tmp_path: Path, name: str, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    eventually(lambda: Path(f"/proc/{holder.pid}/stat").read_text().rpartition(")")[2][:3] == " Z ")
    with opened(qdrant, tmp_path / "home") as store:  # it is a zombie still: no one has asked for its end
        store.write(make_spec(name)).discard()
        assert store.open(name).count([any_of("sector", "Holder")]) == 0


def test_a_holder_that_stood_still_for_too_long_writes_nothing(
    qdrant: QdrantAddress, tmp_path: Path, name: str, holder: subprocess.Popen[str]
) -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    try:
        with opened(qdrant, tmp_path / "home") as store:
            writer = None

            def taken() -> bool:
                nonlocal writer
                writer = took(lambda: store.write(make_spec(name)))[0]
                return not isinstance(writer, StoreError)

            assert eventually(taken)
            writer.upsert([make_point(1, sector="Second")])  # type: ignore[attr-defined]
            os.kill(holder.pid, signal.SIGCONT)
            found = said(holder)
            assert "has taken over the writing" in found or "was removed" in found
            writer.seal()  # type: ignore[attr-defined]
            writer.publish()  # type: ignore[attr-defined]
            people = store.open(name)
            assert people.count([any_of("sector", "Second")]) == 1
            assert people.count([any_of("sector", "Holder")]) == 0
            assert store.verify(name) == []
    finally:
        os.kill(holder.pid, signal.SIGCONT)


def test_a_server_that_stood_still_for_longer_than_the_lease(tmp_path: Path) -> None:
    """Whoever is first when it goes on has the lease; the other one is told, and nothing is mixed."""
    with (
        own_qdrant(tmp_path / "qdrant") as server,
        opened(server.address, tmp_path / "a", lease_s=LEASE_S, store_timeout_s=2) as one,
        opened(server.address, tmp_path / "b", lease_s=LEASE_S, store_timeout_s=2) as two,
    ):
        build(one, make_spec("people"), make_points(SIZE))
        first = one.write(make_spec("people"))
        first.upsert([make_point(1, sector="First")])
        first.seal()
        _stand_still(server)
        second, _ = took(lambda: two.write(make_spec("people")))
        if isinstance(second, StoreError):  # the first one renewed it before
            first.publish()
        else:
            assert "taken over" in str(raised(first.publish))
            second.upsert([make_point(1, sector="Second")])  # type: ignore[attr-defined]
            second.seal()  # type: ignore[attr-defined]
            second.publish()  # type: ignore[attr-defined]
        first.discard()
        people = two.open("people")
        assert people.count([any_of("sector", "First", "Second")]) == 1
        assert two.verify("people") == []


def _stand_still(server: QdrantProcess) -> None:
    server.pause()
    threading.Event().wait(3 * LEASE_S)
    server.resume()


@pytest.mark.slow
def test_two_processes_that_write_the_same_do_it_one_after_the_other(
    qdrant: QdrantAddress, tmp_path: Path, name: str
) -> None:
    def start(number: int) -> subprocess.Popen[str]:
        arguments = [qdrant.url, str(qdrant.grpc_port), str(tmp_path / str(number)), name, "change"]
        return subprocess.Popen([sys.executable, str(SCRIPT), *arguments], stderr=subprocess.PIPE, text=True)

    processes = [start(n) for n in range(3)]
    ended = [(p.communicate(timeout=25)[1], p.returncode) for p in processes]
    assert any(code == 0 for _, code in ended)
    assert all(code == 0 or "being written by process" in stderr for stderr, code in ended)
    with opened(qdrant, tmp_path / "home") as store:
        assert store.verify(name) == []
        assert store.open(name).count([any_of("sector", "New")]) == len(CHANGED)
        assert len(store.open(name).browse([], [], 1000)) == PEOPLE - len(GONE) + 1
