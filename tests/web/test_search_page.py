"""The search page as a person uses it: a real server, a real browser, nothing in the console.

The pages' policy forbids eval, so waiting is done by Playwright's ``expect`` only.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

SITE = Path(__file__).parent / "site"
GATE = "TECHFINDER_TEST_ENCODER_GATE"

NewPage = Callable[..., Page]


def environment(home: Path) -> dict[str, str]:
    """Of the server: its home, and the plugin with people and the hash encoder."""
    return os.environ | {
        "TECHFINDER_HOME": str(home),
        "TECHFINDER_ENCODER": "hash",
        "PYTHONPATH": str(SITE),
        "COLUMNS": "200",
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with sixty people indexed."""
    home = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "techfinder", "index", "sixty:"]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home


@contextmanager
def served(env: dict[str, str]) -> Iterator[str]:
    """The address of a server process, which ends with the block."""
    command = [sys.executable, "-m", "techfinder", "serve", "--port", "0"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"techfinder is at (http://\S+)", line):
                break
        else:
            pytest.fail(f"The server did not start: {''.join(said)}")
        try:
            yield found[1]
        finally:
            server.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """The address of a server whose encoder loads at once."""
    with served(environment(home)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens pages; whatever a console says at their end fails the test, policy violations included."""
    said: list[str] = []
    contexts = []

    def open_page(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: said.append(f"error: {e}"))
        page.on("request", lambda r: None if r.url.startswith("http://127.0.0.1:") else said.append(f"asked {r.url}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def ids(page: Page) -> list[str]:
    """The ids on the cards, in order."""
    return page.locator(".card h3").all_text_contents()


def status(page: Page, text: str) -> None:
    """Wait for the sentence above the cards."""
    expect(page.locator("#status")).to_have_text(text)


def test_what_was_understood_is_shown_and_filters(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+in+healthcare,+ideally+over+70")
    readings = page.locator(".readings > div")
    expect(readings).to_have_text(
        [
            re.compile("innovators.*Adopter category is Innovator"),
            re.compile("healthcare.*Sector is Healthcare"),
            re.compile(r"over 70.*Age over 70 years.*\(a wish\)"),
        ]
    )
    status(page, "4 of 60 people")
    best = page.locator(".card").first
    expect(best).to_contain_text("Healthcare")
    expect(best.locator(".badge")).to_contain_text("Innovator")
    expect(best.get_by_role("link")).to_have_text("P0054")


def test_near_misses_stand_apart_and_say_what_they_lack(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+in+healthcare+over+75")
    shelf = page.get_by_role("region", name="Near misses")
    expect(shelf.locator(".fails").first).to_have_text(re.compile("^Not: "))
    assert shelf.locator(".card").count() + page.locator("#results > .cards > .card").count() == 4


def test_typing_shows_who_fits_and_filters_and_back_work(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    status(page, "60 people")
    box = page.get_by_role("searchbox")
    box.press_sequentially("cheerful company", delay=15)
    expect(page.locator(".ring")).to_have_count(20)
    expect(page).to_have_url(f"{address}/?q=cheerful+company")
    expect(page).to_have_title("cheerful company · techfinder")
    expect(box).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("60 people")
    best = page.locator(".card").first
    expect(best.get_by_role("img", name=re.compile(r"^Match: \d+%$"))).to_be_visible()
    ranked = ids(page)

    page.get_by_role("checkbox", name=re.compile("Early Adopter")).check()
    status(page, "12 of 60 people")
    page.get_by_role("checkbox", name=re.compile("Innovator")).check()
    status(page, "24 of 60 people")
    expect(page.get_by_role("checkbox", name=re.compile("Innovator"))).to_be_focused()
    expect(page).to_have_url(
        re.compile(r"\?q=cheerful\+company&adopter_category=Early\+Adopter&adopter_category=Innovator$")
    )

    page.go_back()
    status(page, "12 of 60 people")
    expect(page.get_by_role("checkbox", name=re.compile("Innovator"))).not_to_be_checked()
    page.go_back()
    status(page, "60 people")
    assert ids(page) == ranked
    expect(page.get_by_role("searchbox")).to_have_value("cheerful company")
    page.go_back()
    expect(page.locator(".ring")).to_have_count(0)
    expect(page).to_have_url(f"{address}/")
    page.go_forward()
    expect(page.locator(".ring")).to_have_count(20)
    assert ids(page) == ranked


def test_a_range_narrows_while_its_section_stays_open_and_its_chip_removes_it(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    page.locator("#facet-age > summary").click()
    page.locator("#facet-age-min").fill("30")
    status(page, "50 of 60 people")
    page.locator("#facet-age-max").fill("39")
    status(page, "10 of 60 people")
    expect(page).to_have_url(f"{address}/?age=30..39")
    expect(page.locator("#facet-age-max")).to_be_focused()
    page.get_by_role("link", name=re.compile("Age 30 to 39")).click()
    status(page, "60 people")
    expect(page.locator("#facet-age-min")).to_have_value("")
    expect(page.locator("#facet-age-min")).to_be_visible()


def test_show_more_adds_cards_and_a_card_leads_to_the_profile(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?gender=Male")
    page.get_by_role("link", name="Show 10 more").click()
    expect(page.locator(".card")).to_have_count(30)
    expect(page).to_have_url(f"{address}/?gender=Male&limit=40")
    page.get_by_role("link", name="P0059").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("P0059")
    page.go_back()
    expect(page.locator(".card")).to_have_count(30)


def test_without_javascript_it_is_a_form_with_the_same_results(address: str, new_page: NewPage) -> None:
    live, plain = new_page(), new_page(java_script_enabled=False)
    plain.goto(address)
    plain.get_by_role("searchbox").fill("cheerful company")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("checkbox", name=re.compile("Innovator")).check()
    plain.locator("#facet-age > summary").click()
    plain.locator("#facet-age-min").fill("30")
    plain.get_by_role("button", name="Apply filters").click()
    expect(plain).to_have_url(f"{address}/?q=cheerful+company&adopter_category=Innovator&age=30..")
    live.goto(plain.url)
    assert ids(plain) == ids(live)
    assert len(ids(plain)) == 10


def test_cards_are_there_while_the_encoder_loads_and_rank_themselves(
    home: Path, tmp_path: Path, new_page: NewPage
) -> None:
    gate = tmp_path / "ready"
    with served(environment(home) | {GATE: str(gate)}) as address:
        page = new_page()
        page.goto(address)
        page.get_by_role("searchbox").fill("cheerful company")
        expect(page.get_by_text("Warming up: ranking by meaning starts in a few seconds")).to_be_visible()
        expect(page.locator(".card")).to_have_count(20)
        gate.touch()
        expect(page.locator(".ring")).to_have_count(20)
        expect(page.locator("#warming")).to_have_count(0)
        expect(page).to_have_url(f"{address}/?q=cheerful+company")


@pytest.mark.parametrize("width", [320, 768, 1360])
def test_nothing_sticks_out_and_the_keyboard_reaches_the_filters(address: str, new_page: NewPage, width: int) -> None:
    page = new_page(viewport={"width": width, "height": 800})
    page.goto(f"{address}/?q=cheerful&age=30..")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    switch = page.locator("#show-panel")
    if page.locator(".panel-switch").is_visible():
        expect(page.locator("#panel")).to_be_hidden()
        switch.focus()
        page.keyboard.press("Space")
    expect(page.locator("#panel")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
