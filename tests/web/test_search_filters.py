"""The filter panel by mouse: histograms, long lists, kinds of product, order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from search_site import NewPage, ids, status


def test_dragging_over_bars_picks_a_range(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    page.locator("#facet-age > summary").click()
    bars = page.locator("#facet-age .histogram g")
    expect(page.get_by_role("img", name=re.compile(r"Age: 18 to 24: 5; 25 to 34: 10"))).to_be_visible()
    first, third = bars.nth(1).bounding_box(), bars.nth(2).bounding_box()
    assert first
    assert third
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(third["x"] + third["width"] / 2, third["y"] + 30, steps=4)
    page.mouse.up()
    status(page, "20 of 60 people")
    expect(page).to_have_url(f"{address}/?age=25..44")
    expect(page.locator("#facet-age-min")).to_have_value("25")
    expect(page.locator("#facet-age .bar.on")).to_have_count(2)
    expect(bars).to_have_count(7)


@pytest.mark.slow
def test_news_of_an_index_run_takes_back_nothing_that_was_typed(address: str, new_page: NewPage) -> None:
    page = new_page()
    news = "retry: 30\n\ndata: <p>Reading</p>\n\n"
    page.route("**/live*", lambda route: route.fulfill(content_type="text/event-stream", body=news))
    page.goto(address)
    page.locator("#facet-age > summary").click()
    expect(page.locator("#live")).to_have_text("Reading")
    for low in (25, 28):  # within the moment that is waited for more
        page.locator("#facet-age-min").fill(str(low))
        page.locator("#facet-age-max").fill("44")
        status(page, f"{45 - low} of 60 people")
        page.locator("#facet-age-max").fill("")
        status(page, f"{80 - low} of 60 people")


def test_a_range_that_is_still_being_typed_loses_nothing(address: str, new_page: NewPage, said: list[str]) -> None:
    page = new_page()
    page.goto(f"{address}/?age=60..")
    status(page, "20 of 60 people")
    low, high = page.locator("#facet-age-min"), page.locator("#facet-age-max")
    high.press_sequentially("7")
    status(page, "No answer")  # on the way to seventy
    expect(low).to_have_value("60")
    high.press_sequentially("0")
    status(page, "11 of 60 people")
    expect(page).to_have_url(f"{address}/?age=60..70")
    expect(low).to_have_value("60")
    said[:] = [line for line in said if "status of 400" not in line]


def test_a_histogram_counts_under_all_other_filters(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?gender=Male&age=25..34")
    expect(page.get_by_role("img", name=re.compile(r"Age: 18 to 24: 2; 25 to 34: 5;"))).to_be_visible()


def test_a_long_list_is_searched_and_several_values_mean_any(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    page.locator("#facet-interests > summary").click()
    find = page.get_by_role("searchbox", name="Search in Interests")
    find.press_sequentially("hobby 2", delay=10)
    options = page.locator("#facet-interests .option-label")
    expect(options).to_have_text([f"Hobby 2{n}" for n in range(10)])
    expect(find).to_be_focused()
    page.get_by_role("checkbox", name=re.compile("Hobby 27")).check()
    status(page, "2 of 60 people")
    page.get_by_role("checkbox", name=re.compile("Hobby 29")).check()
    status(page, "4 of 60 people")
    find.fill("hobby 0")
    expect(options).to_have_count(12)
    expect(options).to_have_text([re.compile(r"Hobby (0\d|27|29)")] * 12)


def test_zero_and_chosen_values_stay(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators&interests=Hobby+03")
    status(page, "0 of 60 people")
    chosen = page.get_by_role("checkbox", name=re.compile("Hobby 03"))
    expect(chosen).to_be_checked()
    facet = page.locator("#facet-interests")
    expect(facet.locator(".option, .more .option")).to_have_count(30)
    expect(page.get_by_role("checkbox", name=re.compile("Laggard 0"))).to_be_visible()


@pytest.mark.slow
def test_each_kind_of_product_says_uses_prefers_adopts_within(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    section = page.locator("details.category", has_text="Smartphones")
    section.locator("> summary").click()
    expect(section.locator("h3")).to_have_text(["Use", "Prefers", "Adopts within"])
    section.get_by_role("checkbox", name=re.compile("^Uses")).check()
    status(page, "60 of 60 people")
    section.get_by_role("checkbox", name=re.compile("Google Pixel")).check()
    status(page, "30 of 60 people")
    section.get_by_label("to", exact=True).fill("3")
    status(page, "10 of 60 people")
    expect(page.get_by_label("Active filters")).to_contain_text("Smartphones: product Google Pixel")
    section.get_by_role("checkbox", name=re.compile("^Does not use")).check()
    section.get_by_role("checkbox", name=re.compile("^Uses")).uncheck()
    status(page, "0 of 60 people")


def test_the_order_can_be_chosen(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    page.get_by_label("Sort").select_option("Age, highest first")
    expect(page.locator("#cards .card h3").first).to_have_text("P0059")
    expect(page).to_have_url(f"{address}/?q=innovators&sort=-age")
    assert ids(page) == [f"P{n:04}" for n in range(59, 0, -5)]
    page.go_back()
    expect(page.get_by_label("Sort")).to_have_value("")
