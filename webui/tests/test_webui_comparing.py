"""People side by side: what is shown beside plain Python's opinion of their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from itertools import combinations
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from techfinder import Profile, StoreUnavailable, Value
from techfinder.finder import Finder
from techfinder_webui.comparing import Chosen, compare_url

Site = Callable[..., AbstractContextManager[FlaskClient]]
TRIO = ("P0001", "P0029", "P0058")


def text(html: str) -> str:
    """What is read of a piece of a page."""
    shown = re.sub(r'<span class="who".*?</span>', "", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown))).strip()


def table(page: str) -> dict[str, list[str]]:
    """The cells of each row by group and label; the last one tells the difference."""
    found: dict[str, list[str]] = {}
    for body in re.findall(r'<tbody role="rowgroup">(.*?)</tbody>', page, re.DOTALL):
        head, *rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
        for row in rows:
            label = text(re.findall(r"<th[^>]*>(.*?)</th>", row, re.DOTALL)[0])
            cells = [text(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
            found[f"{text(head)}: {label}"] = cells
    return found


def get(client: FlaskClient, *ids: str, status: int = 200, only: bool = False) -> str:
    answer = client.get(Chosen(ids, only).url("/"))
    assert answer.status_code == status
    return answer.text


@pytest.fixture(scope="module")
def trio(finder: Finder) -> tuple[Profile, ...]:
    return tuple(finder.collection().retrieve(TRIO))


def differs(values: list[Value | None]) -> bool:
    return len({frozenset(v) if isinstance(v, tuple) else v for v in values}) > 1


def test_every_value_and_every_difference(client: FlaskClient, finder: Finder, trio: tuple[Profile, ...]) -> None:
    page = get(client, *TRIO)
    shown, told = table(page), 0
    for attribute in (
        a for a in finder.schema.attributes.values() if not a.derived and a.part not in ("city", "state")
    ):
        values = [p.values.get(attribute.key) for p in trio]
        if all(v is None for v in values):
            continue
        told += 1
        part = attribute.label.removeprefix(f"{attribute.field.label}: ")
        cells = next(c for label, c in shown.items() if label.endswith(f": {part[:1].upper() + part[1:]}"))
        facts = [{f.key: f.text for f in finder.facts(p)}.get(attribute.key, "not known") for p in trio]
        assert [c.replace(" ,", ",") for c in cells[:3]] == facts
        assert (cells[3] != "the same") == differs(values), attribute.key
    assert len(shown) == told
    count = sum(cells[3] != "the same" for cells in shown.values())
    assert f"They differ in {count} of {told} fields." in text(page)
    assert shown["Person: Age"] == ["21 years", "49 years", "78 years", "57 years apart"]
    assert shown["Technology: Tech interest"][3] == "3 levels apart"
    only = table(get(client, *TRIO, only=True))
    assert only == {label: cells for label, cells in shown.items() if cells[3] != "the same"}


def test_bars_are_as_long_as_the_distance(client: FlaskClient, finder: Finder) -> None:
    page = get(client, *TRIO)
    found = {f.label: f for f in finder.compare(TRIO).fields if f.distance}
    rows = re.findall(r'<tr[^>]*>\s*<th scope="row"[^>]*>([^<]+)</th>(.*?)</tr>', page, re.DOTALL)
    widths = {label: w[0] for label, row in rows if (w := re.findall(r'class="fill" width="([\d.]+)%"', row))}
    assert set(widths) == set(found)
    for label, width in widths.items():
        assert float(width) == pytest.approx(max(100 * (found[label].distance or 0), 3), abs=0.06)


def test_tags_that_not_all_have_are_marked(client: FlaskClient) -> None:
    page = get(client, "P0000", "P0001")
    row = re.findall(r">Platforms</th>(.*?)</tr>", page, re.DOTALL)[0]
    assert re.findall(r"<mark>([^<]+)</mark>", row) == ["TikTok", "Reddit", "YouTube"]
    assert "<mark>" not in re.findall(r">Platforms</th>(.*?)</tr>", get(client, "P0000", "P0002"), re.DOTALL)[0]


def test_how_much_alike_each_two_are(client: FlaskClient, finder: Finder) -> None:
    page = get(client, *TRIO)
    vectors = finder.collection().vectors(TRIO)
    expected = [(f"{a} and {b}", f"{max(float(vectors[a] @ vectors[b]), 0):.0%}") for a, b in combinations(TRIO, 2)]
    assert re.findall(r"<li><span>([^<]+)</span><b>([^<]+)</b>", page) == expected


def test_somebody_is_left_out_and_added_by_links_and_a_form(client: FlaskClient) -> None:
    page = get(client, "P0001", "P0002", only=True)
    assert re.findall(r'class="leave" href="([^"]+)"', page) == [
        "/compare?ids=P0002&amp;only=differences",
        "/compare?ids=P0001&amp;only=differences",
    ]
    assert re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page) == [
        ("ids", "P0001"),
        ("ids", "P0002"),
        ("only", "differences"),
    ]
    assert "Add somebody" not in get(client, "P0001", "P0002", "P0003", "P0004")


def test_whom_to_add_is_alike(client: FlaskClient, finder: Finder) -> None:
    page = get(client, "P0007")
    hits = finder.similar(["P0007"]).hits[:4]
    assert re.findall(r'<a href="/compare\?ids=P0007&amp;ids=([^"]+)">Add', page) == [h.profile.id for h in hits]
    assert "Choose somebody to put beside P0007." in page


def test_what_a_form_sends_becomes_the_short_form(client: FlaskClient) -> None:
    answer = client.get("/compare?ids=+P0001+&ids=&ids=P0002&ids=P0001&only=x&other=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, compare_url("/", ["P0001", "P0002"]))
    assert client.get("/compare").status_code == 200


def test_who_does_not_exist_is_told_and_the_others_stay(client: FlaskClient) -> None:
    page = get(client, "P0001", "nobody", "P0002", status=404)
    assert "There is no such person" in page
    assert "2 people side by side" in page
    alone = get(client, "nobody", status=404)
    assert "Compare people" in alone
    assert "Difference" not in alone


def test_no_more_than_four(client: FlaskClient) -> None:
    page = get(client, *(f"P000{n}" for n in range(6)))
    assert "At most 4 are put side by side" in page
    assert "4 people side by side" in page


def test_who_does_not_use_a_kind_of_product_has_none_of_it(tmp_path: Path, site: Site) -> None:
    rows: list[dict[str, object]] = [
        {"user_id": "A", "laptop_preferred_product": "MacBook", "laptop_adoption_timing": 3},
        {"user_id": "B", "laptop_preferred_product": "None", "laptop_adoption_timing": -1},
        {"user_id": "C", "age": 30},
    ]
    with site(tmp_path, rows=rows) as client:
        two, three = table(get(client, "A", "B")), table(get(client, "A", "B", "C"))
    assert two["Laptops: Product"] == ["MacBook", "none", "differs"]
    assert two["Laptops: Months after release"] == ["3 months", "none", "differs"]
    assert three["Laptops: Uses"] == ["yes", "no", "not known", "differs"]
    assert three["Person: Age"] == ["not known", "not known", "30 years", "not all known"]


def test_a_store_that_is_away_is_told(client: FlaskClient, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(ids: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(finder, "compare", refuse)
    assert "The store is not available" in get(client, "P0001", "P0002", status=503)
