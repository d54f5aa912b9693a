"""Why somebody is found, and what keeps somebody from it: words and percents on the cards."""

from __future__ import annotations

import pytest

from techfinder import Hit, Profile, Share
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder_webui.address import Address
from techfinder_webui.pages import search_page
from techfinder_webui.reasons import Explainer


@pytest.mark.parametrize(
    "question",
    [
        "innovators in healthcare over 30, not on TikTok, ideally with an iPhone",
        "early adopters or laggards, ideally over 50, ideally in Seattle",
        "high tech interest in finance",
    ],
)
def test_what_a_match_is_made_of_adds_up_to_it(finder: Finder, question: str) -> None:
    with create_app(finder=finder).test_request_context():
        page = search_page(finder, Address(text=question), "/").page
    assert page.cards
    for card in page.cards:
        assert card.match is not None
        told = [int(r.percent.removesuffix("%").replace("under 1", "0")) for r in card.reasons]
        assert sum(told) == int(f"{100 * card.match.value:.0f}")
        assert [s.percent for s in card.segments] == [r.percent for r in card.reasons if r.held]


def test_equal_parts_are_rounded_so_that_they_add_up(finder: Finder) -> None:
    shares = tuple(Share(f"s{n}", f"Part {n}", 1 / 6) for n in range(4))
    hit = Hit(Profile("P0003", {}), 4 / 6 + 0.0765, (*shares, Share("meaning", "Meaning", 0.0765)))
    assert [r.percent for r in Explainer(finder, ()).explain(hit).reasons] == ["17%", "17%", "17%", "16%", "7%"]


def test_a_near_miss_names_the_condition_as_it_was_read(finder: Finder) -> None:
    with create_app(finder=finder).test_request_context():
        page = search_page(finder, Address(text="innovators in seatle over 78"), "/").page
    missed = {card.fails for card in page.near}
    assert missed
    assert all(len(fails) == 1 for fails in missed)
    assert {fails[0] for fails in missed} <= {
        "Location: city is Seattle",
        "Age over 78 years",
        "Adopter category is Innovator",
    }
