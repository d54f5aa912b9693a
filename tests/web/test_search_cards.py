"""Cards: what the match is made of, why this person, people like this one, near misses, nobody."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from search_site import NewPage, ids, status


def test_the_bar_of_shares_is_as_long_as_the_score(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators,+ideally+in+healthcare&age=30..")
    for card in page.locator("#cards .card").all():
        score = int(re.findall(r"(\d+)%", card.locator(".ring").get_attribute("aria-label") or "")[0])
        widths = [float((r.get_attribute("width") or "0").rstrip("%")) for r in card.locator(".shares rect").all()[1:]]
        assert abs(sum(widths) - score) <= 0.6, (score, widths)
        assert len(widths) in (3, 4)
    first = page.locator("#cards .card").first.locator(".shares")
    expect(first).to_have_accessible_name(re.compile(r"Match \d+%: innovators \d+%, healthcare \d+%, Age .*, Meaning"))


def test_gauges_show_interest_budget_proficiency_and_loyalty(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=high+tech+interest")
    card = page.locator("#cards .card").first
    for name in ("Tech interest: ", "Budget: ", "Technical proficiency: ", "Loyalty: Apple"):
        expect(card.get_by_role("img", name=re.compile(f"^{name}"))).to_be_visible()
    expect(card.locator(".gauge mark")).to_have_text(re.compile("High"))


def test_why_this_person_tells_what_holds_and_what_does_not(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators,+ideally+in+healthcare,+not+on+TikTok&gender=Male")
    last = page.locator("#cards .card").last
    last.get_by_text("Why this person").click()
    reasons = last.locator(".why li")
    expect(reasons).to_have_text(
        [
            re.compile(r"Holds: Adopter category is Innovator “innovators”\s*\d+%"),
            re.compile(r"Does not hold: Sector is Healthcare “healthcare” nice to have\s*0%"),
            re.compile(r"Holds: Platforms is not TikTok “TikTok”\s*\d+%"),
            re.compile(r"Holds: Gender is Male\s*\d+%"),
            re.compile(r"Holds: Meaning\s*(\d+|under 1)%"),
        ]
    )


def test_what_was_asked_for_is_marked_and_nothing_else(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=reddit+users+who+own+an+iPhone+or+a+Pixel+in+Austin")
    for card in page.locator("#cards .card").all():
        expect(card.locator("mark")).to_have_text(["Austin, TX", "Reddit", "Google Pixel"])
    page.goto(f"{address}/?q=not+on+reddit")
    expect(page.locator("#cards mark")).to_have_count(0)


def test_more_like_this_keeps_what_must_hold(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators")
    chosen = ids(page)[2]
    page.get_by_role("link", name=f"More like this ({chosen})").click()
    status(page, "11 of 60 people")
    expect(page.get_by_label("Active filters")).to_contain_text(f"Like {chosen}")
    assert chosen not in ids(page)
    assert len(ids(page)) == 11
    page.get_by_role("checkbox", name=re.compile("^Laggard")).check()
    status(page, "0 of 60 people")
    page.go_back()
    status(page, "11 of 60 people")
    page.get_by_role("link", name=re.compile(f"Like {chosen}")).click()
    status(page, "12 of 60 people")
    expect(page).to_have_url(f"{address}/?q=innovators")


def test_near_misses_stand_apart_and_name_what_they_lack(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+in+healthcare+over+75")
    shelf = page.get_by_role("region", name="Near misses")
    expect(shelf.locator(".fails").first).to_have_text(
        re.compile("^Misses: (Age over 75 years|Sector is Healthcare|Adopter category is Innovator)$")
    )
    assert shelf.locator(".card").count() + len(ids(page)) == 4


def test_nobody_says_why_and_one_click_finds_somebody(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/?q=innovators+over+110&gender=Male")
    status(page, "0 of 60 people")
    expect(page.locator(".nothing")).to_contain_text("No one in the data fulfils this: Age over 110 years.")
    page.get_by_role("link", name=re.compile(r"without Age over 110 years\s*6")).click()
    status(page, "6 of 60 people")
    page.go_back()
    page.get_by_role("link", name="Ask for all of it as nice to have").click()
    status(page, "30 of 60 people")
    expect(page.locator(".understood.wish")).to_have_count(2)
