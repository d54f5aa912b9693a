"""People side by side, used as a person would: mouse, keyboard alone, phone, without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from search_site import NewPage, ids, status

ADDRESS = re.compile(r"/compare\?ids=P\d+&ids=P\d+$")


def picked(page: Page, number: int) -> None:
    """Wait until so many people are picked."""
    expect(page.get_by_role("region", name="To compare").get_by_role("listitem")).to_have_count(number)


def test_picking_two_on_their_cards_and_comparing_them(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    first, second = ids(page)[:2]
    page.get_by_role("link", name=f"Compare ({first})").click()
    expect(page.get_by_text("Pick another to compare with")).to_be_visible()
    page.locator("#q").fill("innovators, ideally over 30")
    expect(page).to_have_url(re.compile("ideally.*compare.id="))
    picked(page, 1)
    page.get_by_role("link", name=f"Compare ({second})").click()
    picked(page, 2)
    page.get_by_role("link", name="Compare 2 people").click()
    expect(page).to_have_url(ADDRESS)
    expect(page.get_by_role("heading", level=1)).to_have_text("2 people side by side")
    everything = page.get_by_role("row").count()
    page.get_by_role("link", name="Show only what differs").click()
    expect(page.get_by_role("link", name="Show all fields")).to_be_visible()
    assert page.get_by_role("row").count() < everything
    expect(page.get_by_role("cell", name="the same")).to_have_count(0)
    page.get_by_role("link", name=f"Leave out {second}").click()
    expect(page.get_by_text(f"Choose somebody to put beside {first}.")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Add ")).first.click()
    expect(page.get_by_role("columnheader")).to_have_count(4)
    page.go_back()
    page.go_back()
    page.go_back()
    page.go_back()
    picked(page, 2)


def test_by_keyboard_alone(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    expect(page.locator(".pick[data-htmx-powered]").first).to_be_visible()  # until then "c" follows a plain link
    page.keyboard.press("j")
    page.keyboard.press("c")
    picked(page, 1)
    page.keyboard.press("j")
    page.keyboard.press("c")
    picked(page, 2)
    tab_to(page, "Compare 2 people")
    page.keyboard.press("Enter")
    expect(page).to_have_url(ADDRESS)
    page.locator("input[name=ids]:not([type=hidden])").focus()
    page.keyboard.type("P0003\n")
    expect(page.get_by_role("heading", level=1)).to_have_text("3 people side by side")


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.textContent") or "").strip() == text:
            return
    raise AssertionError(f"Tab never came to {text!r}")


def test_without_javascript_on_a_phone(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page.goto(f"{address}/?q=innovators")
    page.locator(".pick").first.click()
    picked(page, 1)
    page.locator(".pick:not(.on)").first.click()
    picked(page, 2)
    page.get_by_role("link", name="Compare 2 people").click()
    expect(page).to_have_url(ADDRESS)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Age", exact=True))
    expect(row.get_by_role("cell").first).to_contain_text("years")
    expect(row.locator(".who").first).to_be_visible()
    page.get_by_role("textbox", name="Id").fill("P0003")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 people side by side")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Everyone").click()
    status(page, "60 people")
