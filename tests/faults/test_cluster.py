"""A cluster of three Qdrant nodes with two copies: one dies while people search, and nobody notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

import commands
import get_qdrant
import homes
from missing import missing
from qdrant_cluster import running_cluster
from qdrant_process import QdrantProcess
from techfinder.errors import TechfinderError
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.store.server.store import ServerStore
from techfinder.testing.fakes import HashEncoder

pytestmark = [pytest.mark.slow, pytest.mark.keeps_children]

PEOPLE = 400
SECONDS = 12.0
PER_SECOND = 50


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[QdrantProcess]]:
    if not get_qdrant.available():
        missing("a Qdrant server", get_qdrant.HELP)
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def finder(nodes: list[QdrantProcess], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    entry = EncoderEntry(HashEncoder(64, "hash").info, "", lambda: HashEncoder(64, "hash"))
    place = {"store": "server", "qdrant_url": ",".join(n.url for n in nodes), "qdrant_grpc_port": 0}
    with closing(homes.open_home(tmp_path_factory.mktemp("home"), entry, **place, store_timeout_s=10.0)) as opened:
        homes.index(opened, f"synthetic:n={PEOPLE},seed=7")
        yield opened


def copies(finder: Finder) -> set[int]:
    with closing(ServerStore(finder.settings)) as store:
        return set(store.replicas().values())


def test_everything_lies_on_two_nodes(finder: Finder) -> None:
    with closing(ServerStore(finder.settings)) as store:
        assert store.nodes() == 3
    assert copies(finder) == {2}


def test_a_node_dies_under_searches(finder: Finder, nodes: list[QdrantProcess]) -> None:
    """Fifty searches a second from ten threads; a node is killed, and comes back."""
    finder.load_encoder()  # until then hits come in stored order
    first = finder.search(finder.plan("cheerful phones", limit=20))
    assert first.ranked_by == "meaning"
    wanted = [hit.profile.id for hit in first.hits]
    failed: list[str] = []
    took: list[float] = []
    stop = time.monotonic() + SECONDS

    def ask() -> None:
        while (began := time.monotonic()) < stop:
            try:
                found = finder.search(finder.plan("cheerful phones", limit=20))
                if [hit.profile.id for hit in found.hits] != wanted:
                    failed.append("other people")
            except TechfinderError as error:
                failed.append(str(error))
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 10 / PER_SECOND - (time.monotonic() - began)))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS / 4)
    nodes[1].kill()
    time.sleep(SECONDS / 4)
    nodes[1].restart()
    for thread in threads:
        thread.join()
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    print(
        f"{len(took)} searches ({len(took) / SECONDS:.0f}/s), {len(failed)} failed, "
        f"median {took[len(took) // 2] * 1000:.0f} ms, p99 {p99:.2f} s, longest {took[-1]:.2f} s"
    )
    assert failed == []
    deadline = time.monotonic() + 60
    while copies(finder) != {2}:
        assert time.monotonic() < deadline, "the node that came back is not ready"
        time.sleep(0.5)


def test_one_copy_is_not_called_two(finder: Finder, nodes: list[QdrantProcess]) -> None:
    settings = {"store": "server", "qdrant_url": finder.settings.qdrant_url, "qdrant_grpc_port": "0"}
    asked = ("stack", "init", "--wait", "1", "--replicas")
    assert "Copies: 2 of each of 2 collections." in commands.run(finder.settings.home, *asked, "2", **settings).stderr
    nodes[2].kill()
    done = commands.run(finder.settings.home, *asked, "4", **settings)
    nodes[2].restart()
    assert done.returncode == 1
    assert "3 node(s) of Qdrant" in done.stderr
