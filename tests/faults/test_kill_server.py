"""Kill -9 of the store process and of the web process: the next search and the next start work."""

import urllib.error
from pathlib import Path

import psutil
import pytest

from commands import Server, run, run_json


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("server")
    people = home / "people.csv"
    run(home, "generate", "-n", "300", "-o", str(people))
    assert run_json(home, "index", str(people))["state"] == "done"
    return home


def ids(server: Server) -> list[str]:
    answer = server.get("/api/v1/search?q=cheerful+company&limit=10")
    assert answer["total"] == 300
    return [hit["id"] for hit in answer["hits"]]


def test_searches_survive_the_store_process(home: Path) -> None:
    with Server(home) as server:
        before = ids(server)
        for _ in range(3):
            (store,) = server.store_processes()
            store.kill()
            assert ids(server) == before


def test_a_killed_server_leaves_no_process_and_starts_again(home: Path) -> None:
    with Server(home) as server:
        before = ids(server)
        children = server.store_processes()
        server.process.kill()
        server.process.wait(10)
        assert children
        assert not [p for p in psutil.wait_procs(children, timeout=5)[1] if p.status() != psutil.STATUS_ZOMBIE]
        with pytest.raises(urllib.error.URLError):
            ids(server)
    with Server(home) as server:
        assert ids(server) == before


def test_an_orderly_stop_ends_the_store_process_too(home: Path) -> None:
    with Server(home) as server:
        ids(server)
        children = server.store_processes()
        server.process.terminate()
        assert server.process.wait(10) == 0
        assert not psutil.wait_procs(children, timeout=5)[1]
