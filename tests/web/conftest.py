"""What tests of the search page share: a server with sixty people, and a browser whose console stays empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from search_site import NewPage, environment, index, served
from techfinder.store.folders import copy_sparse

QUICKER = "Autofocus processing was blocked"
"""Not a fault: the list of shortcuts has a button that takes the keyboard when it opens; this is said where somebody
had the keyboard elsewhere before the page was read to its end."""


PATIENCE_MS = 30_000
"""What a page may take to be there, or to show something: no limit of ours, but of the slowest machine, beside other
tests that keep all cores busy."""


def pytest_configure() -> None:
    """Let ``expect`` be as patient as what is done in a page."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with sixty people indexed, to be copied: no server ever opens it."""
    home = tmp_path_factory.mktemp("sixty")
    index(home)
    return home


@pytest.fixture(scope="session")
def site_home(sixty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with sixty people that all tests share."""
    home = tmp_path_factory.mktemp("site") / "home"
    copy_sparse(sixty, home)
    return home


@pytest.fixture
def own_home(sixty: Path, tmp_path: Path) -> Path:
    """A home with sixty people that a test may change."""
    home = tmp_path / "home"
    copy_sparse(sixty, home)
    return home


@pytest.fixture(scope="session")
def address(site_home: Path) -> Iterator[str]:
    """The address of a server whose encoder loads at once."""
    with served(environment(site_home)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def said() -> list[str]:
    """What consoles have said; a test that expects something clears it."""
    return []


@pytest.fixture
def new_page(browser: Browser, said: list[str]) -> Iterator[NewPage]:
    """Opens pages; whatever a console says by their end fails the test, policy violations included."""
    contexts = []

    def open_page(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: None if m.text.startswith(QUICKER) else said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: said.append(f"error: {e}"))
        page.on("request", lambda r: None if r.url.startswith("http://127.0.0.1:") else said.append(f"asked {r.url}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
