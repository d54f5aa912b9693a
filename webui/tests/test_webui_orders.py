"""Orders in words, and that the page tells the one that holds, whoever asked for it."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from techfinder import Sort, load_schema
from techfinder_webui.orders import order_words

SCHEMA = load_schema()


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("age", "Age, lowest first", "Age, highest first"),
        ("adopter_category", "Adopter category, lowest first", "Adopter category, highest first"),
        ("job_sector", "Sector, A first", "Sector, Z first"),
        ("smartphone_months", "Smartphones, adopted earliest first", "Smartphones, adopted latest first"),
        ("nothing", "nothing", "nothing, descending"),
    ],
)
def test_what_comes_first(key: str, first: str, last: str) -> None:
    assert order_words(SCHEMA, [Sort(field=key)]) == first
    assert order_words(SCHEMA, [Sort(field=key, descending=True)]) == last
    assert order_words(SCHEMA, [Sort(field=key), Sort(field="age")]) == f"{first}; then Age, lowest first"


@pytest.mark.parametrize(
    ("address", "told", "chosen"),
    [
        ("/?q=nurses+oldest+first", "Age, highest first", ""),
        ("/?q=top+5+by+income", "Annual income, highest first", ""),
        ("/?q=nurses&sort=-age", "Age, highest first", "-age"),
        ("/?gender=Male", "Stored order", ""),
        ("/?q=nurses", "Best match first", ""),
    ],
)
def test_the_page_tells_the_order_that_holds(client: FlaskClient, address: str, told: str, chosen: str) -> None:
    page = client.get(address).text
    ranking = re.search(r'class="ranking">([^<]+)', page)
    assert ranking
    assert f" \N{MIDDLE DOT} {told} \N{MIDDLE DOT} " in ranking[1]
    selected = re.findall(r'<option value="([^"]*)" selected>([^<]*)', page)
    others = {"Stored order": "As stored", "Best match first": "Best first"}
    assert selected == [(chosen, others.get(told, told))]
