"""Damage to the embedded store's files: it is named, and the advice that is given works."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from edge_people import SIZE, SPEC, answers

from techfinder.errors import StoreDamaged, StoreError, StoreUnavailable
from techfinder.settings import Settings
from techfinder.store.edge.collection import EdgeCollection
from techfinder.store.edge.shard import EnginePanic, _engine
from techfinder.store.edge.store import EdgeStore
from techfinder.store.folders import copy_sparse
from techfinder.testing.store_samples import build, eventually, make_point, make_points


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _scribble(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two sound generations, to be copied before it is damaged."""
    home = tmp_path_factory.mktemp("sealed")
    with closing(EdgeStore(Settings(home=home, nice=0), indexed_from=0)) as store:
        build(store, SPEC, make_points(SIZE))
        build(store, SPEC, [make_point(500)])
        assert store.verify("people") == []
    return home


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("info.json", _cut),
        ("info.json", Path.unlink),
        ("index.json", _cut),
        ("ids.blob.npy", Path.unlink),
        ("age.numbers.npy", _cut),
        ("sector.codes.npy", _scribble),
        ("segment.json", _cut),
        ("page_0.dat", _scribble),
        ("chunk_0.mmap", _scribble),
        ("shard", shutil.rmtree),
    ],
    ids=lambda v: v if isinstance(v, str) else v.__name__.strip("_"),
)
def test_damage_is_named(
    store: EdgeStore, settings: Settings, sealed: Path, pattern: str, damage: Callable[[Path], object]
) -> None:
    copy_sparse(sealed, settings.home)
    live = settings.home / "store" / "people" / "generations" / "0002"
    targets = sorted(live.rglob(pattern))
    assert targets
    for target in targets:
        damage(target)
    try:
        problems = store.verify("people")
    except StoreError as error:
        problems = [str(error)]
    assert problems
    assert all(len(p) > 20 for p in problems)
    store.activate("people", 1)
    with closing(store.open("people")) as people:
        assert people.count([]) == SIZE


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_random_damage_is_found_or_harmless(store: EdgeStore, settings: Settings, sealed: Path, seed: int) -> None:
    copy_sparse(sealed, settings.home)
    with closing(store.open("people")) as people:
        healthy = answers(people)
    live, rng = settings.home / "store" / "people" / "generations" / "0002", random.Random(seed)
    for _ in range(5):
        target = rng.choice(sorted(p for p in live.rglob("*") if p.is_file() and p.stat().st_size))
        _flip(target, rng)
        if not _noticed(store):
            with closing(store.open("people")) as people:
                assert answers(people) == healthy, target
        shutil.rmtree(live)
        copy_sparse(sealed / live.relative_to(settings.home), live)


def _flip(path: Path, rng: random.Random) -> None:
    """Change some bytes where the file holds something."""
    data = bytearray(path.read_bytes())
    places = [i for i, b in enumerate(data) if b] or [0]
    for place in rng.choices(places, k=5):
        data[place] ^= rng.randint(1, 255)
    path.write_bytes(data)


def _noticed(store: EdgeStore) -> bool:
    try:
        return bool(store.verify("people"))
    except StoreError:
        return True


def test_a_damaged_new_generation_does_not_replace_a_good_one(
    people: EdgeCollection, store: EdgeStore, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before = answers(people)
    writer = store.write(SPEC)
    writer.upsert([make_point(500)])
    writer.seal()
    shutil.rmtree(settings.home / "store" / "people" / "building" / "0002" / "shard")
    writer.publish()
    assert eventually(lambda: answers(people) == before and "cannot be opened" in caplog.text)
    store.activate("people", 1)
    assert answers(people) == before


def _break(path: Path) -> None:
    path.write_text("{", encoding="utf-8")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("live.json", _break),
        ("live.json", _empty),
        ("live.json", Path.unlink),
        ("0002/info.json", _break),
        ("0002/info.json", Path.unlink),
        ("0002/columns/ids.blob.npy", Path.unlink),
        ("0002/columns/age.numbers.npy", _cut),
        ("0002/columns/index.json", _cut),
        ("0002/**/page_0.dat", _cut),
        ("0002/**/segment.json", Path.unlink),
    ],
    ids=lambda v: v if isinstance(v, str) else v.__name__.strip("_"),
)
def test_whoever_meets_damage_is_told_the_same_way_out_and_it_works(
    store: EdgeStore, settings: Settings, sealed: Path, pattern: str, damage: Callable[[Path], object]
) -> None:
    copy_sparse(sealed, settings.home)
    for target in sorted((settings.home / "store" / "people").rglob(pattern)):
        damage(target)
    lost = 2 if "live" in pattern else 1  # without live.json the newest is the best guess
    with pytest.raises(StoreDamaged) as met:
        store.open("people")
    message = str(met.value)
    assert message.startswith("Collection 'people' is damaged: ")
    assert store.way_out("people") in message
    assert store.damaged() == {"people": message}
    for meet in (lambda: store.write(SPEC), lambda: store.ledger("people") and store.write(SPEC)):
        with pytest.raises(StoreDamaged, match=re.escape(store.way_out("people"))):
            meet()
    assert len(store.verify("people")) == 1
    assert _advised(message) == lost
    store.activate("people", lost)
    assert store.verify("people") == []
    assert store.damaged() == {}
    with closing(store.open("people")) as people:
        assert people.count([]) == SIZE + (lost == 2)


