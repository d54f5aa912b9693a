"""For everybody: nothing that axe-core finds, keyboard only, phones and large screens, no script, hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from search_site import NewPage, environment, index, served, status

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js").read_text(encoding="utf-8")
CROWDED = "/?q=innovators+in+seatle+with+parents,+ideally+over+40,+samsung+owners&gender=Male&age=25..&edit.drop=x"
PAGES = {
    "empty": "/",
    "crowded": CROWDED,
    "nobody": "/?q=innovators+over+110&gender=Male",
    "near misses": "/?q=innovators+in+healthcare+over+75",
    "alike": "/?like=P0003",
    "refused": "/?age=nonsense",
    "profile": "/people/P0003",
    "fields": "/schema",
    "compare": "/compare?ids=P0003&ids=P0029&ids=P0058",
    "nobody to compare": "/compare?ids=nobody",
    "picked": "/?q=innovators&compare.id=P0003&compare.id=P0029",
    "no profile": "/people/nobody",
    "administration": "/admin/",
}

QUICK = ("crowded", "profile", "administration")
"""They have all parts that the other pages are made of; those are looked at in `make nightly`."""

EACH_PAGE = pytest.mark.parametrize(
    "name", [p if p in QUICK else pytest.param(p, marks=pytest.mark.slow) for p in PAGES]
)

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
SIZES = [(320, 640), (360, 780), (768, 1024), (1360, 900), (3840, 2160)]


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds by some rules, or by all, as rule and element."""
    page.evaluate(AXE)
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("options => axe.run(document, options)", options)
    return [f"{v['id']}: {n['html'][:150]}" for v in found["violations"] for n in v["nodes"]]


@EACH_PAGE
def test_axe_finds_nothing(address: str, new_page: NewPage, said: list[str], name: str) -> None:
    page = new_page(color_scheme="light", reduced_motion="reduce")
    page.goto(address + PAGES[name])
    folded = page.locator("details:not([open]) > summary:visible")
    for _ in range(min(folded.count(), 12)):
        folded.first.click()
    assert violations(page) == []
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(BACKGROUND) != light
    assert violations(page, "color-contrast") == []  # all that a theme changes
    said[:] = [line for line in said if "status of 4" not in line]  # a page that says no is an error to the console


