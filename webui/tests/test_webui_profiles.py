"""The page of one person: every number on it beside plain counting over everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from plain_counts import rank
from techfinder import (
    Attribute,
    FieldStanding,
    FingerprintMismatch,
    Profile,
    QueryPlan,
    Schema,
    StandingBar,
    load_schema,
)
from techfinder.finder import Finder
from techfinder_webui.adoptions import axis_ticks, lanes
from techfinder_webui.standings import number_text, share_text, standing_words, strip

Site = Callable[..., AbstractContextManager[FlaskClient]]
SCHEMA = load_schema()


def sections(page: str) -> dict[str, str]:
    """The parts of a page by the id that names them."""
    parts = re.split(r'(?=<section[^>]*aria-labelledby=")', page)[1:]
    return {re.findall(r'aria-labelledby="([^"]+)"', part)[0]: part for part in parts}


def cells(table: str) -> list[list[str]]:
    """The texts of a table's rows."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    return [[text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def text(html: str) -> str:
    """What is read of a piece of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def plain(schema: Schema, people: list[Profile], profile: Profile, attribute: Attribute) -> tuple[int, int, int]:
    """How many have less, the same, more."""
    values = [rank(attribute, p.values[attribute.key]) for p in people if attribute.key in p.values]
    own = rank(attribute, profile.values[attribute.key])
    return sum(v < own for v in values), sum(v == own for v in values), sum(v > own for v in values)


@pytest.fixture(scope="module")
def people(finder: Finder) -> list[Profile]:
    return finder.collection().browse([], [], 1000)


@pytest.mark.parametrize("number", [0, 3, 29, 58])
def test_every_count_is_what_plain_counting_says(
    client: FlaskClient, finder: Finder, people: list[Profile], number: int
) -> None:
    profile, schema = people[number], finder.schema
    part = sections(client.get(f"/people/{profile.id}").text)["standing"]
    head, *rows = cells(re.findall(r'<table class="counts"[^>]*>.*?</table>', part, re.DOTALL)[0])
    assert head == ["Field", "Value", "Below", "The same", "Above", "Known", "Percentile"]
    labels = {a.label: a for a in schema.attributes.values() if a.field.kind != "adoption" and not a.derived}
    ordered = [a for a in labels.values() if a.key in profile.values and rank(a, profile.values[a.key]) is not None]
    assert [row[0] for row in rows] == [a.label for a in ordered]
    for row, attribute in zip(rows, ordered, strict=True):
        below, same, above = plain(schema, people, profile, attribute)
        known = below + same + above
        assert row[2:6] == [str(n) for n in (below, same, above, known)]
        assert float(row[6]) == pytest.approx(100 * (below + same / 2) / known, abs=0.051)


def test_words_and_bars_say_the_same(client: FlaskClient, finder: Finder, people: list[Profile]) -> None:
    profile = people[29]
    part = sections(client.get(f"/people/{profile.id}").text)["standing"]
    rows = re.findall(
        r"<tr role[^>]*>(.*?)</tr>", re.findall(r'<table class="standing"[^>]*>.*?</table>', part, re.DOTALL)[0], re.S
    )
    age = next(row for row in rows if ">Age<" in row)
    below, same, above = plain(finder.schema, people, profile, finder.schema.attribute("age"))
    assert (below, same, above) == (29, 1, 30)
    assert "Lower than 50%" in text(age)
    assert "48% lower" in text(age)
    bars = re.findall(
        r'<title>(\d+) to (\d+): (\d+)</title>.*?class="bar( mine)?" .*?height="([\d.]+)%"', age, re.DOTALL
    )
    counts = [sum(int(low) <= 20 + n <= int(high) for n in range(60)) for low, high, *_ in bars]
    assert [int(b[2]) for b in bars] == counts
    assert sum(counts) == 60
    assert [b[3] for b in bars] == [" mine" if int(low) <= 49 <= int(high) else "" for low, high, *_ in bars]
    assert [float(b[4]) for b in bars] == [pytest.approx(100 * n / max(counts), abs=0.1) for n in counts]


def test_gauges_say_where_they_stand(client: FlaskClient) -> None:
    page = client.get("/people/P0003").text
    row = text(re.findall(r'<ul class="gauge-row".*?</ul>', page, re.DOTALL)[0])
    assert "Tech interest High Higher than 60%" in row
    assert "Technical proficiency Advanced Higher than 60%" in row


def test_who_is_most_alike_comes_from_the_store(client: FlaskClient, finder: Finder) -> None:
    part = sections(client.get("/people/P0007").text)["alike"]
    hits = finder.similar(["P0007"], plan=QueryPlan(limit=4)).hits
    assert re.findall(r'<a href="/people/([^"]+)"', part) == [h.profile.id for h in hits]
    assert re.findall(r"(\d+)% alike", part) == [f"{100 * h.score:.0f}" for h in hits]


def test_raw_values_and_the_link_are_those_of_the_profile(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/people/P0007").text
    raw = json.loads(unescape(re.findall(r"<code>(.*?)</code>", page, re.DOTALL)[0]))
    answer = client.get(re.findall(r'<a href="([^"]+)">The same from the API', page)[0]).get_json()
    assert raw == answer["profile"]
    assert 'value="http://localhost/people/P0007"' in page


def test_levels_units_and_what_is_not_known(client: FlaskClient) -> None:
    page = client.get("/people/P0003").text
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", page))
    assert text(facts["Adopter category"]) == "Early Adopter 4 of 5"
    assert text(facts["Age"]) == "23 years"
    assert text(facts["Annual income"]) == "43,000 USD"
    unknown = re.findall(r"Not known: ([^<]+)<", page)[0].split(", ")
    assert {"Education", "Interests", "Persona"} < set(unknown)
    assert not set(unknown) & {unescape(label) for label in facts}


def test_an_attack_is_only_text(client: FlaskClient, attack: str) -> None:
    page = client.get("/people/" + quote(attack, safe="")).text
    assert "<script>alert(1)" not in page
    assert "onload=x {{" not in re.sub(r">[^<]*<|\"[^\"]*\"", "", page)
    raw = json.loads(unescape(re.findall(r"<code>(.*?)</code>", page, re.DOTALL)[0]))
    assert raw["job_sector"] == attack


def test_what_cannot_be_told_beside_a_profile_costs_only_itself(
    client: FlaskClient, finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(profile_id: str) -> None:
        raise FingerprintMismatch("Index again.")

    monkeypatch.setattr(finder, "standing", refuse)
    answer = client.get("/people/P0003")
    assert answer.status_code == 200
    assert "Index again." in answer.text
    assert "23 years" in answer.text
    assert {"standing", "alike"}.isdisjoint(sections(answer.text))


# --- adoption -------------------------------------------------------------------------------------


ADOPTERS: list[dict[str, object]] = [
    {"user_id": f"A{n}", "smartphone_uses": "yes", "smartphone_adoption_timing": n, "smartphone_adopted_on": day}
    for n, day in enumerate(("2024-05-06", "2023-01-31", "2025-12-01", "2022-02-02"))
]
ADOPTERS[1] |= {"laptop_preferred_product": "MacBook", "laptop_adoption_timing": 30, "vrar_preferred_product": "None"}
ADOPTERS[1] |= {"laptop_adopted_on": "2021-07-01", "vrar_adoption_timing": -1, "wearable_uses": "yes"}


def test_adoption_in_months_and_in_order_of_time(tmp_path: Path, site: Site) -> None:
    with site(tmp_path, rows=ADOPTERS) as client:
        part = sections(client.get("/people/A1").text)["adoption"]
        only = sections(client.get("/people/A2").text)["adoption"]
    rows = {row[0]: row[2] for row in cells(re.findall(r"<table.*?</table>", part, re.DOTALL)[0])[1:]}
    assert rows == {
        "Smartphones": "1 month after release Earlier than 50% ; 25% earlier",
        "Laptops MacBook": "30 months after release The same as everybody",
        "Smart home": "not known",
        "Wearables": "uses it; when is not known",
        "VR/AR": "does not use any",
    }
    assert re.findall(r'cx="([\d.]+)%"', part) == [f"{100 * m / 31:.2f}".rstrip("0") for m in (1.5, 30.5)]
    assert re.findall(r'<text x="([\d.]+)%"[^>]*>(\d+)</text>', part) == [
        (str(round(100 * m / 31, 2)), str(m)) for m in (0, 6, 12, 18, 24, 30)
    ]
    assert re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', part) == [
        ("2021-07-01", "1 July 2021"),
        ("2023-01-31", "31 January 2023"),
    ]
    assert re.findall(r'<time datetime="([^"]+)">', only) == ["2025-12-01"]


def test_without_any_months_there_is_no_axis() -> None:
    profile = Profile("x", {"smartphone_uses": "no"})
    assert axis_ticks(SCHEMA, ()) == ()
    made = {lane.label: lane for lane in lanes(SCHEMA, profile, ())}
    assert (made["Smartphones"].text, made["Laptops"].text) == ("does not use any", "not known")
    assert {lane.x for lane in made.values()} == {None}


# --- words ----------------------------------------------------------------------------------------


def found(key: str, below: int, same: int, above: int, *bars: Any) -> FieldStanding:
    return FieldStanding(key, "L", "", False, "t", below, same, above, tuple(StandingBar(*b) for b in bars))


@pytest.mark.parametrize(
    ("key", "counts", "words"),
    [
        ("age", (60, 10, 30), ("Higher than 60%", "10% the same, 30% higher")),
        ("age", (30, 1, 69), ("Lower than 69%", "30% lower")),
        ("age", (0, 1, 99), ("The lowest", "")),
        ("age", (99, 1, 0), ("The highest", "")),
        ("age", (0, 20, 80), ("The lowest", "shared by 20%")),
        ("age", (0, 7, 0), ("The same as everybody", "")),
        ("age", (9996, 1, 3), ("Higher than 9,996 of 10,000", "3 of 10,000 higher")),
        ("tech_interest", (50, 25, 25), ("Higher than 50%", "25% the same, 25% higher")),
        ("smartphone_months", (20, 10, 70), ("Earlier than 70%", "10% the same, 20% earlier")),
        ("smartphone_months", (90, 10, 0), ("The latest", "shared by 10%")),
        ("smartphone_adopted_on", (70, 1, 29), ("Later than 70%", "29% later")),
    ],
)
def test_standing_in_words(key: str, counts: tuple[int, int, int], words: tuple[str, str]) -> None:
    assert standing_words(SCHEMA.attribute(key), found(key, *counts)) == words


@pytest.mark.parametrize(
    ("count", "whole", "shown"),
    [
        (0, 1000, "0%"),
        (1000, 1000, "100%"),
        (4, 1000, "4 of 1,000"),
        (5, 1000, "5 of 1,000"),
        (6, 1000, "1%"),
        (996, 1000, "996 of 1,000"),
    ],
)
def test_small_shares_are_told_as_counts(count: int, whole: int, shown: str) -> None:
    assert share_text(count, whole) == shown


def test_a_strip_tells_each_bar() -> None:
    made = strip(found("age", 3, 1, 0, (0, 17, 3, False), (18, 18, 0, False), (19, 1000, 1, True)))
    assert made.text == "L: 0 to 17: 3, 18: 0, 19 to 1,000: 1"
    assert [(b.height, b.mine) for b in made.bars] == [(100, False), (0, False), (33.3, True)]
    assert (made.low, made.high) == ("0", "1,000")
    assert [number_text(n) for n in (3.0, 0.25, 12345.678, "High")] == ["3", "0.25", "12,346", "High"]


def test_a_profile_shows_every_fact(client: FlaskClient, finder: Finder) -> None:
    profile = finder.profile("P0003")
    assert profile
    page = client.get("/people/P0003").text
    for fact in finder.facts(profile):
        if finder.schema.attribute(fact.key).field.kind != "adoption":
            assert re.search(rf"<dd>{re.escape(fact.text)}( <span[^<]*</span>)?</dd>", page)
    assert ">Google Pixel<" in page
    assert "3 months after release" in page
    assert page.count('class="gauge-bar" role="img"') == 2
    assert "Early Adopter</span>" in page


def test_an_unknown_profile_is_a_page_that_says_so(client: FlaskClient) -> None:
    answer = client.get("/people/nobody")
    assert answer.status_code == 404
    assert "No one here has the id nobody" in answer.text
