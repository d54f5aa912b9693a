"""Signing in with a real browser: by link, by password, with and without JavaScript, and out again."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from access_homes import PASSWORD, opened, settings_in, with_password
from search_site import NewPage, environment, served

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Site:
    """A server where people sign in."""

    address: str
    home: Path


@pytest.fixture(scope="module")
def site(sixty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Path(shutil.copytree(sixty, tmp_path_factory.mktemp("signed") / "home"))
    with opened(settings_in(home)) as access:
        with_password(access, "root", "admin")
        for name in ("anna", "bert", "carla", "emil", "fritz"):
            with_password(access, name, "viewer")
    with served(environment(home) | {"TECHFINDER_SIGN_IN": "on"}) as address:
        yield Site(address, home)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def heard(said: list[str], *expected: str) -> None:
    """Take away what the console says of a refusal, and of what signing out clears."""
    said[:] = [line for line in said if not any(text in line for text in (*expected, "Clear-Site-Data"))]


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Signed in as").click()
    page.get_by_role("button", name="Sign out").click()


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {n['html']}" for v in found["violations"] for n in v["nodes"]]


def test_one_is_led_to_sign_in_back_and_out(site: Site, new_page: NewPage, said: list[str]) -> None:
    page = new_page()
    page.goto(f"{site.address}/people/P0003")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, "anna", "a wrong password")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    heard(said, "400")
    sign_in(page, "Anna")
    expect(page).to_have_url(f"{site.address}/people/P0003")
    expect(page.get_by_role("button", name="Signed in as anna")).to_be_visible()
    cookies = {c["name"]: c for c in page.context.cookies()}
    assert cookies["techfinder"]["httpOnly"]
    assert cookies["techfinder"]["sameSite"] == "Lax"
    assert cookies["techfinder-device"]["sameSite"] == "Strict"
    assert page.evaluate("document.cookie") == ""
    sign_out(page)
    expect(page).to_have_url(f"{site.address}/sign-in")
    assert "techfinder" not in {c["name"] for c in page.context.cookies()}
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("P0003")
    heard(said)


@pytest.mark.slow
def test_one_signs_out_from_the_search_page_too(site: Site, new_page: NewPage, said: list[str]) -> None:
    page = new_page()
    page.goto(f"{site.address}/?q=cheerful")
    sign_in(page, "anna")
    expect(page).to_have_url(f"{site.address}/?q=cheerful")
    sign_out(page)
    expect(page).to_have_url(f"{site.address}/sign-in")
    heard(said)


def test_the_link_of_the_console_makes_the_first_session(site: Site, new_page: NewPage) -> None:
    command = [sys.executable, "-m", "techfinder", "user", "setup-link", "chief"]
    env = environment(site.home) | {"TECHFINDER_PUBLIC_URL": site.address}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    link = done.stdout.split()[-1]
    page = new_page()
    page.goto(link)
    expect(page.get_by_label("Name to sign in with")).to_have_value("chief")
    assert violations(page) == []
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("button", name="Signed in as chief")).to_be_visible()
    assert page.request.get(link).status == 404


@pytest.mark.slow
def test_it_all_works_without_javascript(site: Site, new_page: NewPage, said: list[str]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{site.address}/schema")
    sign_in(page, "bert")
    expect(page).to_have_url(f"{site.address}/schema")
    page.get_by_role("button", name="Signed in as bert").click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_label("Password until now").fill(PASSWORD)
    page.get_by_label("New password").fill("five more plain words")
    page.get_by_label("The same again").fill("five more plain words")
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("main")).to_contain_text("The password is changed.")
    sign_out(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    heard(said)


@pytest.mark.slow
def test_a_session_elsewhere_is_ended(site: Site, new_page: NewPage, said: list[str]) -> None:
    here, there = new_page(), new_page()
    for page in (there, here):
        page.goto(f"{site.address}/sign-in")
        sign_in(page, "carla")
        expect(page.locator("#status")).to_have_text("60 people")
    here.goto(f"{site.address}/account/")
    here.get_by_role("button", name="End all others").click()
    expect(here.locator("main")).to_contain_text("All your other sessions have ended.")
    there.locator("#q").fill("laggards")
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()  # what htmx asked for led the page there
    heard(said, "401")


def test_a_session_that_was_planted_is_not_taken_over(site: Site, new_page: NewPage) -> None:
    """Session fixation: somebody else's cookie is in the browser before signing in."""
    page = new_page()
    planted = "A" * 43
    page.context.add_cookies([{"name": "techfinder", "value": planted, "url": site.address}])
    page.goto(f"{site.address}/sign-in")
    sign_in(page, "anna")
    expect(page.locator("#status")).to_have_text("60 people")
    assert planted not in {c["value"] for c in page.context.cookies()}
    stranger = new_page()
    stranger.context.add_cookies([{"name": "techfinder", "value": planted, "url": site.address}])
    stranger.goto(site.address)
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_token_is_made_used_and_revoked(site: Site, new_page: NewPage) -> None:
    page, program = new_page(), new_page()
    page.goto(f"{site.address}/account/")
    sign_in(page, "root")
    page.get_by_label("What a new token is for").fill("a report")
    page.get_by_label("See one person").check()
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_label("The new token").input_value()
    assert violations(page) == []

    def status(path: str) -> int:
        return program.request.get(f"{site.address}{path}", headers={"Authorization": f"Bearer {token}"}).status

    page.reload()  # makes no second one, and shows the first no more
    expect(page.locator("body")).not_to_contain_text("Copy it now")
    expect(page.get_by_label("The new token")).to_have_count(0)
    expect(page.get_by_role("row", name="a report")).to_have_count(1)

    assert [status(p) for p in ("/api/v1/profiles/P0001", "/api/v1/schema", "/api/v1/plugins")] == [200, 200, 403]
    row = page.get_by_role("row", name="a report")
    expect(row).to_contain_text("search, view")
    expect(row).to_contain_text("good")
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="a report")).to_contain_text("revoked")
    assert status("/api/v1/schema") == 401


