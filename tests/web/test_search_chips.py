"""What was understood: chips with their words, edited in place, by somebody at the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from search_site import NewPage, ids, status

QUESTION = "innovators+in+healthcare,+ideally+over+70"


def chip(page: Page, words: str) -> Locator:
    """The chip of these words."""
    return page.locator(".understood", has_text=f"“{words}”")


def opened(page: Page, words: str) -> Locator:
    """Its editor, unfolded."""
    found = chip(page, words)
    found.locator("summary").click()
    return found.locator(".editor")


def test_each_condition_has_a_chip_with_its_words_and_filters(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q={QUESTION}")
    expect(page.locator(".understood")).to_have_text(
        [
            re.compile("Adopter category is Innovator “innovators”"),
            re.compile("Sector is Healthcare “healthcare”"),
            re.compile("Nice to have: Age over 70 years “over 70”"),
        ]
    )
    status(page, "4 of 60 people")
    best = page.locator("#cards .card").first
    expect(best.locator("mark").all()[0]).to_have_text("Innovator")
    expect(best.get_by_role("link").first).to_have_text("P0054")


def test_a_condition_is_left_out_and_put_back(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q={QUESTION}")
    page.get_by_role("link", name="Leave out “healthcare”").click()
    status(page, "12 of 60 people")
    expect(page.get_by_role("searchbox").first).to_have_value("innovators in healthcare, ideally over 70")
    expect(page).to_have_url(re.compile(r"&edit\.drop=[0-9a-f]{8}$"))
    expect(chip(page, "healthcare")).to_contain_text("Put back")
    page.go_back()
    status(page, "4 of 60 people")
    page.go_forward()
    page.get_by_role("link", name="Put back “healthcare”").click()
    status(page, "4 of 60 people")
    expect(page).to_have_url(f"{address}/?q=innovators+in+healthcare%2C+ideally+over+70")


def test_a_wish_becomes_required_and_a_requirement_a_wish(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q={QUESTION}")
    opened(page, "over 70").get_by_role("link", name="Must have").click()
    status(page, "1 of 60 people")
    chip(page, "healthcare").locator("summary").click()
    chip(page, "healthcare").get_by_role("link", name="Nice to have").click()
    status(page, "2 of 60 people")
    expect(chip(page, "healthcare")).to_contain_text("Nice to have: Sector is Healthcare")
    expect(chip(page, "healthcare").locator(".edited")).to_be_visible()
    chip(page, "healthcare").get_by_role("link", name="As it was read").click()
    status(page, "1 of 60 people")


@pytest.mark.slow
def test_levels_a_range_and_a_list_are_edited_where_they_stand(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=high+tech+interest+in+healthcare+over+30")
    status(page, "6 of 60 people")
    editor = opened(page, "high tech interest")
    expect(editor.get_by_label("From")).to_have_value("High")
    editor.get_by_label("From").select_option("Moderate")
    status(page, "10 of 60 people")
    expect(chip(page, "high tech interest")).to_contain_text("Tech interest is Moderate, High or Very High")
    editor = opened(page, "over 30")
    expect(editor.get_by_label("From")).to_have_value("31")
    editor.get_by_label("to", exact=True).fill("50")
    editor.get_by_label("to", exact=True).press("Enter")
    status(page, "4 of 60 people")
    editor = opened(page, "healthcare")
    editor.get_by_label(re.compile("^Finance")).check()
    status(page, "8 of 60 people")
    editor.get_by_label(re.compile("^Healthcare")).uncheck()
    status(page, "4 of 60 people")
    shown = ids(page)
    again = new_page(java_script_enabled=False)
    again.goto(page.url)
    assert ids(again) == shown


def test_one_end_of_the_levels_may_pass_the_other(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=early+adopters")
    status(page, "12 of 60 people")
    editor = opened(page, "early adopters")
    editor.get_by_label("From").select_option("Innovator")
    status(page, "24 of 60 people")
    expect(editor.get_by_label("From")).to_have_value("Early Adopter")
    expect(editor.get_by_label("to", exact=True)).to_have_value("Innovator")
    editor.get_by_label("From").select_option("Innovator")
    status(page, "12 of 60 people")
    expect(chip(page, "early adopters")).to_contain_text("Adopter category is Innovator")


def test_unticking_everything_leaves_the_condition_out(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+in+healthcare")
    opened(page, "healthcare").get_by_label(re.compile("^Healthcare")).uncheck()
    status(page, "12 of 60 people")
    expect(chip(page, "healthcare")).to_contain_text("Put back")


def test_edits_stay_while_the_sentence_goes_on(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+in+healthcare")
    page.get_by_role("link", name="Leave out “healthcare”").click()
    status(page, "12 of 60 people")
    box = page.locator("#q")
    box.press("End")
    box.press_sequentially(" over 40", delay=10)
    status(page, "8 of 60 people")
    expect(box).to_be_focused()
    expect(chip(page, "healthcare")).to_contain_text("Put back")
    box.fill("laggards")
    status(page, "12 of 60 people")
    expect(page).to_have_url(f"{address}/?q=laggards")


def test_a_correction_is_told_and_taken_back(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+in+seatle")
    status(page, "4 of 60 people")
    expect(page.locator(".correction")).to_contain_text("seatle read as seattle")
    page.locator(".correction").get_by_role("link", name="Undo").click()
    status(page, "12 of 60 people")
    expect(page).to_have_url(f"{address}/?q=innovators+in+seatle&edit.typed=seatle")
    page.locator(".correction").get_by_role("link", name="Correct").click()
    status(page, "4 of 60 people")


def test_without_javascript_the_editors_are_forms(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}/?q=high+tech+interest+in+healthcare&gender=Male")
    editor = opened(page, "high tech interest")
    editor.get_by_label("From").select_option("Very High")
    editor.get_by_role("button", name="Change").click()
    expect(page).to_have_url(re.compile(r"\?q=high.*&gender=Male&edit\.set\.[0-9a-f]{8}=Very\+High\.\.Very\+High$"))
    status(page, "2 of 60 people")
    page.get_by_role("link", name="Leave out “healthcare”").click()
    status(page, "6 of 60 people")


def test_the_keyboard_alone_edits(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=high+tech+interest+in+healthcare")
    page.keyboard.press("e")
    expect(chip(page, "high tech interest").locator("summary")).to_be_focused()
    page.keyboard.press("Tab")
    expect(chip(page, "high tech interest").get_by_label("From")).to_be_focused()
    page.keyboard.press("ArrowDown")
    status(page, "4 of 60 people")
    expect(chip(page, "high tech interest").get_by_label("From")).to_have_value("Very High")
    page.keyboard.press("Escape")
    expect(chip(page, "high tech interest").locator(".editor")).to_be_hidden()
