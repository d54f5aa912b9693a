"""The schema as a page: every count beside plain counting over everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from plain_counts import rank
from techfinder import Attribute, FilterEntry, FilterOption, Profile, StoreUnavailable, load_schema
from techfinder.finder import Finder
from techfinder.plan import AnyOf, Condition
from techfinder_webui.standings import number_text, share_text

ROOT = Path(__file__).parents[2]
Site = Callable[..., AbstractContextManager[FlaskClient]]


def text(html: str) -> str:
    """What is read of a piece of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def field(page: str, name: str) -> str:
    """The card of one field."""
    return re.split(r'(?=<li class="paper")', page.split(f'<li class="paper" id="field-{name}">')[1])[0]


def parts(page: str) -> dict[str, list[str]]:
    """The cells of each part that is counted, by its key."""
    rows = re.findall(r"<code>([^<]+)</code></th>(.*?)</tr>", page, re.DOTALL)
    return {key: [text(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", cells, re.DOTALL)] for key, cells in rows}


def plain(attribute: Attribute, people: list[Profile]) -> list[str]:
    """What a part's cells are to say."""
    values = [p.values[attribute.key] for p in people if attribute.key in p.values]
    distinct = {one for v in values for one in (v if isinstance(v, tuple) else (v,))}
    ordered = [] if attribute.ordered else [v for v in values if rank(attribute, v) is not None]
    ends = [number_text(e) for e in (min(ordered), max(ordered))] if ordered else []  # type: ignore[type-var, arg-type]
    share = share_text(len(values), len(people))
    words = "value" if len(distinct) == 1 else "values"
    return [f"{share} {len(values):,} known", f"{len(distinct):,} {words}", " to ".join(dict.fromkeys(ends))]


def test_every_field_is_as_full_as_plain_counting_says(client: FlaskClient, finder: Finder) -> None:
    people = finder.collection().browse([], [], 1000)
    page = client.get("/schema").text
    told = {a.key: plain(a, people) for a in finder.schema.attributes.values() if not a.derived}
    assert parts(page) == told
    assert told["smartphone_months"] == ["100% 60 known", "12 values", "0 to 11"]
    assert told["education"][0] == "0% 0 known"


def test_a_field_is_told_with_all_that_the_schema_says(client: FlaskClient) -> None:
    page = client.get("/schema").text
    age, stage, income = (text(field(page, name)) for name in ("age", "adopter_category", "annual_income"))
    assert "Age Sensitive a whole number, in years; 0 to 120" in age
    assert "Filters: Person: Age" in age
    assert "Sensitive" not in income
    assert "in USD; 0 to 100,000,000" in income
    assert "salary, earnings" in income
    assert stage.index("Laggard") < stage.index("Innovator innovators")
    assert "tone-adopter_category-4" in field(page, "adopter_category")


def test_filters_lead_to_those_whose_value_is_known(client: FlaskClient) -> None:
    page = client.get("/schema").text
    links = dict(re.findall(r'<a href="(/\?[^"]+)">([^<]+)</a>', page))
    assert links["/?smartphone_months=*"] == "Smartphones: Months after release"
    for url in ("/?annual_income=*", "/?location_city=*", "/?preferred_platforms=*"):
        assert "60 of 60 people" in client.get(url).text


def test_where_the_people_come_from_and_how_old_they_are(client: FlaskClient, finder: Finder) -> None:
    live = finder.generation()
    page = client.get("/schema").text
    assert f'<time datetime="{live.created_at}">' in page
    facts = {text(a): text(b) for a, b in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)}
    assert facts["People"] == "60"
    assert facts["Version"] == "generation 1"
    assert facts["Read from"] == "rows"


def test_without_people_the_fields_are_told_all_the_same(tmp_path: Path, site: Site) -> None:
    with site(tmp_path) as client:
        answer = client.get("/schema")
    assert answer.status_code == 200
    assert "There is nobody to search yet" in answer.text or "techfinder index" in answer.text
    assert "in years; 0 to 120" in text(answer.text)
    assert parts(answer.text) == {}


def test_a_store_that_is_away_is_told(client: FlaskClient, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(finder, "coverage", refuse)
    answer = client.get("/schema")
    assert answer.status_code == 503
    assert "The store is not available" in answer.text
    assert "in years; 0 to 120" in text(answer.text)


class Either:
    """A filter of a plugin that is about several fields."""

    def clauses(self, values: object) -> tuple[Condition, ...]:
        return ()

    def options(self) -> tuple[FilterOption, ...]:
        known = tuple(Condition(field=key, op="present") for key in ("age", "gender"))
        return (FilterOption("a", "<A>", (AnyOf(conditions=known),)),)


def test_a_plugins_filter_is_named_where_its_options_ask(home: Path, site: Site) -> None:
    entry = FilterEntry("either", "<b>Either", "Own", "choice", lambda: Either())
    with site(home, filters=[entry]) as client:
        page = client.get("/schema").text
    assert [n for n in ("age", "gender", "location") if "Own: &lt;b&gt;Either" in field(page, n)] == ["age", "gender"]


def test_a_schema_of_attacks_is_only_text(tmp_path: Path, site: Site, attack: str) -> None:
    quoted = attack.replace("\\", "\\\\").replace('"', '\\"')
    file = tmp_path / "attack.toml"
    file.write_text(
        f'name = "attack"\ntitle = "{quoted}"\nid = "id"\n[[field]]\nname = "one"\nkind = "category"\n'
        f'label = "{quoted}"\ngroup = "{quoted}"\nsynonyms = ["{quoted}"]\nvalues = [{{ name = "{quoted}" }}]\n'
    )
    with site(tmp_path, schema_file=file) as client:
        page = client.get("/schema").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


@pytest.mark.parametrize("file", ["tests/congruence/every_kind.toml", "data/schemas/companies.toml"])
def test_every_kind_of_field_has_words(tmp_path: Path, site: Site, file: str) -> None:
    schema = load_schema(ROOT / file)
    assert len({f.kind for f in schema.fields} | {"text"}) >= 9
    with site(tmp_path, schema_file=ROOT / file) as client:
        page = client.get("/schema").text
    for each in schema.fields:
        assert re.search(r"<h3>[^<]+.*?</h3>\s*<p class=\"words\">[a-z]", field(page, each.name))
