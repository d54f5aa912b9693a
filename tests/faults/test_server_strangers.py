"""Someone else works on the same server: takes our names, alters our notes, adds, changes and removes points."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from qdrant_client import QdrantClient, models
from server_people import SIZE, answers, name_of_one, opened, own_qdrant, raised, raw

from bad_server import BadServer, answer, passing_on, when
from qdrant_process import QdrantAddress
from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError
from techfinder.store.points import point_id
from techfinder.store.server.control import CONTROL
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import (
    DIM,
    any_of,
    build,
    eventually,
    make_point,
    make_points,
    make_spec,
    vector_of,
)

NEAR = 1000
"""The vector of this number is that of strangers."""

VECTOR = models.VectorParams(size=DIM, distance=models.Distance.DOT)


@pytest.fixture
def store(qdrant: QdrantAddress, tmp_path: Path) -> Iterator[ServerStore]:
    with opened(qdrant, tmp_path / "home") as store:
        yield store


@pytest.fixture
def stranger(qdrant: QdrantAddress) -> Iterator[QdrantClient]:
    with raw(qdrant) as client:
        yield client


@pytest.fixture
def name(store: ServerStore, stranger: QdrantClient) -> Iterator[str]:
    """A collection of SIZE people; whatever was made of it is removed."""
    name = name_of_one("strange")
    build(store, make_spec(name), make_points(SIZE))
    yield name
    stranger.delete_collection(name)
    for place in places(stranger, name):
        stranger.delete_collection(place)


def places(client: QdrantClient, name: str) -> list[str]:
    return sorted(c.name for c in client.get_collections().collections if c.name.startswith(f"{name}."))


def live_of(client: QdrantClient, name: str) -> str:
    return next(a.collection_name for a in client.get_aliases().aliases if a.alias_name == name)


def let(client: QdrantClient, alias: str, place: str) -> None:
    to = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=place, alias_name=alias))
    client.update_collection_aliases([to])


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_alias", [False, True], ids=["collection", "alias"])
def test_a_name_that_someone_else_has_taken_is_left_alone(
    store: ServerStore, stranger: QdrantClient, as_alias: bool
) -> None:
    name = name_of_one("taken")
    theirs = f"{name}-own" if as_alias else name
    stranger.create_collection(theirs, vectors_config=VECTOR)
    if as_alias:
        let(stranger, name, theirs)
    try:
        for question in (
            lambda: store.open(name),
            lambda: store.write(make_spec(name)),
            lambda: store.write(make_spec(name), fresh=True),
            lambda: store.ledger(name),
            lambda: store.verify(name),
            lambda: store.drop(name),
        ):
            assert "techfinder did not make" in str(raised(question))
        assert not as_alias or live_of(stranger, name) == theirs
        assert name not in {i.collection for i in store.collections()} | set(store.damaged())
        assert stranger.count(theirs).count == 0
        assert places(stranger, name) == []
    finally:
        stranger.delete_collection(theirs)


def test_a_second_alias_on_our_collection_is_not_another_collection(
    store: ServerStore, stranger: QdrantClient, name: str
) -> None:
    let(stranger, f"{name}b", live_of(stranger, name))
    assert "techfinder did not make" in str(raised(lambda: store.open(f"{name}b")))
    assert f"{name}b" not in {i.collection for i in store.collections()}
    assert name in {i.collection for i in store.collections()}


def test_a_stranger_among_our_names_is_not_touched(store: ServerStore, stranger: QdrantClient, name: str) -> None:
    stranger.create_collection(f"{name}.notes.9999", vectors_config=VECTOR)
    assert build(store, make_spec(name), make_points(3), fresh=True).number == 10000
    store.drop(name)
    assert places(stranger, name) == [f"{name}.notes.9999"]


# --- notes ----------------------------------------------------------------------------------------


def test_without_its_notes_a_collection_is_not_ours(store: ServerStore, stranger: QdrantClient, name: str) -> None:
    place = live_of(stranger, name)
    stranger.update_collection(place, metadata={"techfinder": None})
    for question in (lambda: store.open(name), lambda: store.write(make_spec(name), fresh=True)):
        assert "metadata was removed" in str(raised(question))
    assert stranger.count(place).count == SIZE


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda facts: facts.pop(key)


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "format": lambda facts: facts.update(format=9),
    "no info": _without("info"),
    "info text": lambda facts: facts.update(info="people"),
    "points": lambda facts: facts["info"].update(points="many"),
    "negative": lambda facts: facts["info"].update(points=-1),
    "dim": lambda facts: facts["info"].update(dim=8.5),
    "digest": lambda facts: facts["info"].update(digest="xyz"),
    "surplus": lambda facts: facts["info"].update(colour="red"),
    "missing": lambda facts: facts["info"].pop("encoder"),
    "attributes": lambda facts: facts.update(attributes=["sector"]),
    "storage": lambda facts: facts["attributes"].update(sector="blob"),
    "build": lambda facts: facts.update(build=None),
    "state": lambda facts: (facts.pop("info"), facts.update(state="building")),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_notes_are_named_and_can_be_mended(
    store: ServerStore, stranger: QdrantClient, name: str, kind: str
) -> None:
    place = live_of(stranger, name)
    facts = stranger.get_collection(place).config.metadata["techfinder"]  # type: ignore[index]
    DAMAGE[kind](facts)
    stranger.update_collection(place, metadata={"techfinder": facts})
    for question in (
        lambda: store.open(name),
        lambda: store.write(make_spec(name)),
        lambda: store.ledger(name),
        lambda: store.verify(name),
    ):
        error = raised(question)
        assert isinstance(error, StoreDamaged)
        assert "--rebuild" in str(error)
    assert name not in {i.collection for i in store.collections()}
    assert "cannot be read" in store.damaged()[name]
    assert "--rebuild" in store.way_out(name)
    build(store, make_spec(name), make_points(SIZE), fresh=True)
    assert store.verify(name) == []
    assert name not in store.damaged()


def test_readers_go_on_when_the_notes_are_damaged_meanwhile(
    store: ServerStore, stranger: QdrantClient, name: str
) -> None:
    people = store.open(name)
    expected = answers(people)
    place = live_of(stranger, name)
    stranger.update_collection(place, metadata={"techfinder": {"format": 9, "collection": name}})
    people.look_now()
    assert answers(people) == expected


def test_an_older_generation_can_be_made_live_when_the_newest_has_lost_its_notes(
    store: ServerStore, stranger: QdrantClient, name: str
) -> None:
    build(store, make_spec(name), make_points(3), fresh=True)
    place = live_of(stranger, name)
    stranger.update_collection(place, metadata={"techfinder": {"format": 9, "collection": name}})
    assert "switch 1" in store.way_out(name) or "activate 1" in store.way_out(name)
    store.activate(name, 1)
    assert store.open(name).count([]) == SIZE


# --- points ----------------------------------------------------------------------------------------


def _strangers() -> list[models.PointStruct]:
    """Points that techfinder did not write, nearer to the question than any of its own."""
    near = vector_of(NEAR).tolist()
    payloads: list[dict[str, Any]] = [
        {},
        {"sector": "Arts"},
        {"_id": "p1", "_ordinal": 1, "_row": "r", "_text": "t", "sector": "Arts"},
        {"_id": 7, "_ordinal": 1, "_row": "r", "_text": "t"},
        {"_id": "x", "_ordinal": "first"},
    ]
    return [models.PointStruct(id=n, vector=near, payload=p) for n, p in enumerate(payloads)] + [
        models.PointStruct(id=str(uuid4()), vector=near, payload=p) for p in payloads
    ]


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "rest"])
def test_points_of_others_are_passed_over_and_counted(
    qdrant: QdrantAddress, tmp_path: Path, store: ServerStore, stranger: QdrantClient, name: str, grpc: bool
) -> None:
    people = store.open(name)
    expected = answers(people)
    nearest = people.search(vector_of(NEAR), [], 3)
    arts = people.search(vector_of(NEAR), [any_of("sector", "Arts")], 3)
    stranger.upsert(live_of(stranger, name), _strangers(), wait=True)
    with opened(qdrant, tmp_path / "other", **({} if grpc else {"qdrant_grpc_port": 0})) as other:
        for reader in (people, other.open(name)):
            assert answers(reader) == expected
            assert reader.search(vector_of(NEAR), [], 3) == nearest
            assert reader.search(vector_of(NEAR), [any_of("sector", "Arts")], 3) == arts
    assert "10 that techfinder did not write" in store.verify(name)[0]
    assert f"holds {SIZE + 10} points" in store.damaged()[name]


def test_points_that_others_removed_are_missed(store: ServerStore, stranger: QdrantClient, name: str) -> None:
    people = store.open(name)
    gone = [str(point_id(f"p{n}")) for n in (1, 2)]
    stranger.delete(live_of(stranger, name), models.PointIdsList(points=gone), wait=True)
    found = people.search(vector_of(1), [], SIZE)
    assert {"p1", "p2"}.isdisjoint(h.profile.id for h in found)
    assert len(found) == SIZE - 2
    error = raised(lambda: people.browse([], [], SIZE))
    assert isinstance(error, StoreDamaged)
    assert "points are gone" in str(error)
    assert len(people.browse([], [], 10, offset=20)) == 10
    assert f"{SIZE - 2} are stored" in store.verify(name)[0]
    assert f"holds {SIZE - 2} points" in store.damaged()[name]


def test_a_collection_that_lost_points_is_not_opened(
    qdrant: QdrantAddress, tmp_path: Path, stranger: QdrantClient, name: str
) -> None:
    stranger.delete(live_of(stranger, name), models.PointIdsList(points=[str(point_id("p1"))]), wait=True)
    with opened(qdrant, tmp_path / "other") as other:
        error = raised(lambda: other.open(name))
        assert isinstance(error, StoreDamaged)
        assert f"holds {SIZE - 1} points" in str(error)


CHANGES: dict[str, Callable[[QdrantClient, str], object]] = {
    "payload": lambda c, place: c.set_payload(place, {"sector": "Spam"}, points=[str(point_id("p1"))], wait=True),
    "kind": lambda c, place: c.set_payload(place, {"age": "old"}, points=[str(point_id("p1"))], wait=True),
    "tags": lambda c, place: c.set_payload(place, {"tags": {"a": 1}}, points=[str(point_id("p1"))], wait=True),
    "null": lambda c, place: c.set_payload(place, {"sector": None}, points=[str(point_id("p1"))], wait=True),
    "vector": lambda c, place: c.update_vectors(
        place, [models.PointVectors(id=str(point_id("p1")), vector=vector_of(999).tolist())], wait=True
    ),
    "id": lambda c, place: c.set_payload(place, {"_id": "someone"}, points=[str(point_id("p1"))], wait=True),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_points_that_others_changed_are_found_by_the_check(
    store: ServerStore, stranger: QdrantClient, name: str, kind: str
) -> None:
    people = store.open(name)
    CHANGES[kind](stranger, live_of(stranger, name))
    assert store.verify(name) != []
    assert len(people.search(vector_of(1), [], SIZE)) >= SIZE - 1
    assert people.count([]) == SIZE


def test_values_of_another_kind_are_refused_when_they_are_read(
    qdrant: QdrantAddress, tmp_path: Path, stranger: QdrantClient, name: str
) -> None:
    CHANGES["kind"](stranger, live_of(stranger, name))
    with opened(qdrant, tmp_path / "other") as other:
        error = raised(lambda: other.open(name))
    assert isinstance(error, StoreDamaged)
    assert "'p1'" in str(error)


def test_lost_points_are_not_taken_over_into_a_new_generation(
    store: ServerStore, stranger: QdrantClient, name: str
) -> None:
    stranger.delete(live_of(stranger, name), models.PointIdsList(points=[str(point_id("p1"))]), wait=True)
    error = raised(lambda: build(store, make_spec(name), [make_point(n) for n in range(100, 1200)]))
    assert isinstance(error, StoreDamaged)
    assert "Something else changed" in str(error)
    assert places(stranger, name) == [live_of(stranger, name)]


# --- what lies below ----------------------------------------------------------------------------------


def test_a_collection_whose_files_are_gone_is_named_and_can_be_mended(tmp_path: Path) -> None:
    with own_qdrant(tmp_path / "qdrant") as server, opened(server.address, tmp_path / "home") as store:
        build(store, make_spec("people"), make_points(SIZE))
        build(store, make_spec("others"), make_points(SIZE))
        people = store.open("people")
        with raw(server.address) as client:
            place = live_of(client, "people")
        server.kill()
        shutil.rmtree(server.storage / "collections" / place)
        server.restart()
        for question in (lambda: store.open("people"), lambda: answers(people), lambda: store.verify("people")):
            raised(question)
        assert [i.collection for i in store.collections()] == ["others"]
        assert len(store.open("others").browse([], [], 100)) == SIZE
        build(store, make_spec("people"), make_points(SIZE), fresh=True)
        assert store.verify("people") == []
        assert len(store.open("people").browse([], [], 100)) == SIZE


def test_an_alias_that_leads_nowhere_is_named(qdrant: QdrantAddress, tmp_path: Path) -> None:
    """As when the collection is dropped after its alias was read; told for ever here."""
    aliases = [{"alias_name": "lost", "collection_name": "lost.tech-adoption.hash.0001"}]
    dangling = answer(200, {"time": 0, "status": "ok", "result": {"aliases": aliases}})
    through = passing_on(int(qdrant.url.rpartition(":")[2]))
    with (
        BadServer(when("GET /aliases", dangling, through)) as between,
        opened(QdrantAddress(between.url, 0), tmp_path / "between") as store,
    ):
        for question in (lambda: store.open("lost"), lambda: store.ledger("lost"), lambda: store.verify("lost")):
            error = raised(question)
            assert isinstance(error, StoreDamaged)
            assert "is gone from" in str(error)
        assert store.collections() == []
        assert "is gone from" in store.damaged()["lost"]


def test_a_collection_dropped_by_hand_is_not_found(store: ServerStore, stranger: QdrantClient, name: str) -> None:
    people = store.open(name)
    stranger.delete_collection(live_of(stranger, name))
    for question in (lambda: people.search(vector_of(1), [], 5), lambda: store.open(name)):
        assert isinstance(raised(question), CollectionNotFound)


def test_nobody_is_counted_of_a_collection_that_was_dropped_by_hand(
    store: ServerStore, stranger: QdrantClient, name: str
) -> None:
    people = store.open(name)
    stranger.delete_collection(live_of(stranger, name))
    people.look_now()
    for question in (people.info, lambda: people.count([]), lambda: people.browse([], [], 3)):
        assert isinstance(raised(question), CollectionNotFound)
    build(store, make_spec(name), make_points(5))
    assert eventually(lambda: people.count([]) == 5)


# --- the collection of leases and changes ---------------------------------------------------------------


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[QdrantAddress, ServerStore, QdrantClient]]:
    """A server of its own, since others need its control collection."""
    with (
        own_qdrant(tmp_path / "qdrant") as server,
        opened(server.address, tmp_path / "home") as store,
        raw(server.address) as client,
    ):
        yield server.address, store, client


Alone = tuple[QdrantAddress, ServerStore, QdrantClient]


def test_a_lease_that_was_removed_stops_the_writer(alone: Alone) -> None:
    _, store, client = alone
    build(store, make_spec("people"), make_points(SIZE))
    writer = store.write(make_spec("people"))
    writer.upsert([make_point(1, age=99)])
    writer.seal()
    client.delete_collection(CONTROL)
    error = raised(writer.publish)
    assert not isinstance(error, CollectionNotFound)
    assert "claim to write it was removed" in str(error)
    writer.discard()
    assert store.open("people").retrieve(["p1"]) == [make_points(2)[1].profile]
    build(store, make_spec("people"), [make_point(1, age=99)])
    assert store.verify("people") == []


def test_readers_see_changes_whose_notes_are_gone(alone: Alone, tmp_path: Path) -> None:
    """Without the notes nobody knows who was changed: everything is read anew."""
    address, store, client = alone
    build(store, make_spec("people"), make_points(SIZE))
    with opened(address, tmp_path / "other") as other:
        people = other.open("people")
        assert people.count([any_of("sector", "New")]) == 0
        build(store, make_spec("people"), [make_point(1, sector="New"), make_point(99, sector="New")])
        client.delete_collection(CONTROL)
        people.look_now()
        assert eventually(lambda: people.count([any_of("sector", "New")]) == 2)
        assert len(people.browse([], [], 100)) == SIZE + 1
    with opened(address, tmp_path / "other") as other:  # whose columns were kept
        assert other.open("people").count([any_of("sector", "New")]) == 2


@pytest.mark.parametrize("metadata", [None, {"techfinder": {"build": "other"}}])
def test_a_control_collection_of_someone_else_is_left_alone(alone: Alone, metadata: dict[str, Any] | None) -> None:
    _, store, client = alone
    client.create_collection(CONTROL, vectors_config=VECTOR, metadata=metadata)
    error = raised(lambda: store.write(make_spec("people")))
    assert CONTROL in str(error)
    assert "techfinder did not make" in str(error)
    assert client.count(CONTROL).count == 0


@pytest.mark.parametrize(
    "claim", [{}, {"expires": "never"}, {"expires": 1e18, "token": 5}, {"token": "x", "pid": "y", "expires": 0}]
)
def test_a_damaged_claim_keeps_no_one_out(alone: Alone, claim: dict[str, Any]) -> None:
    _, store, client = alone
    build(store, make_spec("people"), make_points(3))
    writer = store.write(make_spec("people"))
    (found,), _ = client.scroll(CONTROL, models.Filter(must=[_is("kind", "lease")]))
    client.overwrite_payload(CONTROL, {"kind": "lease", **claim}, points=[found.id], wait=True)
    store.write(make_spec("people")).discard()
    with pytest.raises(StoreError):
        writer.publish()
    writer.discard()


def test_a_damaged_note_of_a_change_is_not_trusted(alone: Alone, tmp_path: Path) -> None:
    address, store, client = alone
    build(store, make_spec("people"), make_points(SIZE))
    with opened(address, tmp_path / "other") as other:
        people = other.open("people")
        build(store, make_spec("people"), [make_point(1, sector="New")])
        (note,), _ = client.scroll(CONTROL, models.Filter(must=[_is("kind", "change")]))
        client.set_payload(CONTROL, {"written": 3}, points=[note.id], wait=True)
        people.look_now()
        assert eventually(lambda: people.count([any_of("sector", "New")]) == 1)
        build(store, make_spec("people"), [make_point(2, sector="New")])
        assert store.verify("people") == []


def _is(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
