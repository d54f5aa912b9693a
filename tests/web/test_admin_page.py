"""The administration in a browser: an encoder is promoted and taken back with the mouse while a search page is open."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from search_site import NewPage, environment, served

MINUTE_MS = 60_000


def encoders_with(own_home: Path) -> dict[str, str]:
    return environment(own_home) | {"TECHFINDER_TEST_SITE_ALSO": "other"}


def register(env: dict[str, str], *names: str) -> None:
    for name in names:
        command = [sys.executable, "-m", "techfinder", "encoders", "register", name]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def newest_job(page: Page) -> str:
    return page.locator("table").first.locator("tbody tr").first.inner_text()


@pytest.mark.slow
def test_an_encoder_is_promoted_and_taken_back(own_home: Path, new_page: NewPage) -> None:
    env = encoders_with(own_home)
    register(env, "hash", "other")
    with served(env) as address:
        searching, page = new_page(), new_page()
        searching.goto(f"{address}/?q=cheerful")
        page.goto(f"{address}/admin/")
        expect(page.locator("#answering")).to_contain_text("Generation 1 answers: 60 people, encoder hash@")
        expect(page.get_by_role("link", name="Roll back")).to_have_count(0)

        page.get_by_label("Compare hash@1").check(timeout=MINUTE_MS)
        page.get_by_label("Compare other@1").check()
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_role("heading", name="Encoders side by side")).to_be_visible(timeout=MINUTE_MS)
        expect(page.get_by_role("row", name=re.compile("nDCG@10 answers")).first).to_contain_text(
            re.compile(r"\d\.\d{3}")
        )

        page.get_by_role("link", name="Promote other@1").click()
        expect(page.get_by_role("heading", name="Let other@1 answer?")).to_be_visible()
        page.get_by_role("button", name="Promote").click()
        expect(page).to_have_url(f"{address}/admin/#jobs")
        job = page.get_by_role("row", name=re.compile("promote other@1"))
        expect(job).to_contain_text(re.compile("waiting|running"))
        expect(job).to_contain_text("done", timeout=2 * MINUTE_MS)  # nobody reloads the page
        expect(page.locator("#answering")).to_contain_text(
            "Generation 2 answers: 60 people, encoder other@", timeout=MINUTE_MS
        )
        searching.locator("#q").fill("cheerful laggards")
        expect(searching.locator("#status")).to_have_text("12 of 60 people")

        page.get_by_role("link", name="Roll back").click()
        expect(page.get_by_role("heading", name="Go back to generation 1?")).to_be_visible()
        page.get_by_role("button", name="Roll back").click()
        expect(page.locator("#answering")).to_contain_text(
            "Generation 1 answers: 60 people, encoder hash@", timeout=MINUTE_MS
        )
        expect(page.get_by_role("row", name=re.compile("rollback"))).to_contain_text("web page")
        searching.close()
        page.close()
