"""The search page and every state of it, against a real index."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from techfinder import Gauge, GaugeEntry, Hit
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.testing.fakes import HashEncoder

FinderOf = Callable[[Path, EncoderEntry], Finder]
Site = Callable[..., AbstractContextManager[FlaskClient]]

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}


def ids(page: str) -> list[str]:
    """The profile ids on the cards, in order."""
    return re.findall(r'<li class="card" id="card-([^"]+)"', page)


def status(page: str) -> str:
    """The sentence that is read aloud."""
    found = re.search(r'id="status"[^>]*>([^<]*)<|hx-target="#status"[^>]*>([^<]*)<', page)
    assert found
    return (found[1] or found[2] or "").strip()


def gauge_values(page: str) -> list[int]:
    """The numbers in the match gauges, in percent."""
    return [int(v) for v in re.findall(r'aria-label="Match: (\d+)%"', page)]


# --- the search page ----------------------------------------------------------------------------


def test_without_a_question_everyone_is_shown_in_stored_order(client: FlaskClient) -> None:
    page = client.get("/").text
    assert status(page) == "60 people"
    assert ids(page) == [f"P{n:04}" for n in range(20)]
    assert gauge_values(page) == []


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_an_answer_says_which_generation_and_encoder_it_is_from(client: FlaskClient, headers: dict[str, str]) -> None:
    assert "Generation 1, encoder hash@1+crc32/64" in client.get("/?q=nurses", headers=headers).text


def test_a_question_ranks_and_shows_how_well_each_fits(client: FlaskClient) -> None:
    page = client.get("/?q=cheerful+company").text
    shown = gauge_values(page)
    assert len(shown) == 20
    assert shown == sorted(shown, reverse=True)
    assert "<title>cheerful company · techfinder</title>" in page


def test_filters_narrow_and_are_shown_as_chips_that_remove_them(client: FlaskClient) -> None:
    page = client.get("/?q=x&adopter_category=Innovator&adopter_category=Laggard&age=30..50").text
    assert status(page) == "9 of 60 people"
    removing = re.findall(r'<a class="chip" href="([^"]+)"', page)
    assert removing == [
        "/?q=x&amp;adopter_category=Laggard&amp;age=30..50",
        "/?q=x&amp;adopter_category=Innovator&amp;age=30..50",
        "/?q=x&amp;adopter_category=Innovator&amp;adopter_category=Laggard",
    ]
    assert re.search(r'value="Innovator" form="search" checked', page)
    assert re.search(r'name="age.min" value="30"', page)


def test_a_value_that_no_one_has_is_noted_with_a_link_to_what_was_meant(client: FlaskClient) -> None:
    page = client.get("/?q=x&location_state=WA&location_city=Seatle&limit=40").text
    assert "No one has Location: city &#39;Seatle&#39;. Did you mean &#39;Seattle&#39;?" in page
    assert status(page) == "0 of 60 people"
    (link,) = re.findall(r'<a href="([^"]+)"[^>]*>Search for Seattle instead</a>', page)
    assert link == "/?q=x&amp;location_state=WA&amp;location_city=Seattle"
    meant = client.get(link.replace("&amp;", "&")).text
    assert (status(meant), "No one has" in meant) == ("20 of 60 people", False)


def test_another_letter_case_ticks_the_value(client: FlaskClient) -> None:
    page = client.get("/?location_city=seattle").text
    assert status(page) == "20 of 60 people"
    assert re.search(r'value="Seattle" form="search" checked', page)
    assert 'type="hidden" name="location_city"' not in page


def test_facets_count_without_their_own_filter_and_list_zeros(client: FlaskClient) -> None:
    page = client.get("/?adopter_category=Innovator").text
    assert re.search(
        r'value="Laggard" form="search">\s*<span class="option-label">Laggard</span>\s*<span class="count">12<', page
    )
    assert re.search(
        r'value="Basic" form="search">\s*<span class="option-label">Basic</span>\s*<span class="count">0<', page
    )


def test_cards_tell_categories_apart_by_colour_icon_and_word(client: FlaskClient) -> None:
    page = client.get("/?limit=5").text
    badges = re.findall(r'<span class="badge (\S+)">.*?href="#i-(\w+)".*?</span>\s*([^<]+)</span>', page)
    assert badges == [
        ("tone-adopter_category-0", "anchor", "Laggard"),
        ("tone-adopter_category-1", "hourglass", "Late Majority"),
        ("tone-adopter_category-2", "people", "Early Majority"),
        ("tone-adopter_category-3", "star", "Early Adopter"),
        ("tone-adopter_category-4", "bulb", "Innovator"),
    ]


def test_every_icon_used_is_drawn(client: FlaskClient) -> None:
    page = client.get("/?q=x&age=30..40").text
    assert set(re.findall(r'href="#i-(\w+)"', page)) <= set(re.findall(r'<symbol id="i-(\w+)"', page))


def test_ids_on_the_page_are_unique(client: FlaskClient) -> None:
    found = re.findall(r'\sid="([^"]+)"', client.get("/?q=x&age=30..40&limit=60").text)
    assert sorted(found) == sorted(set(found))


def test_the_examples_of_the_schema_can_be_asked(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/").text
    assert len(finder.schema.examples) >= 4
    for text in finder.schema.examples:
        assert f">{text}</a>" in page
        assert client.get("/", query_string={"q": text}).status_code == 200


# --- people like somebody, no good match, plugins ------------------------------------------------


def test_people_like_somebody_are_a_search_of_their_own(client: FlaskClient) -> None:
    page = client.get("/?like=P0007&gender=Male&q=tech+sector").text
    assert status(page) == "9 of 60 people"
    assert "P0007" not in ids(page)
    assert re.search(r'<a class="chip" href="/\?q=tech\+sector&amp;gender=Male"', page)
    assert re.search(r'<input type="hidden" name="like" value="P0007" form="search">', page)
    assert "Most alike first" in page
    assert len(gauge_values(page)) == 9


def test_people_like_nobody_known_are_explained(client: FlaskClient) -> None:
    answer = client.get("/?like=nobody")
    assert answer.status_code == 404
    assert "There is no such person" in answer.text


def test_what_is_no_good_match_says_so(client: FlaskClient, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    found = finder.answer(finder.plan("cheerful"), near=4, bars=True)
    weak = replace(found, result=replace(found.result, weak=True))
    assert "No good match" not in client.get("/?q=cheerful").text
    monkeypatch.setattr(finder, "answer", lambda *_, **__: weak)
    assert "No good match" in client.get("/?q=cheerful").text


def test_a_plugins_gauge_is_on_every_card_and_a_broken_one_costs_only_itself(home: Path, site: Site) -> None:
    def age(hit: Hit) -> Gauge:
        return Gauge("youth", "Youth", 1 - float(str(hit.profile.values["age"])) / 100, "young")

    def broken(hit: Hit) -> Gauge:
        raise RuntimeError("no gauge")

    entries = [GaugeEntry("youth", "Youth", age), GaugeEntry("broken", "Broken", broken)]
    with site(home, gauges=entries) as client:
        page = client.get("/?limit=5").text
        assert page.count('aria-label="Youth: young"') == 5
        assert page.count('aria-label="Tech interest: ') == 5
        assert "Not working: fakes" in client.get("/").text


# --- people to compare, and everyone -------------------------------------------------------------


def test_people_are_picked_to_be_compared_and_stay_while_the_question_changes(client: FlaskClient) -> None:
    page = client.get("/?q=x&limit=5").text
    picks = re.findall(r'<a class="pick" href="([^"]+)"', page)
    assert len(picks) == 5
    assert 'aria-label="To compare"' not in page
    one = client.get(picks[0].replace("&amp;", "&")).text
    assert "Pick another to compare with" in one
    two = client.get("/?q=other&gender=Male&compare.id=P0001&compare.id=P0002", headers=PARTIAL).text
    assert '<a class="button go" href="/compare?ids=P0001&amp;ids=P0002">' in two
    assert re.findall(r'<input type="hidden" name="compare.id" value="([^"]+)" form="search">', two) == [
        "P0001",
        "P0002",
    ]
    assert re.findall(r'<a class="clear" href="([^"]+)"', two) == [
        "/?q=other&amp;compare.id=P0001&amp;compare.id=P0002"
    ]
    assert re.findall(r'<a class="chip" href="([^"]+)"', two.split('<section class="picks"')[1]) == [
        "/?q=other&amp;gender=Male&amp;compare.id=P0002",
        "/?q=other&amp;gender=Male&amp;compare.id=P0001",
    ]


def test_nobody_can_be_picked_where_four_are(client: FlaskClient) -> None:
    four = "&".join(f"compare.id=P000{n}" for n in range(4))
    page = client.get(f"/?{four}&limit=10").text
    assert len(re.findall(r'<a class="pick on"', page)) == 4
    assert re.findall(r'<a class="pick"', page) == []


def test_everyone_is_one_click_away_and_sorted_by_any_order(client: FlaskClient) -> None:
    assert 'href="/" aria-current="page">Everyone' in client.get("/").text
    for url in ("/?q=x", "/?gender=Male", "/people/P0003"):
        assert '<a href="/">Everyone</a>' in client.get(url).text
    page = client.get("/?sort=-smartphone_months&limit=3").text
    assert ids(page) == ["P0011", "P0023", "P0035"]
    assert "Smartphones, adopted latest first" in page


# --- pages of results ---------------------------------------------------------------------------


def test_show_more_keeps_what_is_there(client: FlaskClient) -> None:
    first = client.get("/?gender=Male").text
    more = re.search(r'<a class="button" href="([^"]+)"[^>]*>Show (\d+) more</a>', first)
    assert more
    assert (more[1], more[2]) == ("/?gender=Male&amp;limit=40", "9")
    longer = client.get(more[1].replace("&amp;", "&")).text
    assert ids(longer)[:20] == ids(first)
    assert len(ids(longer)) == 29
    assert "more</a>" not in longer


def test_a_sentence_may_say_how_many_and_more_follow(client: FlaskClient) -> None:
    page = client.get("/?q=top+5+men").text
    assert len(ids(page)) == 5
    more = re.search(r'<a class="button" href="([^"]+)"[^>]*>Show 20 more</a>', page)
    assert more
    longer = client.get(more[1].replace("&amp;", "&")).text
    assert len(ids(longer)) == 25
    assert ids(longer)[:5] == ids(page)


def test_pages_by_offset_lead_there_and_back(client: FlaskClient) -> None:
    page = client.get("/?limit=10&offset=20").text
    assert ids(page) == [f"P{n:04}" for n in range(20, 30)]
    assert re.findall(r'<a class="button" href="([^"]+)"', page) == [
        "/?limit=10&amp;offset=10",
        "/?limit=10&amp;offset=30",
    ]


# --- full page or part --------------------------------------------------------------------------


def test_htmx_gets_the_same_answer_as_the_full_page(client: FlaskClient) -> None:
    url = "/?q=Innovator&gender=Male"
    full, part = client.get(url), client.get(url, headers=PARTIAL)
    assert "<html" in full.text
    assert "<html" not in part.text
    assert (ids(full.text), status(full.text)) == (ids(part.text), status(part.text))
    assert "<title>Innovator · techfinder</title>" in part.text


def test_going_back_in_history_gets_the_full_page(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "full", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get("/?q=x", headers=headers).text


def test_both_kinds_of_answer_are_kept_apart_by_caches(client: FlaskClient) -> None:
    for headers in ({}, PARTIAL):
        answer = client.get("/?q=x", headers=headers)
        assert {v.strip() for v in answer.headers["Vary"].split(",")} >= {"HX-Request", "HX-Request-Type"}
        assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("current", "header"),
    [("/", "HX-Push-Url"), ("/?q=nurse", "HX-Replace-Url"), ("/?q=nurses", None), ("/?gender=Male", "HX-Push-Url")],
)
def test_the_browser_gets_the_short_url(client: FlaskClient, current: str, header: str | None) -> None:
    headers = PARTIAL | {"HX-Current-URL": f"http://localhost{current}"}
    answer = client.get("/?q=nurses&age.min=&age.max=", headers=headers)
    sent = {name: answer.headers[name] for name in ("HX-Push-Url", "HX-Replace-Url") if name in answer.headers}
    assert sent == ({header: "/?q=nurses"} if header else {})


def test_a_form_sent_without_javascript_lands_on_the_short_url(client: FlaskClient) -> None:
    answer = client.get("/?q=x&age.min=30&age.max=&annual_income.min=&annual_income.max=&gender=Male")
    assert (answer.status_code, answer.location) == (302, "/?q=x&gender=Male&age=30..")
    assert status(client.get(answer.location).text) == "24 of 60 people"


# --- when something is missing or wrong ---------------------------------------------------------


def test_no_match_suggests_removing_a_filter(client: FlaskClient) -> None:
    page = client.get("/?adopter_category=Innovator&technical_proficiency=Basic").text
    assert status(page) == "0 of 60 people"
    assert "No people fit all of this" in page
    assert "but no one fulfils all of them at once" in page
    ways = re.findall(
        r'<li><a href="([^"]+)"[^>]*><span>without <b>([^<]+)</b></span><span class="way-count">(\d+)', page
    )
    assert ways == [
        ("/?technical_proficiency=Basic", "Adopter category is Innovator", "12"),
        ("/?adopter_category=Innovator", "Technical proficiency is Basic", "12"),
    ]


def test_beside_somebody_nobody_else_is_counted_and_the_reason_says_so(client: FlaskClient) -> None:
    """P0003 is the only one of age 23: not found, so not counted, nor offered as a way out."""
    page = client.get("/?like=P0003&age=23..24").text
    assert status(page) == "1 of 60 people"
    counted = re.findall(r'"option-label">(Female|Male)</span>\s*<span class="count">(\d+)', page)
    assert dict(counted) == {"Female": "1", "Male": "0"}
    assert status(client.get("/?like=P0003&like=P0004").text) == "58 people besides P0003 and P0004"
    assert status(client.get("/?q=like+P0003,+not+like+P0004&like=P0005").text) == "57 people besides these 3"
    page = client.get("/?like=P0003&age=23..23").text
    assert "No one else in the data fulfils this: Age 23 years." in page
    page = client.get("/?like=P0003&age=23..23&gender=Male").text
    assert "but no one else fulfils all of them at once" in page


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_a_filter_that_is_not_understood_is_explained_in_place(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get("/?gender=Male&age=nonsense", headers=headers)
    assert answer.status_code == 400
    assert "nonsense" in answer.text
    assert 'role="alert"' in answer.text
    assert '<input type="hidden" name="age" value="nonsense" form="search">' in answer.text
    assert 'href="/?gender=Male"' in answer.text


def test_an_unknown_filter_names_what_there_is(client: FlaskClient) -> None:
    answer = client.get("/?gendr=Male")
    assert answer.status_code == 400
    assert "gender" in answer.text


def test_nothing_indexed_names_the_command(tmp_path: Path, finder_of: FinderOf) -> None:
    client = create_app(finder=finder_of(tmp_path, HashEncoder().entry())).test_client()
    for url in ("/", "/people/P0001"):
        answer = client.get(url)
        assert "Nothing is indexed yet" in answer.text
        assert "techfinder index" in answer.text


def test_a_closed_store_is_a_banner(home: Path, finder_of: FinderOf) -> None:
    finder = finder_of(home, HashEncoder().entry())
    client = create_app(finder=finder).test_client()
    assert client.get("/").status_code == 200
    finder.collection().close()
    answer = client.get("/")
    assert answer.status_code == 503
    assert "The store is not available" in answer.text


def test_warming_up_shows_people_at_once_and_ranks_when_ready(
    home: Path, finder_of: FinderOf, gated_encoder: EncoderEntry, gate: threading.Event
) -> None:
    finder = finder_of(home, gated_encoder)
    client = create_app(finder=finder).test_client()
    page = client.get("/?q=cheerful").text
    assert "Warming up: ranking by meaning starts in a few seconds" in page
    assert re.search(r'id="warming"[^>]*hx-get="/\?q=cheerful" hx-trigger="every 1s"', page)
    assert ids(page) == [f"P{n:04}" for n in range(20)]
    assert gauge_values(page) == []
    gate.set()
    finder.load_encoder()
    part = client.get("/?q=cheerful", headers=PARTIAL | {"HX-Current-URL": "http://localhost/?q=cheerful"})
    assert "Warming up" not in part.text
    assert len(gauge_values(part.text)) == 20
    assert "HX-Push-Url" not in part.headers


def test_an_encoder_of_another_kind_leaves_filters_working(home: Path, finder_of: FinderOf) -> None:
    finder = finder_of(home, HashEncoder(revision="other").entry())
    finder.load_encoder()
    page = create_app(finder=finder).test_client().get("/?q=cheerful&gender=Male")
    assert page.status_code == 200
    assert "Ranking by meaning is not available" in page.text
    assert status(page.text) == "29 of 60 people"


def test_an_address_that_nobody_answers_has_a_page_that_leads_back(client: FlaskClient) -> None:
    answer = client.get("/nowhere/<b>")
    assert answer.status_code == 404
    assert "There is no page at this address." in answer.text
    assert 'href="/"' in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert client.get("/api/v1/nowhere").get_json()["status"] == 404


def test_words_that_only_rank_are_told_not_to_where_likeness_does(client: FlaskClient) -> None:
    assert "these words only rank by meaning" in client.get("/?q=cheerful+nurses").text
    for page in (
        client.get("/?q=cheerful+nurses&like=P0003").text,
        client.get("/lookalike?q=cheerful&like=P0003").text,
    ):
        assert "No field holds &#39;cheerful&#39;; beside likeness these words do not rank." in page
        assert "only rank by meaning" not in page


def test_a_page_after_the_last_leads_back_to_it(client: FlaskClient) -> None:
    page = client.get("/?offset=2000&q=nurses").text
    assert status(page) == "20 of 60 people"
    assert "Nobody comes after place 20" in page
    assert '<a class="button" href="/?q=nurses" hx-get="/?q=nurses">Previous</a>' in page
    assert 'href="/?offset=40"' in client.get("/?offset=60").text
    assert 'href="/?offset=20"' in client.get("/?offset=40").text


def test_why_nobody_else_can_be_picked_is_said(client: FlaskClient) -> None:
    four = "&".join(f"compare.id=P{n:04}" for n in range(4))
    assert "More do not fit side by side" in client.get(f"/?{four}").text
    assert "More do not fit side by side" not in client.get("/?compare.id=P0001&compare.id=P0002").text


@pytest.mark.parametrize("typed", ["P0003", "p0003", "P0003&gender=Male"])
def test_an_id_as_the_question_leads_to_whose_it_is(client: FlaskClient, typed: str) -> None:
    page = client.get(f"/?q={typed}").text
    assert '<a href="/people/P0003">Open P0003</a>' in page
    assert "/?like=P0003" in page
    assert "was not read" not in page
    assert "No good match" not in page


@pytest.mark.parametrize("question", ["P9999", "nurses+P0003", "innovators", "like+P0003"])
def test_other_questions_lead_to_nobody(client: FlaskClient, question: str) -> None:
    assert "Open P" not in client.get(f"/?q={question}").text


def test_whom_not_to_be_like_is_shown_and_only_what_can_be_cleared_offers_it(client: FlaskClient) -> None:
    page = client.get("/?q=like+P0003,+not+like+P0004").text
    assert '<span class="chip-label">Not like</span> P0004' in page
    assert "Clear all" not in page  # the sentence says it, and stays
    assert "Clear all" in client.get("/?q=nurses&like=P0003").text
    assert "Clear all" in client.get("/?q=like+P0003&gender=Male").text
