"""The page of the fields, used as a person would: mouse, keyboard alone, without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from search_site import NewPage, status


def test_from_the_search_to_a_field_and_back_by_its_filter(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/people/P0003")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Fields").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fields")
    expect(page.get_by_role("link", name="Fields")).to_have_attribute("aria-current", "page")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Annual income"))
    expect(card.get_by_role("cell").first).to_contain_text("0 known")
    page.get_by_text("4 words for it").first.click()
    expect(page.get_by_text("place, lives in, based in, from")).to_be_visible()
    age = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Age", exact=False))
    expect(age.get_by_role("cell")).to_have_text([re.compile("100%60 known"), "60 values", "20 to 79"])
    page.get_by_role("link", name="Person: Age").click()
    status(page, "60 of 60 people")


def test_by_keyboard_alone(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/schema")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "Loyalty")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Loyalty", exact=True)).to_be_in_viewport()
    tab_to(page, "Loyalty: Loyalty to Apple")
    page.keyboard.press("Enter")
    status(page, "60 of 60 people")


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(90):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.textContent") or "").strip() == text:
            return
    raise AssertionError(f"Tab never came to {text!r}")


def test_without_javascript_on_a_phone(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page.goto(f"{address}/schema")
    expect(page.get_by_text("20 to 79")).to_be_visible()
    page.get_by_text("4 words for it").first.click()
    expect(page.get_by_text("place, lives in, based in, from")).to_be_visible()
    page.get_by_role("link", name="Smartphones: Months after release").click()
    status(page, "60 of 60 people")
