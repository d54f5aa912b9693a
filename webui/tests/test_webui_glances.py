"""The audience at a glance and lookalikes: what stands on the pages is what the finder says."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import template_rendered
from flask.testing import FlaskClient

from techfinder import QueryPlan
from techfinder.finder import Finder
from techfinder_webui import glance_parts
from techfinder_webui.glance_addresses import GlanceAddress, LookalikeAddress
from techfinder_webui.glance_parts import AudiencePage, LookalikePage

Site = Callable[..., AbstractContextManager[FlaskClient]]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}


def rows_of(page: str, title: str) -> dict[str, tuple[str, str, str]]:
    """Count, share and lift by value of the table with this caption."""
    table = page.partition(f'<caption class="hush">{title}</caption>')[2].partition("</table>")[0]
    found = {}
    for row in re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", table, re.DOTALL):
        cells = [unescape(re.sub(r"<[^>]+>", "", c)).strip() for c in re.split(r"</t[hd]>", row)]
        label = re.sub(r"^\d(?=\D)", "", cells[0])
        found[label] = (cells[1], cells[2].split("of all")[0].strip(), cells[3])
    return found


@pytest.mark.parametrize(
    ("url", "headers", "template", "context"),
    [
        ("/audience?q=innovators", {}, "audience.html", AudiencePage),
        ("/audience?q=innovators", PARTIAL, "_audience.html", AudiencePage),
        ("/lookalike?like=P0003", {}, "lookalike.html", LookalikePage),
        ("/lookalike", {}, "lookalike.html", LookalikePage),
        ("/lookalike?like=P0003", PARTIAL, "_lookalike.html", LookalikePage),
    ],
)
def test_a_template_gets_exactly_its_context(
    client: FlaskClient, url: str, headers: dict[str, str], template: str, context: type
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def record(sender: object, template: Any, context: dict[str, Any], **_: object) -> None:
        seen.append((template.name, context))

    with template_rendered.connected_to(record, client.application):
        answer = client.get(url, headers=headers)
    assert answer.status_code == 200
    [(name, variables)] = seen
    assert name == template
    assert set(variables) - {"g", "request", "session"} == {f.name for f in fields(context)}


@pytest.mark.parametrize("name", glance_parts.__all__)
def test_every_field_is_explained(name: str) -> None:
    assert [f.name for f in fields(getattr(glance_parts, name)) if not f.metadata.get("help")] == []


# --- the audience -------------------------------------------------------------------------------------


def test_the_numbers_are_the_finders(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/audience?q=innovators").text
    assert re.search(r'id="status"[^>]*>12 of 60 people<', page)
    audience = finder.audience(finder.plan("innovators"))
    checked = 0
    for field in audience.fields:
        label = field.label + (f" ({field.unit})" if field.unit and field.unit not in field.label else "")
        shown = rows_of(page, label)
        for value in field.values[:6]:
            count, share, lift = shown[value.label]
            assert count == str(value.lift.count)
            assert share == f"{100 * value.lift.share:.1f} %"
            assert value.lift.lift is None or f"{value.lift.lift:.2f}" in lift
            checked += 1
    assert checked >= 60


def test_the_audience_is_without_those_named(client: FlaskClient, finder: Finder) -> None:
    first, second, *others = [h.profile.id for h in finder.search(QueryPlan(limit=14)).hits]
    page = client.get(f"/audience?like={first}&like={second}").text
    assert re.search(r'id="status"[^>]*>58 of 60 people<', page)
    table = page.partition('id="people-table"')[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row"><a href="[^"]*">(.*?)</a>', table) == others


def test_curve_and_map_are_there_and_named(client: FlaskClient) -> None:
    page = client.get("/audience?q=innovators").text
    assert (
        page.count('class="curve" role="img" aria-label="Adopter category from left to right: Innovator 100.0 %') == 1
    )
    assert page.count('class="map rows-8" role="img"') == 1
    assert rows_of(page, "Adopter category")["Innovator"][0] == "12"


def test_areas_under_the_curve_are_the_shares(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/audience?age=30..60").text
    audience = finder.audience(finder.plan("", {"age": ["30..60"]}))
    [curve] = audience.curves
    paths = [re.findall(rf'<path class="{kind}" d="([^"]+)"', page) for kind in ("all", "these")]
    areas = [[area(path) for path in found] for found in paths]
    whole = sum(areas[0])
    for value, base, people in zip(curve.values[::-1], *areas, strict=True):
        assert base / whole == pytest.approx(value.lift.base_share, abs=0.01)
        assert people / whole == pytest.approx(value.lift.share, abs=0.01)


def area(path: str) -> float:
    """The area that a path of straight lines encloses."""
    numbers = [float(n) for n in re.findall(r"[\d.]+", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    turned = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in turned)) / 2


def test_what_was_asked_for_does_not_stand_out(client: FlaskClient) -> None:
    page = client.get("/audience?q=innovators").text
    notable = page.partition('id="notable-title"')[2].partition("</section>")[0]
    assert "Tech interest" in notable  # everybody of one stage has the same here
    assert "Adopter" not in notable


def test_sections_are_folded_but_for_the_one_that_stands_out_most(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/audience?q=innovators").text
    sections = re.findall(
        r'<details class="spreads open-arrow" id="section-\d+"( open)?>(.*?)</summary>', page, re.DOTALL
    )
    assert len(sections) > 3
    [unfolded] = [told for is_open, told in sections if is_open]
    fields = [f for f in finder.audience(finder.plan("innovators")).fields if "adopter" not in f.name]
    strongest = max((v for f in fields for v in f.values if v.lift.low), key=lambda v: v.lift.low or 0.0)
    assert strongest.label in unfolded
    assert f"{strongest.lift.lift:.2f} ×" in unfolded  # noqa: RUF001 (the sign for "times")
    assert all(told.count("<b>") <= 2 for _, told in sections)
    assert '<details class="table-section open-arrow" id="numbers">' in page


def test_everybody_is_compared_with_nobody(client: FlaskClient) -> None:
    page = client.get("/audience?table.whole=yes").text
    assert not re.search("Lift|of all |times as common|over-represented|Interval", page)
    assert 'class="base"' not in page
    assert "Lift" in client.get("/audience?q=innovators").text


def test_everybody_has_the_first_section_open(client: FlaskClient) -> None:
    page = client.get("/audience").text
    opened = re.findall(r'<details class="spreads open-arrow" id="section-(\d+)"( open)?>', page)
    assert [number for number, is_open in opened if is_open] == ["0"]


@pytest.mark.parametrize("asked", ["table.sort=-count", "table.whole=yes"])
def test_all_numbers_are_open_for_whoever_sorts_them(client: FlaskClient, asked: str) -> None:
    page = client.get(f"/audience?q=innovators&{asked}").text
    assert '<details class="table-section open-arrow" id="numbers" open>' in page


def test_a_value_leads_to_those_who_have_it_too(client: FlaskClient) -> None:
    page = client.get("/audience?q=innovators").text
    link = unescape(re.findall(r'href="(/audience\?[^"]*gender=[^"]*)"', page)[0])
    narrowed = client.get(link).text
    assert re.search(r'id="status"[^>]*>\d of 60 people<', narrowed)
    assert "Gender" in narrowed.partition("What these people fulfil")[2].partition("</ul>")[0]


@pytest.mark.parametrize("name", ["field", "value", "count", "share", "base", "lift", "low"])
def test_all_numbers_sort_by_each_column(client: FlaskClient, name: str) -> None:
    for order, reverse in ((name, False), (f"-{name}", True)):
        page = client.get(f"/audience?q=innovators&table.sort={order}&table.whole=yes").text
        table = page.partition('id="numbers-table"')[2].partition("</table>")[0]
        assert table.count(f'aria-sort="{"descending" if reverse else "ascending"}"') == 1
        column = ["field", "value", "count", "share", "base", "lift", "low"].index(name)
        rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]
        cells = [unescape(re.sub(r"<[^>]+>", "", r[column])).strip() for r in rows]
        keys: list[Any] = [c.casefold() for c in cells]
        if name not in ("field", "value"):
            keys = [float(found[0]) for c in cells if (found := re.search(r"[\d.]+", c.replace(",", "")))]
        assert keys == sorted(keys, reverse=reverse)
        assert len(keys) > 50


def test_people_stand_in_a_table_that_sorts(client: FlaskClient) -> None:
    page = client.get("/audience?q=innovators&sort=-age").text
    table = page.partition('id="people-table"')[2].partition("</table>")[0]
    ages = [int(n) for n in re.findall(r"(\d+) years", table)]
    assert len(ages) == 12
    assert ages == sorted(ages, reverse=True)
    assert 'aria-sort="descending"' in table


def test_nobody_and_everybody(client: FlaskClient) -> None:
    nobody = client.get("/audience?age=200..").text
    assert "0 of 60 people" in nobody
    assert "No people fit all of this" in nobody
    assert '<a href="/?age=200..">The search</a> says why' in nobody
    assert "<table" not in nobody
    assert "nan" not in nobody.casefold().replace("finance", "")
    assert "All 60 people" in client.get("/audience").text


def test_what_cannot_be_asked_is_told(client: FlaskClient) -> None:
    answer = client.get("/audience?age=nonsense")
    assert answer.status_code == 400
    assert "nonsense" in answer.text


# --- lookalikes ---------------------------------------------------------------------------------------


def cards(page: str) -> list[str]:
    return [unescape(i) for i in re.findall(r'<li class="card" id="card-([^"]+)"', page)]


def test_people_come_in_the_finders_order(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/lookalike?like=P0003&like=P0008&look.not=P0001").text
    found = finder.lookalikes(QueryPlan(like=("P0003", "P0008"), not_like=("P0001",)))
    assert cards(page) == [h.profile.id for h in found.hits]
    assert [int(n) for n in re.findall(r'class="alike-percent"><b>(\d+)', page)] == [
        round(100 * h.score) for h in found.hits
    ]
    stage = rows_of(page, "Adopter category")
    shared = next(a for a in found.attributes if a.name == "adopter_category")
    assert {v: numbers[0] for v, numbers in stage.items()} == {v.label: str(v.lift.count) for v in shared.values}


def test_a_page_without_anybody_says_what_to_do(client: FlaskClient) -> None:
    assert "Whom should they be like?" in client.get("/lookalike").text
    assert "Whom should they be like?" not in client.get("/lookalike?like=nobody").text
    assert "Whom should they be like?" not in client.get("/lookalike?like=P0003&age=200..").text
    assert ">0 people</p>" in client.get("/lookalike?like=P0003&age=200..").text


def test_what_is_told_of_a_likeness_adds_up_to_it(client: FlaskClient) -> None:
    page = client.get("/lookalike?like=P0003&like=P0008&look.not=P0001").text
    told = re.findall(r'class="alike-percent"><b>(\d+).*?class="alike-parts">(.*?)</ul>', page, re.DOTALL)
    assert len(told) > 10
    for percent, parts in told:
        points = re.findall(r"<b>([^<]+)</b>", parts)
        assert sum(int(p.replace("\N{MINUS SIGN}", "-")) for p in points) == int(percent)
    assert "more attributes" in page


def test_conditions_and_switches_count(client: FlaskClient, finder: Finder) -> None:
    page = client.get("/lookalike?like=P0003&q=in+Texas&look.off=adopter_category").text
    plan = finder.plan("in Texas").model_copy(update={"like": ("P0003",), "meaning": ""})
    assert cards(page) == [h.profile.id for h in finder.lookalikes(plan, off=["adopter_category"]).hits]
    row = page.partition('id="shared-adopter_category"')[2].partition("</details>")[0]
    assert "left out" in row
    again = unescape(re.findall(r'href="([^"]+)"', row)[-1])
    assert again == "/lookalike?q=in+Texas&like=P0003"
    assert "left out" in page.partition('id="shared-gender"')[2].partition("</details>")[0]
    let = client.get("/lookalike?like=P0003&look.sensitive=yes").text
    assert "left out" not in let.partition('id="shared-gender"')[2].partition("</details>")[0]


def test_somebody_can_be_added_on_either_side(client: FlaskClient) -> None:
    page = client.get("/lookalike?like=P0003").text
    too, other = (
        unescape(re.findall(rf'class="{name}" href="([^"]+)"', page)[0]) for name in ("alike too", "alike-not")
    )
    first = cards(page)[0]
    assert too == f"/lookalike?like=P0003&like={first}"
    assert other == f"/lookalike?like=P0003&look.not={first}"
    assert first not in cards(client.get(too).text)
    assert first not in cards(client.get(other).text)


def test_the_form_is_redirected_to_its_short_address(client: FlaskClient) -> None:
    answer = client.get("/lookalike?like=P0003&look.like=&look.unlike=P0004&q=")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/lookalike?like=P0003&look.not=P0004"


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("/lookalike", 200, "Name somebody to be like"),
        ("/lookalike?like=nobody", 404, "nobody"),
        ("/lookalike?like=P0003&look.not=P0003", 400, "liked and not liked"),
        ("/lookalike?like=P0003&look.off=nonsense", 400, "nonsense"),
    ],
)
def test_what_cannot_be_looked_for_is_told(client: FlaskClient, url: str, status: int, said: str) -> None:
    answer = client.get(url)
    assert answer.status_code == status
    assert said in answer.text


def test_pages_follow_each_other(client: FlaskClient) -> None:
    page = client.get("/lookalike?like=P0003").text
    following = unescape(re.findall(r'class="button" href="([^"]+)"', page)[-1])
    second = cards(client.get(following).text)
    assert len(second) == 20
    assert not set(second) & set(cards(page))


def test_the_search_page_leads_there(client: FlaskClient) -> None:
    page = client.get("/?like=P0003&gender=Male").text
    assert 'href="/audience?like=P0003&amp;gender=Male"' in page
    assert 'href="/lookalike?like=P0003&amp;gender=Male"' in page
    assert "/lookalike?" not in client.get("/?gender=Male").text


# --- anywhere --------------------------------------------------------------------------------------------


def test_attacks_are_text(client: FlaskClient, attack: str) -> None:
    for url in ("/audience", "/audience?table.whole=yes", f"/lookalike?like=P0003&limit=100&q=&look.not={attack[:0]}"):
        page = client.get(url, follow_redirects=True).text
        assert "<script>alert" not in page
        assert "onload=x {{" not in re.sub(r'"[^"]*"', "", page) or "&lt;script&gt;" in page
    assert "&lt;script&gt;alert(1)" in client.get("/audience?table.whole=yes").text


def test_another_schema_has_its_own_curve_and_map(site: Site, tmp_path: Path) -> None:
    schema = tmp_path / "ships.toml"
    schema.write_text(
        'name = "ships"\nsubject = ["ship", "ships"]\nid = "hull"\n'
        '[[field]]\nname = "class"\nkind = "scale"\nlabel = "Class"\nvalues = ["Sloop", "Brig", "Ship"]\n'
        'curve = "rising"\n'
        '[[field]]\nname = "sea"\nkind = "category"\nlabel = "Sea"\nvalues = ["North", "South"]\nopen = true\n'
        'tiles = ["North .", ". South"]\n'
    )
    fleet = [
        {
            "hull": f"H{n:02}",
            "class": ("Sloop", "Brig", "Brig", "Ship")[n % 4],
            "sea": ("North", "South", "East")[n % 3],
        }
        for n in range(24)
    ]
    with site(tmp_path / "home", schema_file=schema, rows=fleet) as client:
        page = client.get("/audience?class=Brig").text
        assert "12 of 24 ships" in page
        assert 'aria-label="Class from left to right: Sloop 0.0 %' in page
        assert rows_of(page, "Sea")["North"][0] == "4"
        assert "4 are elsewhere." in page
        assert "More ships like these" in client.get("/lookalike?like=H01").text


def test_addresses_come_back_as_they_were() -> None:
    pairs = [("q", "x"), ("age", "30..40"), ("table.sort", "count"), ("table.whole", "yes")]
    assert GlanceAddress.read(pairs).url("/a") == "/a?q=x&age=30..40&table.sort=count&table.whole=yes"
    assert GlanceAddress.read([("table.sort", "nonsense")]).url("/a") == "/a"
    look = [("like", "A"), ("look.not", "B"), ("look.off", "age"), ("look.sensitive", "yes")]
    assert sorted(LookalikeAddress.read(look).pairs()) == sorted(look)