def _advised(message: str) -> int | None:
    """The generation to go back to; the other way is always named."""
    assert "`techfinder index SOURCE --rebuild`" in message
    found = re.search(r"`techfinder store switch (\d+)`", message)
    return int(found[1]) if found else None


@pytest.mark.parametrize("pattern", ["live.json", "info.json", "columns/ids.ends.npy", "segment.json"])
def test_with_nothing_sound_left_only_a_rebuild_is_advised_and_it_works(
    store: EdgeStore, settings: Settings, sealed: Path, pattern: str
) -> None:
    copy_sparse(sealed, settings.home)
    for target in (settings.home / "store" / "people").rglob(pattern):
        _cut(target)
    for target in (settings.home / "store" / "people").rglob("index.json"):
        _cut(target)
    with pytest.raises(StoreDamaged) as met:
        store.open("people")
    assert _advised(str(met.value)) is None
    with pytest.raises(StoreDamaged, match="Generation 1 was not made live"):
        store.activate("people", 1)
    assert build(store, SPEC, make_points(5), fresh=True).number == 3
    with closing(store.open("people")) as people:
        assert people.count([]) == 5
    assert store.damaged() == {}


def test_what_only_a_whole_look_finds_is_advised_the_same(store: EdgeStore, settings: Settings, sealed: Path) -> None:
    copy_sparse(sealed, settings.home)
    _scribble(settings.home / "store" / "people" / "generations" / "0002" / "columns" / "sector.codes.npy")
    assert store.damaged() == {}
    assert store.verify("people") == ["columns: sector.codes.npy is missing or altered"]
    assert _advised(store.way_out("people")) == 1


def test_a_damaged_generation_is_not_made_live(store: EdgeStore, settings: Settings, sealed: Path) -> None:
    copy_sparse(sealed, settings.home)
    _cut(settings.home / "store" / "people" / "generations" / "0001" / "columns" / "age.numbers.npy")
    with pytest.raises(StoreDamaged, match=r"Generation 1 was not made live\. Sound ones: \[2\]"):
        store.activate("people", 1)
    assert [g.number for g in store.collections()] == [2]


def test_a_run_that_ended_before_its_first_switch_is_no_damage(store: EdgeStore, settings: Settings) -> None:
    """Killed between moving the very first generation and naming it: as if nothing had been indexed."""
    build(store, SPEC, make_points(3))
    alias = settings.home / "store" / "people" / "live.json"
    alias.write_text(json.dumps({"generation": 0}), encoding="utf-8")
    assert store.damaged() == {}
    assert store.ledger("people").ids == ()
    assert build(store, SPEC, make_points(4)).number == 2
    assert len(store.ledger("people").ids) == 4


def test_readiness_notices_what_the_next_search_would(people: EdgeCollection, settings: Settings) -> None:
    generation = settings.home / "store" / "people" / "generations" / "0001"
    assert people.check().points == SIZE
    _cut(generation / "columns" / "age.numbers.npy")
    with pytest.raises(StoreDamaged, match=r"age\.numbers\.npy has \d+ bytes; it had .* --rebuild`"):
        people.check()
    shutil.rmtree(generation)
    with pytest.raises(StoreDamaged, match="cannot be read"):
        people.check()


def test_readiness_does_not_mind_that_a_publish_removed_what_is_read(settings: Settings) -> None:
    with closing(EdgeStore(settings.model_copy(update={"keep_generations": 1}), indexed_from=0)) as store:
        build(store, SPEC, make_points(SIZE))
        with closing(store.open("people")) as people:
            build(store, SPEC, [make_point(500)])
            assert people.check().number in (1, 2)
            assert eventually(lambda: people.check().number == 2)


@pytest.mark.parametrize(("code", "kind"), [(24, StoreUnavailable), (28, StoreUnavailable), (2, StoreDamaged)])
def test_a_lack_of_files_or_room_is_not_called_damage(code: int, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError, match="while testing") as met, _engine("testing", StoreDamaged):
        raise RuntimeError(f"Failed to open mmap (os error {code})")
    assert type(met.value) is kind


def test_a_panic_over_a_sealed_generation_is_damage() -> None:
    class PanicException(BaseException):
        """As the engine's, which is no Exception."""

    with pytest.raises(EnginePanic) as met, _engine("opening it", StoreDamaged):
        raise PanicException("index out of bounds")
    assert met.value.kind is StoreDamaged


def test_what_is_not_what_was_written_is_not_sealed(store: EdgeStore, settings: Settings) -> None:
    """Points vanish from the files of the base, unnoticed by the engine and by sizes; sealing notices."""
    build(store, SPEC, make_points(SIZE - 5))
    build(store, SPEC, make_points(SIZE))
    kept = settings.home / "store" / "people" / "generations"
    shutil.rmtree(kept / "0002" / "shard")
    copy_sparse(kept / "0001" / "shard", kept / "0002" / "shard")
    info = json.loads((kept / "0002" / "info.json").read_text(encoding="utf-8"))
    (kept / "0002" / "info.json").write_text(json.dumps({**info, "sizes": {}}), encoding="utf-8")
    writer = store.write(SPEC)
    writer.upsert([make_point(500)])
    with pytest.raises(StoreError, match=f"{SIZE - 4} points with digest .* are stored, {SIZE + 1} with"):
        writer.seal()
    with pytest.raises(StoreError, match="nothing is sealed"):
        writer.publish()
    writer.discard()
    assert store.verify("people") == ["points: 5 missing ('p35', 'p36', 'p37', …)"]
    with pytest.raises(StoreError, match=f"hold {SIZE - 5} points, sealed with {SIZE}"):
        store.open("people")