@pytest.mark.slow
def test_axe_finds_nothing_on_a_phone_with_filters_and_help_open(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 360, "height": 780}, reduced_motion="reduce")
    page.goto(f"{address}/?q=innovators")
    assert violations(page) == []  # with cards and an order to choose
    page.goto(address + CROWDED)
    page.get_by_text("Filters", exact=True).click()
    assert violations(page) == []
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_axe_is_able_to_find_something(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    page.evaluate("document.querySelector('label[for=q]').remove(); document.querySelector('#q').placeholder = ''")
    assert any(v.startswith("label:") for v in violations(page))


def test_a_whole_search_by_keyboard_alone(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_focused()  # so that what opened is read aloud
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("innovators", delay=10)
    expect(page).to_have_url(re.compile(r"\?q=innovators$"))  # on a slow machine "innovator" was answered before
    status(page, "12 of 60 people")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#cards .card h3 a").nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#cards .card h3 a").nth(1)).to_be_focused()
    page.keyboard.press("w")
    expect(page.locator("#cards .card").nth(1).locator(".why ul")).to_be_visible()
    page.keyboard.press("k")
    expect(page.locator("#cards .card h3 a").nth(0)).to_be_focused()
    page.keyboard.press("f")
    expect(page.locator("#panel summary").first).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile(r"\?q=innovators&like=P"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/people/P"))


def test_the_keyboard_goes_on_where_it_was_when_a_swap_takes_the_focus(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    links = page.locator("#cards .card h3 a")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.evaluate("document.activeElement.replaceWith(document.activeElement.cloneNode(true))")
    page.keyboard.press("w")
    expect(page.locator("#cards .card").nth(1).locator(".why ul")).to_be_visible()
    page.keyboard.press("j")
    expect(links.nth(2)).to_be_focused()


@EACH_PAGE
def test_nothing_sticks_out(address: str, new_page: NewPage, said: list[str], name: str) -> None:
    page = new_page()
    page.goto(address + PAGES[name])
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        right = page.evaluate(
            "Math.max(...[...document.querySelectorAll('main :not(.wide-table *)')]"
            ".map(e => e.getBoundingClientRect().right))"
        )
        assert right <= width - 10, f"something reaches into the margin at {width} pixels"
    for summary in page.locator(".understood summary, .why > summary").all()[:4]:
        summary.click()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    said[:] = [line for line in said if "status of 4" not in line]


def test_wide_tables_scroll_by_themselves(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/admin/")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.set_viewport_size({"width": 360, "height": 780})
    offers = page.locator(".offers").first.bounding_box()
    assert offers
    assert offers["width"] > 250  # and not a letter wide


def test_on_a_phone_the_links_at_the_top_are_one_line(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 360, "height": 780})
    page.goto(address)
    tops = {link.bounding_box()["y"] for link in page.locator("#nav a").all()}  # type: ignore[index]
    assert len(tops) == 1


def test_on_a_phone_filters_are_behind_a_switch(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True)
    page.goto(f"{address}/?q=innovators")
    expect(page.locator("#panel")).to_be_hidden()
    page.get_by_text("Filters", exact=True).tap()
    page.locator("#facet-gender > summary").tap()
    page.get_by_role("checkbox", name=re.compile("^Male")).tap()
    status(page, "6 of 60 people")
    expect(page.locator("#panel")).to_be_visible()


def test_results_need_no_script_and_no_motion_is_forced(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}/?q=innovators,+ideally+in+healthcare")
    status(page, "12 of 60 people")
    expect(page.locator(".ring")).to_have_count(12)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    still = new_page(reduced_motion="reduce")
    still.goto(f"{address}/?q=innovators")
    assert still.locator(".ring .fill").first.evaluate("e => getComputedStyle(e).transitionDuration") == "0s"


def test_print_shows_people_and_no_controls(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    page.emulate_media(media="print")
    expect(page.locator("#cards .card").first).to_be_visible()
    for hidden in ("#panel", ".top", ".card-foot", ".sort"):
        expect(page.locator(hidden).first).to_be_hidden()
    page.goto(f"{address}/people/P0003")
    expect(page.get_by_role("heading", name="Among all 60 people")).to_be_visible()
    expect(page.locator(".elsewhere")).to_be_hidden()
    # A grid whose parts are kept whole is cut off where a sheet ends.
    assert (
        page.locator(".halves, .stack").evaluate_all("all => all.map(e => getComputedStyle(e).display)")
        == ["block"] * 3
    )


@pytest.mark.parametrize(("width", "most"), [(320, 2), (1360, 1), (3840, 1)])
def test_what_one_can_do_with_a_card_stands_in_line(address: str, new_page: NewPage, width: int, most: int) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}/?q=innovators")
    foot = page.locator("#cards .card-foot").first
    tops = {round((e.bounding_box() or {})["y"]) for e in foot.locator(".why > summary, .pick, .alike").all()}
    assert len(tops) == most
    pick, alike = foot.locator(".pick").bounding_box(), foot.locator(".alike").bounding_box()
    assert pick
    assert alike
    assert pick["y"] == pytest.approx(alike["y"], abs=1)


def test_on_a_phone_a_colour_stands_beside_what_it_means(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{address}/audience?q=innovators")
    legends = page.locator(".legend")
    expect(legends).not_to_have_count(0)
    for legend in legends.all():
        key, words = legend.locator(".key").bounding_box(), legend.bounding_box()
        assert key
        assert words
        assert words["height"] < 2 * key["height"] + 2  # one line


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose people have attacks for names and values."""
    home = tmp_path_factory.mktemp("hostile")
    index(home, "hostile:")
    with served(environment(home)) as address:
        yield address


def test_hostile_people_are_only_text(hostile: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{hostile}/?limit=60")
    count = page.locator("#cards .card").count()
    assert count == 12
    for number in range(count):
        page.locator("#cards .card h3 a").nth(number).click()
        expect(page.get_by_role("heading", level=1)).not_to_be_empty()
        page.go_back()
    for link in page.locator(".alike").all()[:3]:
        link.click()
        expect(page.get_by_label("Active filters")).to_contain_text("Like")
        page.go_back()
        expect(page.get_by_label("Active filters")).to_have_count(0)
    attack = page.locator("#cards .card h3").first.text_content()
    page.locator("#q").fill(attack or "")
    expect(page.locator("#q")).to_be_focused()
    page.goto(f"{hostile}/?job_sector=%22%3Cimg+src%3Dx+onerror%3Dalert(1)%3E%22&limit=60")
    expect(page.locator(".chip").first).to_contain_text("<img src=x onerror=alert(1)>")
    assert (
        page.evaluate("[...document.querySelectorAll('img, script:not([src]), iframe, base, [onerror]')].length") == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth") == page.evaluate("innerWidth")


@pytest.mark.slow
def test_hostile_people_side_by_side_are_only_text(hostile: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{hostile}/?limit=60")
    for number in range(4):
        page.locator(".pick:not(.on)").first.click()
        expect(page.locator(".picks .chip")).to_have_count(number + 1)
    page.get_by_role("link", name="Compare 4 people").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("4 people side by side")
    expect(page.locator("thead .title")).to_have_count(4)
    for address in (page.url, f"{hostile}/schema"):
        page.goto(address)
        planted = "[...document.querySelectorAll('img, script:not([src]), iframe, base, [onerror], [onload]')].length"
        assert page.evaluate(planted) == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 320
