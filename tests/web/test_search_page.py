"""The search page as a person uses it: a real server, a real browser, nothing in the console.

The pages' policy forbids eval, so waiting is done by Playwright's ``expect`` only.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from search_site import GATE, NewPage, environment, ids, served, status


def test_typing_shows_who_fits_and_filters_and_back_work(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    status(page, "60 people")
    box = page.get_by_role("searchbox")
    box.press_sequentially("cheerful company", delay=15)
    expect(page.locator(".ring")).to_have_count(20)
    expect(page).to_have_url(f"{address}/?q=cheerful+company")
    expect(page).to_have_title("cheerful company · techfinder")
    expect(box).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("60 people")
    best = page.locator(".card").first
    expect(best.get_by_role("img", name=re.compile(r"^Match: \d+%$"))).to_be_visible()
    ranked = ids(page)

    page.get_by_role("checkbox", name=re.compile("Early Adopter")).check()
    status(page, "12 of 60 people")
    page.get_by_role("checkbox", name=re.compile("Innovator")).check()
    status(page, "24 of 60 people")
    expect(page.get_by_role("checkbox", name=re.compile("Innovator"))).to_be_focused()
    expect(page).to_have_url(
        re.compile(r"\?q=cheerful\+company&adopter_category=Early\+Adopter&adopter_category=Innovator$")
    )

    page.go_back()
    status(page, "12 of 60 people")
    expect(page.get_by_role("checkbox", name=re.compile("Innovator"))).not_to_be_checked()
    page.go_back()
    status(page, "60 people")
    assert ids(page) == ranked
    expect(page.get_by_role("searchbox")).to_have_value("cheerful company")
    page.go_back()
    expect(page.locator(".ring")).to_have_count(0)
    expect(page).to_have_url(f"{address}/")
    page.go_forward()
    expect(page.locator(".ring")).to_have_count(20)
    assert ids(page) == ranked


def test_a_range_narrows_while_its_section_stays_open_and_its_chip_removes_it(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    page.locator("#facet-age > summary").click()
    page.locator("#facet-age-min").fill("30")
    status(page, "50 of 60 people")
    page.locator("#facet-age-max").fill("39")
    status(page, "10 of 60 people")
    expect(page).to_have_url(f"{address}/?age=30..39")
    expect(page.locator("#facet-age-max")).to_be_focused()
    page.get_by_role("link", name=re.compile("Age 30 to 39")).click()
    status(page, "60 people")
    expect(page.locator("#facet-age-min")).to_have_value("")
    expect(page.locator("#facet-age-min")).to_be_visible()


def test_which_page_is_open_follows_the_question(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(address)
    current = page.locator("#nav [aria-current=page]")
    expect(current).to_have_text("Everyone")
    page.locator("#q").fill("innovators")
    status(page, "12 of 60 people")
    expect(current).to_have_count(0)
    page.locator("#q").fill("")
    status(page, "60 people")
    expect(current).to_have_text("Everyone")


def test_a_question_is_seen_whole_and_its_icon_while_it_is_typed(address: str, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/?q=early+adopters+in+healthcare,+not+on+TikTok,+ideally+with+a+high+budget")
    box = page.locator("#q")
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth")
    box.focus()
    icon = Image.open(io.BytesIO(page.locator(".box > .icon").screenshot())).convert("L")
    assert icon.getextrema()[1] - icon.getextrema()[0] > 60  # not hidden behind the box


def test_show_more_adds_cards_and_a_card_leads_to_the_profile(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?gender=Male")
    page.get_by_role("link", name="Show 10 more").click()
    expect(page.locator(".card")).to_have_count(30)
    expect(page).to_have_url(f"{address}/?gender=Male&limit=40")
    page.get_by_role("link", name="P0059", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("P0059")
    page.go_back()
    expect(page.locator(".card")).to_have_count(30)


def test_without_javascript_it_is_a_form_with_the_same_results(address: str, new_page: NewPage) -> None:
    live, plain = new_page(), new_page(java_script_enabled=False)
    plain.goto(address)
    plain.get_by_role("searchbox").fill("cheerful company")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("checkbox", name=re.compile("Innovator")).check()
    plain.locator("#facet-age > summary").click()
    plain.locator("#facet-age-min").fill("30")
    plain.get_by_role("button", name="Apply filters").click()
    expect(plain).to_have_url(f"{address}/?q=cheerful+company&adopter_category=Innovator&age=30..")
    live.goto(plain.url)
    assert ids(plain) == ids(live)
    assert len(ids(plain)) == 10


def test_cards_are_there_while_the_encoder_loads_and_rank_themselves(
    site_home: Path, tmp_path: Path, new_page: NewPage
) -> None:
    gate = tmp_path / "ready"
    with served(environment(site_home) | {GATE: str(gate)}) as address:
        page = new_page()
        page.goto(address)
        page.get_by_role("searchbox").fill("cheerful company")
        expect(page.get_by_text("Warming up: ranking by meaning starts in a few seconds")).to_be_visible()
        expect(page.locator(".card")).to_have_count(20)
        gate.touch()
        expect(page.locator(".ring")).to_have_count(20)
        expect(page.locator("#warming")).to_have_count(0)
        expect(page).to_have_url(f"{address}/?q=cheerful+company")
        page.close()
