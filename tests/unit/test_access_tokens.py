"""Tokens: shown once, limited to scopes, ended by time, by revoking, and with whom they stand for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from access_homes import aged, opened, settings_in, with_password
from techfinder.access.access import Access
from techfinder.database import open_database
from techfinder.database.tables import tokens
from techfinder.errors import AccessError
from techfinder.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def access(settings: Settings) -> Iterator[Access]:
    with opened(settings) as access:
        with_password(access, "root", "admin")
        with_password(access, "anna", "analyst")
        yield access


def make(access: Access, *scopes: str, user: str = "anna", days: float = 30) -> tuple[str, str]:
    made, text = access.tokens.make(user, "report", scopes or ("search",), days, "test")
    return made.id, text


def test_a_token_stands_for_its_user_within_its_scopes(access: Access) -> None:
    token_id, text = make(access, "search", "gateway")
    found = access.known.by_token(text)
    assert found is not None
    assert (found.name, found.role, found.token, found.label) == (
        "anna",
        "analyst",
        token_id,
        f"anna (token {token_id})",
    )
    assert [found.may(p) for p in ("search", "gateway", "view", "export", "account")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_only_a_digest_is_kept(access: Access, settings: Settings) -> None:
    _, text = make(access)
    database = open_database(settings)
    with database.reading() as connection:
        assert text.split("_", 2)[2] not in str(connection.execute(select(tokens)).all())
    database.close()
    assert len(text.split("_", 2)[2]) == 43


@pytest.mark.parametrize("change", ["x", "cut", "other", "none", "garbage"])
def test_a_wrong_token_is_nobodys(access: Access, change: str) -> None:
    _, text = make(access)
    _, other = make(access)
    wrong = {
        "x": text[:-1] + ("A" if text[-1] != "A" else "B"),
        "cut": text[:-1],
        "other": text[:16] + other[16:],  # the id of one, the secret of another
        "none": "",
        "garbage": "tf_\0' OR 1=1 --",
    }[change]
    assert access.known.by_token(wrong) is None
    assert access.known.by_token(text) is not None


def test_revoking_counts_at_the_next_request(access: Access) -> None:
    token_id, text = make(access)
    assert access.known.by_token(text) is not None
    access.tokens.revoke(token_id, "test")
    assert access.known.by_token(text) is None
    [listed] = [t for t in access.tokens.of("anna") if t.id == token_id]
    assert listed.state(access.clock()) == "revoked"


def test_a_token_ends(access: Access, settings: Settings) -> None:
    _, text = make(access, days=1)
    aged(settings, tokens, until=access.clock() - 1)
    assert access.known.by_token(text) is None
    for days in (0, -1, 367, float("nan")):
        with pytest.raises(AccessError, match="up to 366 days"):
            make(access, days=days)


def test_the_token_of_a_disabled_user_counts_no_longer(access: Access) -> None:
    with_password(access, "leaves", "analyst")
    _, text = make(access, user="leaves")
    assert access.known.by_token(text) is not None
    access.people.disable("leaves", "test")
    assert access.known.by_token(text) is None
    with pytest.raises(AccessError, match="disabled"):
        make(access, user="leaves")


def test_a_token_has_no_more_rights_than_its_user_has_now(access: Access) -> None:
    with_password(access, "falls", "analyst")
    _, text = make(access, "export", user="falls")
    access.people.set_role("falls", "viewer", "test")
    found = access.known.by_token(text)
    assert found is not None
    assert not found.may("export")
    with pytest.raises(AccessError, match="falls is viewer and has no right to export"):
        make(access, "export", user="falls")


@pytest.mark.parametrize("scope", ["users", "account", "public", "everything", ""])
def test_some_rights_are_in_no_token(access: Access, scope: str) -> None:
    with pytest.raises(AccessError, match=r"cannot be for|must be for"):
        access.tokens.make("root", "x", [scope], 1, "test")
    with pytest.raises(AccessError, match="at least one of what its owner may"):
        access.tokens.make("root", "x", [], 1, "test")


def test_nobody_revokes_the_token_of_somebody_else(access: Access) -> None:
    """Privilege escalation by changed ids."""
    token_id, text = make(access)
    with_password(access, "bystander", "analyst")
    with pytest.raises(AccessError, match="There is no token"):
        access.tokens.revoke(token_id, "bystander", owner="bystander")
    assert access.known.by_token(text) is not None


def test_the_first_use_is_noted_once(access: Access) -> None:
    token_id, text = make(access)
    for _ in range(3):
        assert access.known.by_token(text) is not None
    noted = access.log.newest(action="token.use", subject=token_id)
    assert [(e.actor, e.subject) for e in noted] == [(f"anna (token {token_id})", token_id)]
