"""Who may sign in, and how: roles, one-use links, passwords, sessions that really end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from access_homes import HERE, PASSWORD, aged, opened, settings_in, with_password
from techfinder.access.access import Access
from techfinder.access.over import Asker
from techfinder.access.passwords import MEMORY_KIB, Passwords
from techfinder.access.permissions import PERMISSIONS, ROLES, Identity, decide
from techfinder.database import open_database
from techfinder.database.tables import access_links, sessions, users
from techfinder.errors import AccessError
from techfinder.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def access(settings: Settings) -> Iterator[Access]:
    with opened(settings) as access:
        access.people.set_up_admin("root", "test")
        yield access


def identity(access: Access, session: str) -> Identity:
    found = access.known.by_session(session)
    assert found is not None
    return found


def test_a_role_may_what_those_before_it_may() -> None:
    for name, permission in PERMISSIONS.items():
        may = [Identity("x", role).may(name) for role in ROLES]
        assert may == sorted(may), name
        assert may[ROLES.index(permission.least)], name
        assert Identity("x", "admin").may(name), name


def test_what_is_in_no_table_is_refused() -> None:
    assert decide(Identity("x", "admin"), None) == "refused"
    assert decide(Identity("x", "admin"), "everything") == "refused"
    assert decide(None, "search") == "unknown"
    assert decide(None, "public") == "allowed"


def test_a_token_never_reaches_accounts() -> None:
    token = Identity("x", "admin", token="1", scopes=frozenset(PERMISSIONS))
    assert {n for n in PERMISSIONS if not token.may(n)} == {"account", "users"}


def test_the_link_of_the_console_counts_once(access: Access) -> None:
    user, secret = access.people.set_up_admin("First.Admin", "console")
    assert (user.name, user.role, user.has_password) == ("first.admin", "admin", False)
    assert len(secret) >= 43  # 256 bits
    begun = access.signing_in.by_link(secret, PASSWORD, HERE)
    assert identity(access, begun.session).role == "admin"
    with pytest.raises(AccessError, match="used already"):
        access.signing_in.by_link(secret, PASSWORD + "!", HERE)
    assert access.signing_in.whose_link(secret) is None


def test_a_link_is_for_a_while_and_the_last_one_counts(access: Access, settings: Settings) -> None:
    first, second = (access.people.set_up_admin("late", "console")[1] for _ in range(2))
    assert access.signing_in.whose_link(first) is None
    found = access.signing_in.whose_link(second)
    assert found is not None
    assert found.name == "late"
    aged(settings, access_links, until=access.clock() - 1)
    with pytest.raises(AccessError, match="too old"):
        access.signing_in.by_link(second, PASSWORD, HERE)
    aged(settings, access_links, until=access.clock() + 60)  # the clock was wrong, and is right again
    assert access.signing_in.by_link(second, PASSWORD, HERE).session


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaaaa", "x" * 257, "abcabcabcabcabc", "easyone12345"])
def test_an_easy_password_is_refused_and_the_link_still_counts(access: Access, password: str) -> None:
    name = f"easyone{len(password)}"
    secret = access.people.add(name if password != "easyone12345" else "easyone", "viewer", "test")[1]
    with pytest.raises(AccessError, match=r"password"):
        access.signing_in.by_link(secret, password, HERE)
    assert access.signing_in.by_link(secret, PASSWORD, HERE).session


def test_passwords_are_argon2id_with_enough_memory() -> None:
    hashed = Passwords().hash(PASSWORD, "x")
    assert hashed.startswith(f"$argon2id$v=19$m={MEMORY_KIB},")
    assert MEMORY_KIB >= 19 * 1024
    assert Passwords().right(hashed, PASSWORD)
    assert not Passwords().right(hashed, PASSWORD + " ")
    assert not Passwords().right("", PASSWORD)


def test_nothing_secret_is_in_the_tables(access: Access, settings: Settings) -> None:
    link = access.people.add("kept", "viewer", "test")[1]
    session = access.signing_in.by_link(link, PASSWORD, HERE).session
    database = open_database(settings)
    with database.reading() as connection:
        kept = [str(row) for table in (users, access_links, sessions) for row in connection.execute(select(table))]
    database.close()
    assert not [row for row in kept for secret in (link, session, PASSWORD) if secret in row]
    assert "viewer" in str(kept)


def test_each_sign_in_has_a_session_of_its_own(access: Access) -> None:
    first = with_password(access, "fixed")
    second = access.signing_in.by_password("FIXED ", PASSWORD, HERE).session
    assert first != second
    assert identity(access, second).name == "fixed"


@pytest.mark.parametrize(("name", "password"), [("wrongly", "nonsense"), ("nobody", PASSWORD), ("", ""), ("a\0b", "x")])
def test_what_is_wrong_is_not_said(access: Access, name: str, password: str) -> None:
    if name == "wrongly":
        with_password(access, name)
    with pytest.raises(AccessError, match=r"^Name or password is wrong.$"):
        access.signing_in.by_password(name, password, Asker("198.51.100.1"))


def test_sessions_end_when_they_are_idle_old_or_signed_out(access: Access, settings: Settings) -> None:
    with_password(access, "ended")
    idle, old, out = (access.signing_in.by_password("ended", PASSWORD, HERE).session for _ in range(3))
    access.signing_in.out(identity(access, out), HERE)
    assert access.known.by_session(out) is None
    aged(settings, sessions, seen_at=access.clock() - settings.session_idle_minutes * 60 - 1)
    assert access.known.by_session(idle) is None
    aged(settings, sessions, seen_at=access.clock(), until=access.clock() - 1)
    assert access.known.by_session(old) is None


def test_a_clock_that_was_ahead_for_a_while_ends_no_session(access: Access, settings: Settings) -> None:
    session, day_s = with_password(access, "early"), 86_400.0
    now = access.clock()
    aged(settings, sessions, seen_at=now - day_s, until=now - day_s / 2)  # as it looks from tomorrow
    assert access.known.by_session(session) is None
    with_password(access, "other")  # whose session begins meanwhile
    aged(settings, sessions, seen_at=now, until=now + day_s / 2)
    assert identity(access, session).name == "early"


def test_all_other_sessions_end_with_a_new_password(access: Access) -> None:
    other = with_password(access, "changed")
    mine = access.signing_in.by_password("changed", PASSWORD, HERE).session
    who = identity(access, mine)
    with pytest.raises(AccessError, match="not your password"):
        access.own.change_password(who, "wrong", "five more plain words", HERE)
    access.own.change_password(who, PASSWORD, "five more plain words", HERE)
    assert access.known.by_session(other) is None
    assert access.known.by_session(mine) == who
    with pytest.raises(AccessError):
        access.signing_in.by_password("changed", PASSWORD, HERE)


def test_nobody_ends_the_session_of_somebody_else(access: Access) -> None:
    """Privilege escalation by changed ids."""
    mine = identity(access, with_password(access, "mine"))
    theirs = with_password(access, "theirs")
    with pytest.raises(AccessError, match="no such session of yours"):
        access.own.end_session(mine, identity(access, theirs).session, HERE)
    assert identity(access, theirs).name == "theirs"
    access.own.end_session(mine, mine.session, HERE)
    assert access.own.sessions(mine) == []


def test_a_disabled_user_is_out_at_once_and_stays_out(access: Access) -> None:
    session = with_password(access, "gone", "editor")
    link = access.people.new_link("gone", "test")
    access.people.disable("gone", "test")
    assert access.known.by_session(session) is None
    assert access.signing_in.whose_link(link) is None
    with pytest.raises(AccessError, match="Name or password is wrong"):
        access.signing_in.by_password("gone", PASSWORD, HERE)
    with pytest.raises(AccessError, match="disabled"):
        access.people.new_link("gone", "test")
    access.people.enable("gone", "test")
    assert access.signing_in.by_password("gone", PASSWORD, HERE).session


def test_another_role_counts_at_the_next_request(access: Access) -> None:
    session = with_password(access, "risen", "viewer")
    assert not identity(access, session).may("export")
    access.people.set_role("risen", "analyst", "test")
    assert identity(access, session).may("export")
    assert not identity(access, session).may("users")


def test_the_last_admin_stays(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as access:
        assert not access.people.has_admin()
        access.people.set_up_admin("only", "test")
        with pytest.raises(AccessError, match="last admin"):
            access.people.set_role("only", "editor", "test")
        with pytest.raises(AccessError, match="last admin"):
            access.people.disable("only", "test")
        assert access.people.named("only").role == "admin"
        access.people.add("second", "admin", "test")
        assert access.people.disable("only", "test").disabled
        assert access.people.has_admin()
        with pytest.raises(AccessError, match="only is disabled"):
            access.people.set_up_admin("only", "test")


def test_names_are_told_apart(access: Access) -> None:
    access.people.add("Twice@Example.org", "viewer", "test")
    with pytest.raises(AccessError, match="already"):
        access.people.add("twice@example.org ", "admin", "test")
    with pytest.raises(AccessError, match=r"no user 'twise@example.org'. Did you mean 'twice@example.org'"):
        access.people.named("twise@example.org")
    for name in ("", "a b", "<b>", "é", ".", "x" * 101, "a\0"):
        with pytest.raises(AccessError, match="cannot be a name"):
            access.people.add(name, "viewer", "test")
    with pytest.raises(AccessError, match=r"no role 'chief'. Known: 'admin', 'analyst', 'editor', 'viewer'"):
        access.people.add("chief", "chief", "test")
