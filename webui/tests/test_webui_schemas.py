"""The page over a schema that has nothing to do with people: dates, open values, other words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from techfinder.interfaces import FilterEntry
from techfinder.options import OptionFilter
from techfinder.testing.fakes import ListSource

Site = Callable[..., AbstractContextManager[FlaskClient]]

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}

COMPANIES = """
name = "companies"
subject = ["company", "companies"]
id = "id"
field = [
  { name = "founded", kind = "date", label = "Founded" },
  { name = "industry", kind = "category", label = "Industry", open = true, values = [
    { name = "Finance", synonyms = ["banking"] }
  ] },
  { name = "size", kind = "scale", label = "Size", values = ["Small", "Medium", "Large"] },
  { name = "staff", kind = "number", label = "Staff" },
]
"""


def _companies(folder: Path) -> Path:
    """A schema file that has nothing to do with people."""
    path = folder / "companies.toml"
    path.write_text(COMPANIES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def companies(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of an app over four companies."""
    rows = [
        {"id": "C1", "founded": "2001-05-06", "industry": "Retail", "size": "Small", "staff": 12.5},
        {"id": "C2", "founded": "2004-02-29", "industry": "Retail", "size": "Medium", "staff": 2_000},
        {"id": "C3", "founded": "2010-01-01", "industry": "Finance", "size": "Large", "staff": 90_000},
        {"id": "C4", "industry": "<3", "size": "Large"},
    ]
    folder = tmp_path_factory.mktemp("companies")
    with site(folder / "home", schema_file=_companies(folder), rows=rows) as client:
        yield client


class Inputs(HTMLParser):
    """The attributes of every input of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "input":
            self.found.append({name: value or "" for name, value in attrs})


def sent(page: str) -> list[tuple[str, str]]:
    """What the page's form sends without JavaScript, as it arrived."""
    on = (i for i in Inputs(page).found if i.get("type") != "checkbox" or "checked" in i)
    return [(i["name"], i["value"]) for i in on if "name" in i]


def people(page: str) -> list[str]:
    """The profile ids on the cards, in order."""
    return re.findall(r'<li class="card" id="card-([^"]+)"', page)


@pytest.mark.parametrize(
    ("asked", "short"),
    [
        ("founded=2001..2004", "founded=2001-01-01..2004-12-31"),
        ("founded=%3E%3D2004-02", "founded=2004-02-01.."),
        ("founded=%3E2004", "founded=%3E2004"),
        ("industry=banking", "industry=Finance"),
        ("industry=%22%3C3%22", "industry=%22%3C3%22"),
        ("industry=retail", "industry=Retail"),
        ("industry=retial", "industry=retial"),
        ("size=Medium..", "size=Medium&size=Large"),
        ("size=%21Large", "size=%21Large"),
        ("staff=1k..100k", "staff=1000..100000"),
        ("staff=%211..13", "staff=%211..13"),
        ("staff=0..13&staff=1k..", "staff=0..13&staff=1k.."),
    ],
)
def test_the_form_asks_for_the_same_again_in_what_its_controls_hold(
    companies: FlaskClient, asked: str, short: str
) -> None:
    first = companies.get(f"/?{asked}")
    assert first.status_code == 200
    again = companies.get("/", query_string=sent(first.text), follow_redirects=True)
    assert again.status_code == 200
    assert again.request.query_string.decode() == short
    assert people(again.text) == people(first.text)


def test_dates_are_chosen_as_dates(companies: FlaskClient) -> None:
    page = companies.get("/").text
    assert "Known days: 2001-05-06 to 2010-01-01." in page
    inputs = [i for i in Inputs(page).found if i.get("name", "").startswith("founded.")]
    assert [(i["type"], i["name"], i["value"]) for i in inputs] == [
        ("date", "founded.min", ""),
        ("date", "founded.max", ""),
    ]
    chosen = companies.get("/?founded.min=2001-05-06&founded.max=2004-02-29", follow_redirects=True).text
    assert people(chosen) == ["C1", "C2"]
    assert re.search(r'type="date"[^>]*name="founded.max" value="2004-02-29"', chosen)


def test_a_schema_without_examples_shows_none(companies: FlaskClient) -> None:
    page = companies.get("/").text
    assert 'class="examples"' not in page
    assert "adopter" not in page


def test_levels_are_no_filters_of_the_panel(companies: FlaskClient) -> None:
    names = {i["name"].partition(".")[0] for i in Inputs(companies.get("/").text).found if "name" in i}
    assert names == {"q", "founded", "industry", "size", "staff"}


def test_a_sample_is_offered_where_it_can_be_made(site: Site, tmp_path: Path) -> None:
    sample = "techfinder index synthetic:"
    made = [ListSource([]).entry("synthetic")]
    schema = _companies(tmp_path)
    for sources, schema_file, offered in (([], None, False), (made, None, True), (made, schema, False)):
        with site(tmp_path / "home", sources=sources, schema_file=schema_file) as client:
            page = client.get("/").text
        assert "techfinder index" in page
        assert (sample in page) is offered


def test_a_filter_that_cannot_be_counted_leaves_a_page(site: Site, home: Path) -> None:
    # A range over what is neither a number nor a date: a plugin's fault that counting meets first.
    odd = FilterEntry("odd", "Odd", "Odd", "range", lambda: OptionFilter("odd", "Odd", []), field="gender")
    with site(home, filters=[odd]) as client:
        for headers in ({}, PARTIAL):
            answer = client.get("/", headers=headers)
            assert (answer.status_code, answer.mimetype) == (400, "text/html")
            assert "gender_day" in answer.text
            assert 'role="alert"' in answer.text


def test_a_date_has_a_histogram_and_an_editor_of_days(companies: FlaskClient) -> None:
    page = companies.get("/?q=founded+before+2005").text
    assert re.search(r'aria-label="Founded: [^"]*2001-01-01 to [^"]*: 1', page)
    assert re.search(r'name="edit\.set\.[0-9a-f]{8}\.max" value="2004-12-31" type="date"', page)


def test_the_strongest_loyalty_is_a_gauge_only_where_brands_are_known(companies: FlaskClient) -> None:
    assert 'class="gauge"' not in companies.get("/").text
