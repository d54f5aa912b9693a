"""What changes under open pages: index runs, new people, a server that goes away and comes back."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from search_site import GATE, NewPage, environment, index, served, status


@contextmanager
def indexing(home: Path, gate: Path) -> Iterator[None]:
    """An index run of ten more people, which goes on until the gate is opened."""
    command = [sys.executable, "-m", "techfinder", "index", "seventy:"]
    env = environment(home) | {GATE: str(gate)}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            yield
        finally:
            gate.touch()  # else a failure here would wait for the run, and the run for the gate
        assert run.wait(timeout=120) == 0


def without_live_text(page: Page) -> None:
    """Wait until nothing is told."""
    expect(page.locator("#live p")).to_have_count(0)


def test_progress_shows_and_new_people_appear_in_every_open_tab(
    own_home: Path, tmp_path: Path, new_page: NewPage
) -> None:
    gate = tmp_path / "go on"
    with served(environment(own_home)) as address:
        first, second = new_page(), new_page()
        first.goto(f"{address}/?q=cheerful")
        second.goto(f"{address}/?gender=Female")
        status(first, "60 people")
        status(second, "30 of 60 people")
        without_live_text(first)
        with indexing(own_home, gate):
            expect(first.locator("#live")).to_have_text(re.compile(r"seventy:: \d+.* rows"))
            expect(first.locator("#live progress")).to_be_visible()
            expect(second.locator("#live progress")).to_be_visible()
            first.locator("#q").focus()
        status(first, "70 people")
        status(second, "35 of 70 people")
        expect(first.locator("#live")).to_have_text(re.compile("New data: generation 2 with 70 people is live"))
        expect(first.locator("#q")).to_be_focused()
        expect(first).to_have_url(f"{address}/?q=cheerful")
        first.close()
        second.close()


@pytest.mark.slow
def test_a_page_survives_a_restart_and_hears_what_it_missed(own_home: Path, new_page: NewPage, said: list[str]) -> None:
    page = new_page()
    with served(environment(own_home)) as address:
        page.goto(f"{address}/?q=cheerful")
        status(page, "60 people")
    expect(page.locator("#offline")).to_be_visible()
    index(own_home, "seventy:")
    port = urlsplit(address).port
    assert port is not None
    with served(environment(own_home), port):
        expect(page.locator("#status")).to_have_text("70 people")
        expect(page.locator("#offline")).to_be_hidden()
        page.locator("#q").fill("laggards")
        status(page, "14 of 70 people")
        page.close()
    assert all("CONNECTION_REFUSED" in line or "htmx" in line or "error: " in line for line in said)
    said.clear()


@pytest.mark.slow
def test_a_search_while_the_server_is_away_says_so(own_home: Path, new_page: NewPage, said: list[str]) -> None:
    page = new_page()
    with served(environment(own_home)) as address:
        page.goto(address)
        status(page, "60 people")
    page.locator("#q").fill("laggards")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    expect(page.locator("#q")).to_have_value("laggards")
    with served(environment(own_home), urlsplit(address).port or 0):
        # Nothing new is live, and yet what was asked meanwhile is answered.
        expect(page.locator("#status")).to_have_text("12 of 60 people")
        expect(page.locator("#offline")).to_be_hidden()
        page.close()
    said.clear()


@pytest.mark.slow
def test_a_search_while_the_server_is_away_outlives_the_poll_for_the_encoder(
    own_home: Path, tmp_path: Path, new_page: NewPage, said: list[str]
) -> None:
    page = new_page()
    with served(environment(own_home) | {GATE: str(tmp_path / "never")}) as address:
        page.goto(f"{address}/?q=cheerful")
        expect(page.locator("#warming")).to_be_visible()
        page.route("**/*", lambda route: route.abort())
        page.locator("#q").fill("laggards")
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
        page.route("**/live?**", lambda route: route.abort())  # so that the poll is what is answered first
        page.unroute("**/*")
        status(page, "12 of 60 people")
        expect(page).to_have_url(f"{address}/?q=laggards")
        page.close()
    said.clear()


@pytest.mark.slow
def test_a_link_followed_while_the_server_is_away_is_asked_again(
    own_home: Path, new_page: NewPage, said: list[str]
) -> None:
    page = new_page()
    with served(environment(own_home)) as address:
        page.goto(f"{address}/audience?q=innovators")  # counts everybody first
        status(page, "12 of 60 people")
    page.locator(".notables a").first.click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    with served(environment(own_home), urlsplit(address).port or 0):
        expect(page.locator("#offline")).to_be_hidden()
        expect(page).to_have_url(re.compile(r"\?q=innovators&"))
        page.close()
    said.clear()


@pytest.mark.slow
def test_more_pages_than_threads_still_hear_and_still_search(own_home: Path, tmp_path: Path, new_page: NewPage) -> None:
    gate = tmp_path / "go on"
    with served(environment(own_home) | {"TECHFINDER_THREADS": "2"}) as address:
        pages = [new_page() for _ in range(4)]
        for page in pages:
            page.goto(address)
            status(page, "60 people")
        with indexing(own_home, gate):
            for page in pages:
                expect(page.locator("#live progress")).to_be_visible()
        for page in pages:
            expect(page.locator("#status")).to_have_text("70 people")
        for page in pages:
            page.close()
