"""The page of one person, used as a person would: mouse, keyboard alone, phone, without JavaScript."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from search_site import NewPage

WIDTHS = [(320, 640), (1360, 900)]


def test_reading_on_with_the_mouse(address: str, new_page: NewPage) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/people/P0003")
    expect(page.get_by_role("heading", name="Among all 60 people")).to_be_visible()
    page.get_by_text("All counts").click()
    row = page.get_by_role("table").filter(has_text="Percentile").get_by_role("row", name=re.compile("^Age"))
    expect(row.get_by_role("cell")).to_have_text(["23 years", "3", "1", "56", "60", "5.8"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("region", name="Most alike").get_by_role("link", name=re.compile("^P")).first.click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("P0003")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("P0003")
    page.get_by_role("link", name="More like this").click()
    expect(page.locator("#status")).to_have_text("59 people besides P0003")


def test_by_keyboard_alone(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/people/P0003")
    tab_to(page, "All counts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Percentile")).to_be_visible()
    tab_to(page, "Raw values")
    page.keyboard.press("Enter")
    raw = page.locator(".raw").text_content()
    assert json.loads(raw or "")["age"] == 23
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("innovators\n")
    expect(page.locator("#status")).to_have_text("12 of 60 people")


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.textContent") or "").strip() == text:
            return
    raise AssertionError(f"Tab never came to {text!r}")


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_charts_fit_and_mark_the_person(address: str, new_page: NewPage, width: int, height: int) -> None:
    page = new_page(viewport={"width": width, "height": height})
    page.goto(f"{address}/people/P0003")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for chart in page.locator(".strip").all():
        expect(chart.locator(".mine")).to_have_count(1)
        assert (chart.bounding_box() or {})["width"] > 100
        assert chart.get_attribute("aria-label")
    mark, lane = page.locator(".lane .mark").first.bounding_box(), page.locator(".lane").first.bounding_box()
    assert mark
    assert lane
    months, end = 3.5, 12  # everybody has 0 to 11 months, the mark stands in the middle of a month
    middle = (mark["x"] + mark["width"] / 2 - lane["x"]) / lane["width"]
    assert middle == pytest.approx(months / end, abs=0.01)


def test_without_javascript_all_is_there_but_the_copy_button(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}/people/P0003")
    expect(page.locator(".strip").first).to_be_visible()
    expect(page.get_by_text("3 months after release").first).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.get_by_text("Raw values").click()
    expect(page.locator(".raw")).to_contain_text('"age": 23')
    page.locator("#q").fill("innovators")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#status")).to_have_text("12 of 60 people")