def test_a_double_click_makes_one_token(site: Site, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{site.address}/account/")
    sign_in(page, "carla")
    page.get_by_label("What a new token is for").fill("two clicks")
    page.get_by_role("button", name="Make a token").dblclick()
    expect(page.get_by_label("The new token")).to_be_visible()
    page.goto(f"{site.address}/account/")
    expect(page.get_by_role("row", name="two clicks")).to_have_count(1)


@pytest.mark.slow
def test_an_admin_adds_somebody_changes_their_role_and_reads_what_happened(site: Site, new_page: NewPage) -> None:
    admin, page = new_page(), new_page()
    admin.goto(f"{site.address}/admin/")
    sign_in(admin, "root")
    admin.get_by_role("link", name="People and roles").click()
    admin.get_by_label("Name to sign in with").fill("dora@example.org")
    admin.get_by_role("button", name="Add and make a link").click()
    link = admin.get_by_label("The link").input_value()
    assert violations(admin) == []
    admin.reload()
    expect(admin.get_by_role("alert")).to_have_count(0)  # nobody was added twice
    expect(admin.get_by_label("The link")).to_have_count(0)
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.locator("#status")).to_have_text("60 people")
    expect(page.get_by_role("button", name="Export")).to_have_count(0)

    row = admin.get_by_role("row", name="dora@example.org")
    row.get_by_label("Role of dora@example.org").select_option("analyst")
    row.get_by_role("button", name="Change the role").click()
    expect(admin.locator("main")).to_contain_text("dora@example.org is analyst now.")
    page.reload()
    expect(page.get_by_text("Export")).to_be_visible()
    page.goto(f"{site.address}/people/P0007")

    admin.get_by_role("link", name="Log of dora@example.org").click()
    seen = admin.locator("tbody tr").all_inner_texts()
    assert "looked at people\tP0007" in seen[0]
    assert violations(admin) == []
    admin.get_by_label("Who", exact=True).fill("")
    admin.get_by_label("To whom").fill("dora@example.org")
    admin.get_by_label("What", exact=False).select_option("changed a role")
    admin.get_by_role("button", name="Show").click()
    expect(admin.locator("tbody tr")).to_have_count(1)
    expect(admin.locator("tbody")).to_contain_text('"role": "analyst"')

    admin.get_by_role("link", name="People and roles").click()
    admin.get_by_role("row", name="dora@example.org").get_by_role("button", name="Disable").click()
    page.goto(site.address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.slow
def test_a_second_factor_is_switched_on_asked_for_and_switched_off(
    site: Site, new_page: NewPage, said: list[str]
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{site.address}/account/")
    sign_in(page, "emil")
    page.get_by_role("button", name="Switch it on").click()
    key = page.locator("code.key").inner_text().replace(" ", "")
    app = pyotp.TOTP(key)
    page.get_by_label("Code that the app shows now").fill("000000")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("alert")).to_contain_text("not the one that the app shows now")
    page.get_by_label("Code that the app shows now").fill(app.generate_otp(int(time.time() // 30) - 1))
    page.get_by_role("button", name="Switch it on").click()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    page.reload()  # they are not shown again, and nothing is switched on twice
    expect(page).to_have_url(f"{site.address}/account/")
    sign_out(page)

    sign_in(page, "emil")
    expect(page.get_by_label("Code for emil")).to_be_visible()
    page.goto(f"{site.address}/schema")  # a password alone opens nothing
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, "emil")
    page.get_by_label("Code for emil").fill(app.generate_otp(int(time.time() // 30) + 1))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site.address}/schema")
    sign_out(page)

    sign_in(page, "emil")
    page.get_by_label("Code for emil").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.address}/account/")
    expect(page.locator("main")).to_contain_text("9 codes to recover with are left")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Switch it off").click()
    expect(page.locator("main")).to_contain_text("No code is asked for any more.")
    heard(said, "400")


def test_axe_finds_nothing_where_a_second_factor_is_switched_on(site: Site, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{site.address}/account/")
    sign_in(page, "fritz")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("img", name="Code to scan")).to_be_visible()
    assert violations(page) == []
    code = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", "")).now()
    page.get_by_label("Code that the app shows now").fill(code)
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("link", name="I have them")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="I have them").click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing(site: Site, new_page: NewPage, said: list[str], scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(f"{site.address}/sign-in")
    assert violations(page) == []
    sign_in(page, "anna", "a wrong password")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    heard(said, "400")
    sign_in(page, "anna")
    expect(page.locator("#status")).to_have_text("60 people")
    page.goto(f"{site.address}/account/")
    assert violations(page) == []
    page.goto(f"{site.address}/admin/")
    expect(page.locator("main")).to_contain_text("You have no right to see jobs")
    assert violations(page) == []
    heard(said, "403")
