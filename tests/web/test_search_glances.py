"""The audience at a glance and lookalikes, used as a person would: mouse, keyboard alone, phone, without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from search_site import NewPage, environment, index, served, status

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js").read_text(encoding="utf-8")
AUDIENCE = "/audience?q=innovators&gender=Male"
LOOKALIKE = "/lookalike?like=P0003&like=P0008&look.not=P0001&q=under+70"
PAGES = {
    "audience": AUDIENCE,
    "everybody": "/audience",
    "no audience": "/audience?age=200..",
    "lookalike": LOOKALIKE,
    "nobody named": "/lookalike",
    "unknown": "/lookalike?like=nobody",
}
SLOW = ["lookalike", "everybody", "no audience", "nobody named", "unknown"]
"""Made of the same parts as the others."""


@pytest.mark.parametrize("name", [pytest.param(p, marks=pytest.mark.slow) if p in SLOW else p for p in PAGES])
def test_axe_finds_nothing_in_either_theme(address: str, new_page: NewPage, said: list[str], name: str) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto(address + PAGES[name])
    page.evaluate(AXE)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true; })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    said[:] = [line for line in said if "status of 4" not in line]


def violations(page: Page) -> list[str]:
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {n['html'][:150]}" for v in found["violations"] for n in v["nodes"]]


def unfold(page: Page, heading: str) -> None:
    """Unfold a section of the audience page by its heading, where it is folded."""
    section = page.locator("details", has=page.get_by_role("heading", name=heading, exact=True)).first
    if section.get_attribute("open") is None:
        section.locator("> summary").click()


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}, {"viewport": {"width": 320, "height": 640}}])
def test_from_a_question_to_its_audience_and_back(address: str, new_page: NewPage, options: dict[str, object]) -> None:
    page = new_page(**options)
    page.goto(f"{address}/?q=innovators")
    page.get_by_role("link", name="At a glance").click()
    expect(page).to_have_url(re.compile(r"/audience\?q=innovators$"))
    status(page, "12 of 60 people")
    expect(
        page.get_by_role("img", name=re.compile("Adopter category from left to right: Innovator 100.0 %"))
    ).to_be_visible()
    unfold(page, "Person")
    gender = page.get_by_role("table", name="Gender", exact=True)
    expect(gender.get_by_role("row", name=re.compile("^Male"))).to_contain_text("6")
    gender.get_by_role("link", name="Male", exact=True).click()
    status(page, "6 of 60 people")
    expect(page).to_have_url(re.compile(r"/audience\?q=innovators&gender=Male$"))
    page.get_by_role("link", name="Back to the search").click()
    status(page, "6 of 60 people")


@pytest.mark.parametrize("script", [True, False])
def test_tables_sort_by_their_headings(address: str, new_page: NewPage, script: bool) -> None:
    page = new_page(java_script_enabled=script)
    page.goto(address + AUDIENCE)
    unfold(page, "All numbers")
    numbers = page.locator("#numbers-table")
    numbers.get_by_role("link", name="Here").click()
    expect(numbers.get_by_role("columnheader", name=re.compile("^Here"))).to_have_attribute("aria-sort", "descending")
    counts = [int(t) for t in numbers.locator("tbody tr td:nth-child(3)").all_text_contents()]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 6
    people = page.locator("#people-table")
    people.get_by_role("link", name="Age").click()
    expect(people.get_by_role("columnheader", name=re.compile("^Age"))).to_have_attribute("aria-sort", "ascending")
    ages = [int(t.split()[0]) for t in people.locator("tbody tr").locator("td", has_text="years").all_text_contents()]
    assert ages == sorted(ages)
    assert len(ages) == 6


def test_the_point_is_seen_at_once(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 1360, "height": 900})
    page.goto(address + AUDIENCE)
    expect(page.locator("details.spreads[open]")).to_have_count(1)
    expect(page.get_by_role("heading", name="What stands out against everybody")).to_be_in_viewport()
    for heading in ("Shopping", "Smartphones"):
        unfold(page, heading)
    expect(page.locator("details.spreads[open]")).to_have_count(3)
    page.locator("details.spreads[open]").last.locator("tbody a").first.click()
    expect(page).to_have_url(re.compile("&smartphone"))
    expect(page.locator("details.spreads[open]")).to_have_count(3)  # what was unfolded stays so


def test_a_link_that_takes_its_time_says_so(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address + AUDIENCE)
    held: list[Route] = []
    page.route("**/audience*", lambda route: held.append(route))
    link = page.locator(".notables a").first
    link.click()
    expect(link).to_have_css("cursor", "progress")
    held[0].continue_()
    expect(page.locator("a.htmx-request")).to_have_count(0)


def test_the_audience_by_keyboard_alone(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    page.get_by_role("link", name="At a glance").focus()
    page.keyboard.press("Enter")
    status(page, "12 of 60 people")
    page.locator("details.spreads", has_text="Gender").locator("> summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("table", name="Gender", exact=True).get_by_role("link", name="Female").focus()
    page.keyboard.press("Enter")
    status(page, "6 of 60 people")
    page.go_back()
    status(page, "12 of 60 people")
    page.locator("#exports > summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="CSV")).to_be_visible()


def cards(page: Page) -> list[str]:
    return page.locator("#cards .card h3").all_text_contents()


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}, {"viewport": {"width": 320, "height": 640}}])
def test_lookalikes_are_steered(address: str, new_page: NewPage, options: dict[str, object]) -> None:
    page = new_page(**options)
    page.goto(f"{address}/?like=P0003")
    page.get_by_role("link", name="What they share").click()
    status(page, "59 people, most like P0003 first")
    first = cards(page)
    page.locator("#cards .card").nth(0).get_by_role("link", name="Not like this").click()
    status(page, "58 people, most like P0003 first")
    expect(page.get_by_label("What is asked for")).to_contain_text(f"Not like {first[0]}")
    page.get_by_label("But").fill("in Texas")
    page.get_by_role("button", name="Look").click()
    status(page, re.compile(r"^\d\d people, most like P0003 first$"))
    expect(page).to_have_url(re.compile("q=in.Texas"))
    row = page.locator("#shared-adopter_category")
    if not row.evaluate("e => e.open"):
        row.locator("summary").click()
    row.get_by_role("link", name="Leave out").click()
    expect(row.locator("summary")).to_contain_text("left out")
    expect(page).to_have_url(re.compile("look.off=adopter_category"))
    page.get_by_role("link", name="no longer look for people like P0003").click()
    status(page, "Name somebody to be like")


def test_on_a_phone_what_they_share_is_one_tap_away(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    page.goto(f"{address}/lookalike?like=P0003&like=P0008")
    shared = page.get_by_role("heading", name="What they share")
    expect(shared).not_to_be_in_viewport()
    page.get_by_role("link", name="What they share").tap()
    expect(shared).to_be_in_viewport()
    page.set_viewport_size({"width": 1360, "height": 900})
    expect(page.get_by_role("link", name="What they share")).to_be_hidden()


def test_lookalikes_by_keyboard_alone(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/lookalike")
    page.locator("#look-like").focus()
    page.keyboard.type("P0003")
    page.keyboard.press("Enter")
    status(page, "59 people, most like P0003 first")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#cards .card h3 a").nth(0)).to_be_focused()
    page.locator("#cards .card").nth(0).get_by_role("link", name="Like this too").focus()
    page.keyboard.press("Enter")
    status(page, "58 people, most like these 2 first")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose people have attacks for names and values."""
    home = tmp_path_factory.mktemp("hostile")
    index(home, "hostile:")
    with served(environment(home)) as address:
        yield address


@pytest.mark.slow
def test_hostile_people_are_only_text(hostile: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 360, "height": 780})
    for path in ("/audience?table.whole=yes", "/?limit=60"):
        page.goto(hostile + path)
        assert harmless(page)
    page.goto(f"{hostile}/?limit=60")
    page.locator(".alike").first.click()
    page.get_by_role("link", name="What they share").click()
    expect(page.locator("#cards .card")).to_have_count(11)
    assert harmless(page)


def harmless(page: Page) -> bool:
    made = page.evaluate("document.querySelectorAll('img, script:not([src]), iframe, base, [onerror]').length")
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return bool(made == 0 and not wide)
