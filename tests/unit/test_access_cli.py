"""The commands ``user``, ``token`` and ``audit``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from access_homes import HERE, PASSWORD, opened, settings_in
from techfinder.cli import cli


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("TECHFINDER_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, fails: bool = False) -> Result:
        done = CliRunner().invoke(cli, arguments)
        assert bool(done.exception) == fails, done.output
        return done

    return run


def test_the_first_admin_is_made_from_the_console(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "techfinder user setup-link" in run("user", "list").output
    shown = run("user", "setup-link").output
    found = re.search(r"^http://127\.0\.0\.1:8000/link/(\S{43})$", shown, re.MULTILINE)
    assert found
    assert run("user", "list").output == "admin    admin  (no password yet)\n"
    with opened(settings_in(tmp_path)) as access:
        assert access.signing_in.by_link(found[1], PASSWORD, HERE).session
    assert run("user", "list").output == "admin    admin\n"


def test_links_lead_where_people_reach_the_page(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("TECHFINDER_PUBLIC_URL", "https://people.example.org")
    assert "\nhttps://people.example.org/link/" in run("user", "setup-link").output


def test_a_link_can_be_opened_where_every_address_is_listened_on(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("TECHFINDER_HOST", "0.0.0.0")
    told = run("user", "setup-link")
    assert "\nhttp://127.0.0.1:8000/link/" in told.stdout
    assert "TECHFINDER_PUBLIC_URL" in told.stderr
    monkeypatch.setenv("TECHFINDER_HOST", "::")
    assert "\nhttp://[::1]:8000/link/" in run("user", "setup-link").stdout
    monkeypatch.setenv("TECHFINDER_HOST", "127.0.0.1")
    assert "TECHFINDER_PUBLIC_URL" not in run("user", "setup-link").stderr


def test_what_is_refused_says_which_command_helps(run) -> None:  # type: ignore[no-untyped-def]
    run("user", "setup-link")
    run("user", "add", "vera")
    grant = ("analyst", "grant", "vera")
    assert "techfinder user role vera analyst" in str(run(*grant, fails=True).exception)
    run("user", "disable", "vera")
    for command in (grant, ("user", "link", "vera")):
        assert "techfinder user disable vera --undo" in str(run(*command, fails=True).exception)


def test_people_and_tokens_from_the_console(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("user", "setup-link", "root")
    assert "anna is analyst" in run("user", "add", "Anna", "--role", "analyst").output
    made = json.loads(run("token", "create", "anna", "--for", "report", "--scope", "search", "--json").output)
    assert made["token"].startswith(f"tf_{made['id']}_")
    listed = run("token", "list").output
    assert "good" in listed
    assert made["token"] not in listed
    assert "counts no longer" in run("token", "revoke", made["id"]).output
    assert json.loads(run("token", "list", "anna", "--json").output)[0]["state"] == "revoked"
    assert "anna is editor" in run("user", "role", "anna", "editor").output
    assert "disabled" in run("user", "disable", "anna").output
    assert "let in again" in run("user", "disable", "anna", "--undo").output
    assert "0 sessions ended" in run("user", "sign-out", "anna").output
    assert "last admin" in str(run("user", "disable", "root", fails=True).exception)
    assert [u["name"] for u in json.loads(run("user", "list", "--json").output)] == ["anna", "root"]
    entries = json.loads(run("audit", "show", "--json", "--subject", "anna").output)
    actions = ["session.end", "user.enable", "user.disable", "user.role", "link.make", "user.add"]
    assert [e["action"] for e in entries] == actions
    assert all(e["actor"].startswith("console ") for e in entries)


def test_what_is_done_on_the_console_is_noted_where_people_sign_in(  # type: ignore[no-untyped-def]
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = tmp_path / "people.csv"
    people.write_text("user_id,age\nA,30\n")
    run("index", str(people), "--dry-run")
    run("store", "switch", "7", fails=True)
    assert not (tmp_path / "techfinder.db").exists()  # a tool of one's own keeps no log
    run("user", "setup-link")
    run("index", str(people), "--dry-run")
    run("store", "switch", "7", fails=True)
    run("encoders", "rollback", fails=True)
    monkeypatch.setenv("TECHFINDER_ENCODER", "none-of-that-name")
    run("index", str(people), fails=True)  # noted before it is tried
    entries = json.loads(run("audit", "show", "--json", "--limit", "3").output)
    expected = [("import", str(people)), ("rollback", ""), ("switch", "people 7")]
    assert [(e["action"], e["subject"]) for e in entries] == expected
    assert all(e["actor"].startswith("console ") for e in entries)


@pytest.mark.parametrize("command", [["serve"], ["demo", "--people", "1"]])
def test_without_an_admin_nothing_is_served_to_others(run, command: list[str]) -> None:  # type: ignore[no-untyped-def]
    told = str(run(*command, "--host", "0.0.0.0", "--port", "0", fails=True).exception)
    assert "there is no admin yet. Make one: techfinder user setup-link" in told


def test_the_log_is_shown_and_checked(run) -> None:  # type: ignore[no-untyped-def]
    assert "No entries" in run("audit", "show").output
    run("user", "setup-link")
    assert "link.make  admin" in run("audit", "show").output
    kept = run("audit", "verify").output.splitlines()[-1]
    assert re.fullmatch(r"2:[0-9a-f]{64}", kept)
    assert "Good" in run("audit", "verify", "--expect", kept).output
    assert "tampered" in str(run("audit", "verify", "--expect", f"2:{'0' * 64}", fails=True).exception)
    assert "tampered" in str(run("audit", "verify", "--expect", f"9:{'0' * 64}", fails=True).exception)
    run("audit", "verify", "--expect", "nonsense", fails=True)
