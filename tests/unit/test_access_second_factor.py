"""The second factor: a code counts once, and so does one to recover with."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyotp
import pytest

from access_homes import HERE, PASSWORD, aged, opened, settings_in, with_password
from techfinder.access.access import Access
from techfinder.access.permissions import Identity
from techfinder.access.second_factor import address_of, new_key
from techfinder.access.secrets import digest_of
from techfinder.database.tables import sessions, users
from techfinder.errors import AccessError, TooManyAttempts
from techfinder.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def access(settings: Settings) -> Iterator[Access]:
    with opened(settings) as access:
        yield access


@pytest.fixture
def key(access: Access) -> str:
    """A new key, at a moment when the app's code does not change for some seconds."""
    left = 30 - access.clock() % 30
    time.sleep(left if left < 5 else 0)
    return new_key()


def code(access: Access, key: str, steps: int = 0) -> str:
    """What the app shows, so many half minutes from now."""
    return pyotp.TOTP(key).generate_otp(int(access.clock() // 30) + steps)


def somebody(access: Access, name: str, key: str) -> tuple[Identity, tuple[str, ...]]:
    """Signed in, with a second factor from now on, and the codes to recover with."""
    who = access.known.by_session(with_password(access, name))
    assert who is not None
    return who, access.own.factor_on(who, key, code(access, key, -1), HERE)


def test_a_password_alone_lets_nobody_in(access: Access, key: str) -> None:
    somebody(access, "careful", key)
    half = access.signing_in.by_password("careful", PASSWORD, HERE)
    assert half.owes_code
    assert access.known.by_session(half.session) is None
    assert access.signing_in.owing(half.session) is not None
    whole = access.signing_in.by_code(half.session, code(access, key), HERE)
    assert whole.session != half.session
    found = access.known.by_session(whole.session)
    assert found is not None
    assert found.name == "careful"
    assert access.signing_in.owing(half.session) is None


def test_the_same_code_counts_once(access: Access, key: str) -> None:
    somebody(access, "replayed", key)
    first, second = (access.signing_in.by_password("replayed", PASSWORD, HERE).session for _ in range(2))
    shown = code(access, key)
    assert access.signing_in.by_code(first, shown, HERE).session
    for old in (shown, code(access, key, -1)):
        with pytest.raises(AccessError, match="used already"):
            access.signing_in.by_code(second, old, HERE)
    assert access.signing_in.by_code(second, code(access, key, 1), HERE).session


@pytest.mark.parametrize("wrong", ["", "12345", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "000000 ", "0" * 500])
def test_a_wrong_code_is_refused(access: Access, key: str, wrong: str) -> None:
    who, _ = somebody(access, f"wrong-{digest_of(wrong)[:8]}", key)
    half = access.signing_in.by_password(who.name, PASSWORD, HERE).session
    with pytest.raises(AccessError, match="code is wrong"):
        access.signing_in.by_code(half, wrong, HERE)
    assert access.signing_in.owing(half) is not None


def test_codes_cannot_be_guessed_through(access: Access, key: str) -> None:
    somebody(access, "guessed", key)
    half = access.signing_in.by_password("guessed", PASSWORD, HERE).session
    for _ in range(10):
        with pytest.raises(AccessError, match="code is wrong"):
            access.signing_in.by_code(half, "not it", HERE)
    with pytest.raises(TooManyAttempts):
        access.signing_in.by_code(half, code(access, key), HERE)


def test_a_code_to_recover_with_counts_once_and_is_noted(access: Access, key: str) -> None:
    who, codes = somebody(access, "lost", key)
    assert len(set(codes)) == 10
    first, second = (access.signing_in.by_password("lost", PASSWORD, HERE).session for _ in range(2))
    assert access.signing_in.by_code(first, codes[3].upper().replace("-", " "), HERE).session
    with pytest.raises(AccessError, match="code is wrong"):
        access.signing_in.by_code(second, codes[3], HERE)
    assert access.own.recovery_left(who) == 9
    assert [e.actor for e in access.log.newest(action="factor.recover")] == ["lost"]


def test_a_code_of_somebody_else_is_no_help(access: Access, key: str) -> None:
    _, codes = somebody(access, "one", key)
    somebody(access, "two", new_key())
    half = access.signing_in.by_password("two", PASSWORD, HERE).session
    for theirs in (codes[0], code(access, key)):
        with pytest.raises(AccessError, match="code is wrong"):
            access.signing_in.by_code(half, theirs, HERE)


def test_a_sign_in_that_owes_its_code_ends_after_minutes(access: Access, settings: Settings, key: str) -> None:
    somebody(access, "slow", key)
    half = access.signing_in.by_password("slow", PASSWORD, HERE).session
    aged(settings, sessions, until=access.clock() - 1)
    with pytest.raises(AccessError, match="took too long"):
        access.signing_in.by_code(half, code(access, key), HERE)


def test_it_is_switched_on_by_a_code_and_off_by_the_password(access: Access, key: str) -> None:
    who = access.known.by_session(with_password(access, "switching"))
    assert who is not None
    with pytest.raises(AccessError, match="not the one that the app shows"):
        access.own.factor_on(who, key, "000000", HERE)
    access.own.factor_on(who, key, code(access, key), HERE)
    with pytest.raises(AccessError, match="already"):
        access.own.factor_on(who, new_key(), code(access, key), HERE)
    with pytest.raises(AccessError, match="not your password"):
        access.own.factor_off(who, "wrong", HERE)
    access.own.factor_off(who, PASSWORD, HERE)
    assert access.own.recovery_left(who) == 0
    assert not access.signing_in.by_password("switching", PASSWORD, HERE).owes_code


def test_a_new_password_by_link_still_owes_the_code(access: Access, key: str) -> None:
    somebody(access, "linked", key)
    half = access.signing_in.by_link(access.people.new_link("linked", "test"), PASSWORD, HERE)
    assert half.owes_code
    assert access.known.by_session(half.session) is None


def test_an_admin_lets_in_who_lost_everything(access: Access, settings: Settings, key: str) -> None:
    somebody(access, "desperate", key)
    access.people.drop_factor("desperate", "test")
    assert not access.signing_in.by_password("desperate", PASSWORD, HERE).owes_code
    aged(settings, users, second_step=0)


def test_an_app_can_take_the_key(key: str) -> None:
    assert address_of(key, "anna@example.org") == (
        f"otpauth://totp/techfinder:anna%40example.org?secret={key}&issuer=techfinder"
    )
