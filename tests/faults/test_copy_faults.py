"""Kill -9 of each side at moments of a copy: both stay consistent, and the same copy again is made whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from copy_people import NAME, PEOPLE, SPEC, copy, run_doomed
from server_people import opened, own_qdrant

from qdrant_process import QdrantProcess
from techfinder.models import GenerationInfo
from techfinder.settings import Settings
from techfinder.store.edge.store import EdgeStore
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import build, make_point, make_points

KILLED = -9
FAILED = 3
HELPERS = -1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantProcess]:
    with own_qdrant(tmp_path_factory.mktemp("qdrant")) as process:
        yield process


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with everyone."""
    home = tmp_path_factory.mktemp("embedded")
    with closing(EdgeStore(Settings(home=home, nice=0))) as store:
        build(store, SPEC, make_points(PEOPLE))
    return home


@pytest.fixture
def store(server: QdrantProcess, tmp_path: Path) -> Iterator[ServerStore]:
    """The server, without any people."""
    with opened(server.address, tmp_path / "reader") as store:
        store.drop(NAME)
        yield store


@pytest.mark.keeps_children  # a server that was started again
# Whom to kill, when, how the copy ends, and how many people the next one may find to be over already; none: it is done.
@pytest.mark.parametrize(
    ("victim", "moment", "code", "resumed"),
    [
        pytest.param("copy", "0", KILLED, {0}, marks=pytest.mark.slow),
        ("copy", "2000", KILLED, {2000}),
        pytest.param("copy", "3000", KILLED, {3000}, marks=pytest.mark.slow),
        pytest.param("copy", "sealed", KILLED, {0}, marks=pytest.mark.slow),
        pytest.param("copy", "published", KILLED, set(), marks=pytest.mark.slow),
        pytest.param("qdrant", "1000", FAILED, {1000}, marks=pytest.mark.slow),
        pytest.param("qdrant", "3000", FAILED, {3000}, marks=pytest.mark.slow),
        pytest.param("helpers", "1000", FAILED, {1000, 2000}, marks=pytest.mark.slow),
    ],
)
def test_a_copy_to_a_server_survives_kills(
    server: QdrantProcess, store: ServerStore, embedded: Path, victim: str, moment: str, code: int, resumed: set[int]
) -> None:
    with closing(EdgeStore(Settings(home=embedded, nice=0))) as edge:
        before = edge.scan(NAME).info
    old = build(store, SPEC, make_points(10))

    ended = run_doomed(embedded, server.address, True, moment, _process(server, victim))
    _start_again(server, victim)

    assert ended[0] == code, ended
    live = store.scan(NAME).info
    assert live.digest == (before.digest if moment == "published" else old.digest)
    assert store.verify(NAME) == []
    done = copy(embedded, server.address, to_server=True)
    assert _same(done.info, before)
    assert done.points == (PEOPLE if resumed else 0), "what is live already is not copied again"
    assert done.resumed in (resumed or {0})
    assert store.verify(NAME) == []
    assert len([n for n in store._server.names() if n.startswith(NAME)]) == 2, "only the live one and the old one"
    with closing(EdgeStore(Settings(home=embedded, nice=0))) as edge:
        assert edge.scan(NAME).info == before


@pytest.mark.slow
@pytest.mark.keeps_children  # a server that was started again
# Whom to kill, when, how the copy ends, and how many people the next one may find to be over already; none: it is done.
@pytest.mark.parametrize(
    ("victim", "moment", "code", "resumed"),
    [
        ("copy", "0", KILLED, {0}),
        ("copy", "3000", KILLED, {2000}),
        ("copy", "sealed", KILLED, {2000}),
        ("copy", "published", KILLED, set()),
        ("qdrant", "1000", FAILED, {0, 2000}),
        ("helpers", "3000", FAILED, {2000}),
    ],
)
def test_a_copy_from_a_server_survives_kills(
    server: QdrantProcess, store: ServerStore, tmp_path: Path, victim: str, moment: str, code: int, resumed: set[int]
) -> None:
    before = build(store, SPEC, make_points(PEOPLE))
    home = tmp_path / "target"
    with closing(EdgeStore(Settings(home=home, nice=0))) as edge:
        old = build(edge, SPEC, make_points(10))

        ended = run_doomed(home, server.address, False, moment, _process(server, victim))
        _start_again(server, victim)

        assert ended[0] == code, ended
        live = edge.scan(NAME).info
        assert live.digest == (before.digest if moment == "published" else old.digest)
        assert edge.verify(NAME) == []
        done = copy(home, server.address, to_server=False)
        assert _same(done.info, before)
        assert done.points == (PEOPLE if resumed else 0), "what is live already is not copied again"
        assert done.resumed in (resumed or {0})
        assert edge.verify(NAME) == []
    assert not (home / "spool" / "copy").exists()
    assert not list((home / "store" / NAME / "building").iterdir())
    assert store.scan(NAME).info == before


@pytest.mark.slow
def test_a_part_of_a_copy_that_was_altered_is_not_trusted(
    server: QdrantProcess, store: ServerStore, embedded: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, _ = run_doomed(embedded, server.address, True, "2000", 0)
    assert code == KILLED
    (place,) = (n for n in store._server.names() if n.startswith(NAME))
    found = store._server.ask("altering", lambda c: c.scroll(place, limit=1))[0][0]
    store._server.ask("altering", lambda c: c.set_payload(place, {"sector": "Wrong"}, points=[found.id], wait=True))

    done = copy(embedded, server.address, to_server=True)

    assert "starting over" in caplog.text
    assert (done.points, done.resumed) == (PEOPLE, 0)
    assert store.verify(NAME) == []


@pytest.mark.slow
def test_people_kept_from_another_state_of_the_source_are_not_used(
    server: QdrantProcess, store: ServerStore, tmp_path: Path
) -> None:
    build(store, SPEC, make_points(PEOPLE))
    code, _ = run_doomed(tmp_path, server.address, False, "3000", 0)
    assert code == KILLED
    assert list((tmp_path / "spool" / "copy" / NAME).rglob("*.npz"))
    changed = build(store, SPEC, [replace(make_point(3, age=99), row="changed")])

    done = copy(tmp_path, server.address, to_server=False)

    assert (done.resumed, _same(done.info, changed)) == (0, True)
    assert not (tmp_path / "spool" / "copy").exists()


def _process(server: QdrantProcess, victim: str) -> int:
    return {"copy": 0, "helpers": HELPERS, "qdrant": server.pid}[victim]


def _start_again(server: QdrantProcess, victim: str) -> None:
    if victim == "qdrant":
        server.kill()  # it is dead already; this takes note of it
        server.restart()


def _same(one: GenerationInfo, other: GenerationInfo) -> bool:
    return (one.points, one.digest, one.encoder) == (other.points, other.digest, other.encoder)
