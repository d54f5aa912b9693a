"""Taking everybody found away as a file: by mouse, by keyboard alone, on a phone, without script."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from search_site import NewPage, status


def by_mouse(page: Page) -> None:
    page.locator("#exports > summary").click()
    page.get_by_role("link", name="Ids only").click()


def by_keyboard(page: Page) -> None:
    page.locator("#exports > summary").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ids only")).to_be_focused()
    page.keyboard.press("Enter")


LOOKS: dict[str, tuple[dict[str, object], Callable[[Page], None]]] = {
    "mouse": ({}, by_mouse),
    "keyboard": ({}, by_keyboard),
    "phone": ({"viewport": {"width": 320, "height": 640}}, by_mouse),
    "no script": ({"java_script_enabled": False}, by_mouse),
}


@pytest.mark.parametrize("look", LOOKS)
def test_an_export_is_saved(address: str, new_page: NewPage, look: str) -> None:
    options, act = LOOKS[look]
    page = new_page(**options)
    page.goto(f"{address}/?q=innovators")
    status(page, "12 of 60 people")
    with page.expect_download() as saved:
        act(page)
    assert saved.value.suggested_filename == "people.txt.zip"
    with zipfile.ZipFile(saved.value.path()) as packed:
        assert len(packed.read("people.txt").decode().splitlines()) == 12
        assert json.loads(packed.read("manifest.json"))["plan"]["text"] == "innovators"


def test_what_is_offered_follows_the_question(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(address)
    page.locator("#q").fill("laggards")
    status(page, "12 of 60 people")
    page.locator("#exports > summary").click()
    link = page.get_by_role("link", name="CSV")
    expect(link).to_have_attribute("href", "/export/csv?q=laggards")
    box = page.locator("#exports > ul").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
