"""The pages of /api/docs in a real browser, under their own strict policy, without a network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

import homes
from techfinder.api.docs import CSP
from techfinder.app import create_app
from techfinder.testing.fakes import HashEncoder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server without people: the pages need none."""
    finder = homes.open_home(tmp_path_factory.mktemp("docs"), HashEncoder().entry())
    server = make_server("127.0.0.1", 0, create_app(finder=finder), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    finder.close()


class Watched:
    """A page, and what it should not have done."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.complaints, self.strangers = page, [], []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self._look(r.url, urlsplit(base).netloc))

    def _look(self, url: str, ours: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != ours:
            self.strangers.append(url)


@pytest.fixture
def watched(chromium: str, base: str) -> Iterator[Watched]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield Watched(browser.new_page(), base)
        browser.close()


@pytest.mark.slow
def test_swagger_ui_shows_the_api_and_asks_it(watched: Watched, base: str) -> None:
    page = watched.page
    page.goto(f"{base}/api/docs")
    expect(page.get_by_role("heading", name="techfinder")).to_be_visible()
    operation = page.locator(".opblock", has_text="/api/v1/plugins")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text("builtin")
    assert (watched.complaints, watched.strangers) == ([], [])


def test_the_policy_is_as_strict_as_that_of_the_pages(watched: Watched, base: str) -> None:
    answer = watched.page.goto(f"{base}/api/docs")
    assert answer is not None
    assert answer.headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP
    assert "default-src 'none'" in CSP
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_files_of_the_page_are_asked_for_again_only_when_they_changed(watched: Watched, base: str) -> None:
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "page.css", "icon.svg"):
        first = watched.page.request.get(f"{base}/api/docs/{name}")
        again = watched.page.request.get(f"{base}/api/docs/{name}", headers={"If-None-Match": first.headers["etag"]})
        assert (first.status, again.status) == (200, 304)
    assert watched.page.request.get(f"{base}/api/docs/other.js").status == 404
