"""Backup and restore: the same people, answers and database on either store, and nothing else than a whole backup."""

from __future__ import annotations

import json
import re
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import access_homes
import homes
from archives import Part, listed, read_members, write_archive
from postgres_process import PostgresProcess
from qdrant_process import QdrantAddress
from random_searches import random_search
from techfinder.backup import application
from techfinder.backup.archive import require_room, unpack
from techfinder.backup.home_files import without_secrets
from techfinder.backup.making import make_backup
from techfinder.backup.restoring import finish_restore, restore
from techfinder.cli import cli
from techfinder.errors import BackupError, DatabaseError
from techfinder.finder import Finder
from techfinder.settings import Settings, load_settings
from techfinder.store import open_store
from techfinder.testing.fakes import HashEncoder

pytestmark = pytest.mark.keeps_children  # servers of the whole run

PEOPLE, QUESTIONS = 300, 40
SCHEMA = Path(__file__).parents[2] / "data" / "schemas" / "tech-adoption.toml"
SETTINGS = 'oidc_client_secret = "hush-1"\nbatch_size = 16\n[plugins.source_crm]\napi_token = "hush-2"\nurl = "x"\n'


def answers(finder: Finder) -> list[Any]:
    """What a finder answers to forty searches of every kind: ids and scores."""
    profiles = list(finder.collection().browse([], [], PEOPLE))
    plans = [random_search(finder.schema, profiles, seed) for seed in range(QUESTIONS)]
    finder.load_encoder()
    return [[(h.profile.id, h.score) for h in finder.search(plan, paged=True).hits] for plan in plans]


def opened(home: Path, **settings: Any) -> Finder:
    return homes.open_home(home, HashEncoder().entry(), **settings)


class Made:
    """A home, a backup of it, and what it answers."""

    def __init__(self, folder: Path, people: int = PEOPLE, **settings: Any) -> None:
        self.home, self.file = folder / "home", folder / "backups" / "one.tar.zst"
        self.home.mkdir()
        (self.home / "techfinder.toml").write_text(SETTINGS, encoding="utf-8")
        with closing(opened(self.home, **settings)) as finder:
            homes.index(finder, f"synthetic:n={people},seed=8")
            self.answers = answers(finder)
            self.generation = finder.generation()
            self.settings = finder.settings
        with access_homes.opened(self.settings) as access:
            access_homes.with_password(access, "ann", "admin")
        self.made = make_backup(self.settings, self.file, verify=True)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("edge"))


@pytest.fixture(scope="module")
def on_server(qdrant: QdrantAddress) -> dict[str, Any]:
    return {
        "store": "server",
        "collection": "backed-up",
        "qdrant_url": qdrant.url,
        "qdrant_grpc_port": qdrant.grpc_port,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, on_server: dict[str, Any]) -> Iterator[Made]:
    made = Made(tmp_path_factory.mktemp("server"), **on_server)
    yield made
    with closing(open_store(made.settings)) as store:
        store.drop("backed-up")


def into(home: Path, **settings: Any) -> Settings:
    return load_settings(home=home, encoder="hash", nice=0, **settings)


def test_a_restored_home_gives_the_same_answers_to_the_last_digit(edge: Made, tmp_path: Path) -> None:
    done = restore(edge.file, into(tmp_path / "new"))
    with closing(opened(tmp_path / "new")) as finder:
        assert finder.generation() == edge.generation
        assert sum(len(a) for a in edge.answers) > 200
        assert answers(finder) == edge.answers
        assert finder.store.verify("people") == []
    assert done.info == edge.generation
    assert not (tmp_path / "new" / "restoring").exists()


@pytest.mark.slow
def test_so_does_one_that_is_searched_through_a_graph(tmp_path: Path) -> None:
    made = Made(tmp_path, 12_000)
    restore(made.file, into(tmp_path / "new"))
    with closing(opened(tmp_path / "new")) as finder:
        assert answers(finder) == made.answers


@pytest.mark.slow
def test_a_restored_server_gives_the_same_answers(server: Made, on_server: dict[str, Any], tmp_path: Path) -> None:
    with closing(open_store(server.settings)) as store:
        store.drop("backed-up")
    restore(server.file, into(tmp_path, **on_server))
    with closing(opened(tmp_path, **on_server)) as finder:
        assert answers(finder) == server.answers
        assert finder.generation().digest == server.generation.digest
        assert finder.store.verify("backed-up") == []


@pytest.mark.slow
def test_one_that_fails_once_its_people_are_live_can_be_finished(
    server: Made, on_server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the people went is known from the settings of the backup alone."""
    names = "".join(f"{key} = {json.dumps(value)}\n" for key, value in on_server.items())
    (server.home / "techfinder.toml").write_text(names, encoding="utf-8")
    file = tmp_path / "two.tar.zst"
    make_backup(server.settings, file)
    (server.home / "techfinder.toml").write_text(SETTINGS, encoding="utf-8")
    with closing(open_store(server.settings)) as store:
        store.drop("backed-up")

    def fail(settings: Settings, staged: Path) -> None:
        raise DatabaseError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(application, "put_in_place", fail)
        with pytest.raises(DatabaseError, match="away"):
            restore(file, into(tmp_path / "new"))
    assert finish_restore(into(tmp_path / "new"))
    with closing(opened(tmp_path / "new")) as finder:
        assert finder.settings.store == "server"
        assert answers(finder) == server.answers
    with access_homes.opened(into(tmp_path / "new")) as access:
        assert access.people.named("ann").role == "admin"


@pytest.mark.slow
def test_a_backup_of_a_server_can_become_an_embedded_store(server: Made, tmp_path: Path) -> None:
    restore(server.file, into(tmp_path, collection="backed-up"))
    with closing(opened(tmp_path, collection="backed-up")) as finder:
        assert answers(finder) == server.answers
        assert finder.store.place().startswith(str(tmp_path))


@pytest.mark.slow
def test_a_backup_of_an_embedded_store_can_go_to_a_server(
    edge: Made, on_server: dict[str, Any], tmp_path: Path
) -> None:
    there = {**on_server, "collection": "people"}
    restore(edge.file, into(tmp_path, **there))
    with closing(opened(tmp_path, **there)) as finder:
        try:
            assert finder.generation().digest == edge.generation.digest
            assert finder.store.verify("people") == []
        finally:
            finder.store.drop("people")


def test_users_come_back_and_nobody_is_signed_in(edge: Made, tmp_path: Path) -> None:
    settings = into(tmp_path)
    restore(edge.file, settings)
    with access_homes.opened(settings) as access:
        assert [u.name for u in access.people.all()] == ["ann"]
        assert access.people.end_sessions("ann", "test") == 0
        assert access.log.verify().problem == ""
        assert access.signing_in.by_password("ann", access_homes.PASSWORD, access_homes.HERE).session


def test_secrets_are_left_out_and_named(edge: Made, tmp_path: Path) -> None:
    restore(edge.file, into(tmp_path))
    text = (tmp_path / "techfinder.toml").read_text(encoding="utf-8")
    assert "hush" not in text
    assert "batch_size = 16" in text
    assert "oidc_client_secret, plugins.source_crm.api_token" in edge.made.about.left_out[-1]
    assert all(b"hush" not in content for _, content in read_members(edge.file))


@pytest.mark.parametrize("text", ['plugins.a.key = { b_token = "x" }\n', 'oidc_client_secret = """\nx"""\n'])
def test_a_secret_that_cannot_be_left_out_line_by_line_stops_the_backup(text: str) -> None:
    with pytest.raises(BackupError, match="cannot be left out"):
        without_secrets(text)


def test_a_schema_from_elsewhere_comes_into_the_home(tmp_path: Path) -> None:
    schema = tmp_path / "my schema.toml"
    schema.write_bytes(SCHEMA.read_bytes())
    home = tmp_path / "home"
    with closing(opened(home, schema_file=schema)) as finder:
        homes.index(finder, "synthetic:n=30,seed=1")
        make_backup(finder.settings, tmp_path / "b.tar.zst")
    schema.unlink()
    restore(tmp_path / "b.tar.zst", into(tmp_path / "new"))
    with closing(opened(tmp_path / "new")) as finder:
        assert finder.settings.schema_file == tmp_path / "new" / "schema" / "my_schema.toml"
        assert finder.generation().points == 30
        finder.require_readable(finder.generation())


def test_only_its_owner_reads_a_backup_and_nothing_is_replaced(edge: Made) -> None:
    assert stat.S_IMODE(edge.file.stat().st_mode) == 0o600
    before = edge.file.read_bytes()
    with pytest.raises(BackupError, match="never replaces"):
        make_backup(edge.settings, edge.file)
    assert edge.file.read_bytes() == before
    assert [p.name for p in edge.file.parent.iterdir()] == ["one.tar.zst"]


def test_a_file_where_a_folder_should_be_is_told(edge: Made, tmp_path: Path) -> None:
    (tmp_path / "people.csv").touch()
    with pytest.raises(BackupError, match=r"people\.csv is a file\. Name a folder"):
        make_backup(edge.settings, tmp_path / "people.csv" / "one.tar.zst")


def test_an_empty_home_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing in"):
        make_backup(into(tmp_path), tmp_path / "x.tar.zst")


def test_what_is_there_is_replaced_only_when_that_is_said(edge: Made, tmp_path: Path) -> None:
    settings = into(tmp_path)
    with closing(opened(tmp_path)) as finder:
        homes.index(finder, "synthetic:n=20,seed=1")
    with access_homes.opened(settings) as access:
        access_homes.with_password(access, "bob")
    with pytest.raises(BackupError, match=r"20 people .* and an application database"):
        restore(edge.file, settings)
    assert not (tmp_path / "restoring").exists()

    restore(edge.file, settings, replace=True)

    with access_homes.opened(settings) as access:
        assert [u.name for u in access.people.all()] == ["ann"]
    with closing(opened(tmp_path)) as finder:
        assert [(g.number, g.points) for g in finder.store.generations("people")] == [(1, 20), (2, PEOPLE)]
        assert answers(finder) == edge.answers
        assert finder.store.activate("people", 1).points == 20


def test_there_must_be_room(tmp_path: Path) -> None:
    require_room(tmp_path, 1000, "it", lambda folder: 1 << 30)
    with pytest.raises(BackupError, match=r"Too little disk space for it: 50 MB are free"):
        require_room(tmp_path, 1000, "it", lambda folder: 50 << 20)


# --- what is no whole backup --------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["cut", "cut a little", "altered", "empty", "foreign", "longer"])
def test_a_damaged_backup_is_refused_and_changes_nothing(edge: Made, tmp_path: Path, damage: str) -> None:
    content, path, home = edge.file.read_bytes(), tmp_path / "bad.tar.zst", tmp_path / "home"
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut": content[:middle],
            "cut a little": content[:-1],
            "altered": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
            "empty": b"",
            "foreign": b"PK\3\4" * 1000,
            "longer": content + b"more",
        }[damage]
    )
    with pytest.raises(BackupError, match=r"bad.tar.zst.* (damaged|is no backup)"):
        restore(path, into(home))
    assert [p.name for p in home.iterdir()] == [".restoring.lock"]


def _named(name: str, **changes: Any) -> Part:
    info = tarfile.TarInfo(name)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, b"x"


def _without(name: str) -> Callable[[list[Part]], list[Part]]:
    return lambda parts: [p for p in parts if p[0].name != name]


HOSTILE: dict[str, Callable[[list[Part]], list[Part]]] = {
    "up": lambda p: listed([*p[:-1], _named("people/../../up")]),
    "absolute": lambda p: listed([*p[:-1], _named("/tmp/techfinder-absolute")]),
    "link": lambda p: listed([*p[:-1], _named("people/link", type=tarfile.SYMTYPE, linkname="/etc/passwd")]),
    "hard link": lambda p: listed([*p[:-1], _named("people/link", type=tarfile.LNKTYPE, linkname=p[1][0].name)]),
    "device": lambda p: listed([*p[:-1], _named("people/zero", type=tarfile.CHRTYPE, devmajor=1, devminor=5)]),
    "folder": lambda p: listed([*p[:-1], _named("people/folder", type=tarfile.DIRTYPE)]),
    "elsewhere": lambda p: listed([*p[:-1], _named("store/people/live.json")]),
    "hidden": lambda p: listed([*p[:-1], _named("people/.hidden")]),
    "twice": lambda p: listed([*p[:-1], (p[-2][0], b"other")]),
    "not listed": lambda p: [*p[:-1], _named("people/more"), p[-1]],
    "missing": lambda p: [*p[:1], *p[2:]],
    "other order": lambda p: [p[1], p[0], *p[2:]],
    "after the end": lambda p: [*p, _named("people/more")],
    "long description": lambda p: listed([*p[:-1], _named("people/x", pax_headers={"comment": "x" * 100_000})]),
}


def _small() -> list[Part]:
    """A backup of next to nothing."""
    about = {"format": 1, "techfinder": "0", "created_at": "", "collection": "people", "people": None, "tables": None}
    named = {"about.json": json.dumps(about), "runs/a/progress.json": "{}", "runs/b/progress.json": "{}"}
    return listed((tarfile.TarInfo(name), text.encode()) for name, text in named.items())


def test_a_backup_that_was_put_together_well_is_restored(tmp_path: Path) -> None:
    write_archive(tmp_path / "good.tar.zst", _small())
    assert restore(tmp_path / "good.tar.zst", into(tmp_path / "home")).info is None
    assert (tmp_path / "home" / "runs" / "b" / "progress.json").read_text() == "{}"


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_backup_is_refused_and_changes_nothing(tmp_path: Path, how: str) -> None:
    path, home = tmp_path / "bad.tar.zst", tmp_path / "home"
    write_archive(path, HOSTILE[how](_small()))
    with pytest.raises(BackupError):
        restore(path, into(home))
    assert [p.name for p in home.iterdir()] == [".restoring.lock"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.tar.zst", "home"]


@pytest.mark.parametrize("wrong", [{"collection": "../../up"}, {"number": "one"}, {"number": -1}, {"points": None}])
def test_a_generation_that_cannot_be_one_is_refused(edge: Made, tmp_path: Path, wrong: dict[str, Any]) -> None:
    about = edge.made.about.model_dump()
    about["people"]["generation"] = {**asdict(edge.generation), **wrong}
    about["collection"] = wrong.get("collection", "people")
    parts = _small()
    write_archive(tmp_path / "bad.tar.zst", listed([(parts[0][0], json.dumps(about).encode()), *parts[1:]]))
    with pytest.raises(BackupError, match="no backup of techfinder"):
        restore(tmp_path / "bad.tar.zst", into(tmp_path / "home"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.tar.zst", "home"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda parts: [p for p in parts if p[0].name != "database/techfinder.db"], "holds none"),
        (lambda parts: [p for p in parts if not p[0].name.startswith("people/")], "tells of people and holds none"),
        (lambda parts: [(i, c.replace(b'"users": 1', b'"users": 2')) for i, c in parts], "other rows of users"),
    ],
)
def test_a_backup_without_what_it_tells_of_is_refused(
    edge: Made, tmp_path: Path, change: Callable[[list[Part]], list[Part]], told: str
) -> None:
    write_archive(tmp_path / "bad.tar.zst", listed(change(read_members(edge.file))))
    with pytest.raises(BackupError, match=told):
        restore(tmp_path / "bad.tar.zst", into(tmp_path / "home"))
    assert [p.name for p in (tmp_path / "home").iterdir() if p.name != "store"] == [".restoring.lock"]


def test_a_backup_unpacks_to_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.zst"
    bomb = (tarfile.TarInfo("people/zeros"), bytes(300 << 20))
    write_archive(path, listed([*_small()[:-1], bomb]))
    assert path.stat().st_size < 1 << 20
    (tmp_path / "into").mkdir()
    with pytest.raises(BackupError, match="Too little disk space"):
        unpack(path, tmp_path / "into", lambda folder: 200 << 20)
    assert not (tmp_path / "into" / "people" / "zeros").exists()


@pytest.mark.parametrize("kind", ["edge", pytest.param("server", marks=pytest.mark.slow)])
def test_people_that_are_not_what_the_backup_says_never_go_live(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    made: Made = request.getfixturevalue(kind)
    path, home = tmp_path / "bad.tar.zst", tmp_path / "home"
    digest = made.generation.digest.encode()
    parts = [(i, c.replace(digest, b"0" * len(digest)) if i.name == "about.json" else c) for i, c in
             read_members(made.file)]  # fmt: skip
    write_archive(path, listed(parts))
    with pytest.raises(BackupError, match="people in this backup are damaged"):
        restore(path, into(home, collection=made.settings.collection))
    with closing(open_store(into(home))) as store:
        assert store.collections() == []


def test_a_backup_of_a_later_form_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "later.tar.zst"
    parts = [(i, c.replace(b'"format": 1', b'"format": 2')) for i, c in _small()]
    write_archive(path, listed(parts))
    with pytest.raises(BackupError, match=r"format 2, this version reads 1. Update"):
        restore(path, into(tmp_path / "home"))


def test_an_audit_log_that_was_altered_is_not_restored(edge: Made, tmp_path: Path) -> None:
    path = tmp_path / "altered.tar.zst"
    parts = [(i, c.replace(b"user.add", b"user.cut") if i.name.endswith(".db") else c) for i, c in
             read_members(edge.file)]  # fmt: skip
    write_archive(path, listed(parts))
    with pytest.raises(BackupError, match="audit log in this backup was altered"):
        restore(path, into(tmp_path / "home"))


def test_the_commands_tell_what_they_have_done(edge: Made, tmp_path: Path) -> None:
    def call(home: Path, *arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env={"TECHFINDER_HOME": str(home), "TECHFINDER_NICE": "0"})

    folder, new = tmp_path / "to be made", tmp_path / "new"
    made = json.loads(call(edge.home, "backup", str(folder), "--json").stdout)
    (file,) = folder.iterdir()
    assert (made["file"], made["bytes"], made["verified"]) == (str(file), file.stat().st_size, False)
    assert file.name.startswith("techfinder-people-20")
    told = call(edge.home, "backup", str(tmp_path / "named.tar.zst"), "--verify").stdout
    assert f"Backed up {PEOPLE} people of generation 1" in told
    assert "It was restored once: counts and digest are the same." in told
    assert "Not in it: secrets in techfinder.toml: oidc_client_secret, plugins.source_crm.api_token." in told
    told = call(new, "restore", str(file)).stdout
    assert f"{PEOPLE} people are live as generation 1 of people; all were checked." in told
    assert re.search(r"Users and tokens are those of 20\d\d-\d\d-\d\d \d\d:\d\d UTC: disable and revoke again", told)
    assert "To be set again: secrets in techfinder.toml: oidc_client_secret" in told
    assert "No restore was broken off." in call(new, "restore", "--finish").stdout
    assert "There is no backup" in str(call(new, "restore", str(tmp_path / "none.tar.zst")).exception)
    for wrong in (["restore"], ["restore", str(file), "--finish"]):
        assert "Name a backup, or say --finish without one." in call(new, *wrong).stderr


def test_there_is_nothing_to_finish_where_nothing_was_begun(tmp_path: Path) -> None:
    assert finish_restore(into(tmp_path)) is None


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_database_goes_from_either_kind_to_either_kind(
    edge: Made, postgres: PostgresProcess, tmp_path: Path
) -> None:
    there = into(tmp_path / "one", database_url=postgres.database())
    restore(edge.file, there)
    with access_homes.opened(there) as access:
        assert [u.name for u in access.people.all()] == ["ann"]
        before = access.log.verify()
        assert (before.problem, before.entries > 2) == ("", True)
        access_homes.with_password(access, "bob")
    with pytest.raises(BackupError, match="application database that is in use"):
        restore(edge.file, there)
    second = make_backup(there, tmp_path / "second.tar.zst", verify=True)
    restore(edge.file, there, replace=True)
    with access_homes.opened(there) as access:
        assert access.log.verify() == before
    back = into(tmp_path / "two")
    restore(second.path, back)
    with access_homes.opened(back) as access:
        assert [u.name for u in access.people.all()] == ["ann", "bob"]
        assert access.log.verify().problem == ""
