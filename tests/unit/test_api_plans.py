"""Plans over the API: searching, counting and paging by them, and everything wrong with one pointed to."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import homes
from techfinder.api.faults import allowed_ops
from techfinder.app import create_app
from techfinder.errors import QueryError
from techfinder.finder import Finder
from techfinder.plan import Condition, QueryPlan
from techfinder.testing.fakes import HashEncoder

PEOPLE = 130


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("plans"), HashEncoder().entry())
    homes.index(made, f"synthetic:n={PEOPLE},seed=5")
    made.load_encoder()
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def post(client: FlaskClient, path: str, body: Any) -> tuple[int, Any]:
    answer = client.post(f"/api/v1/{path}", json=body)
    return answer.status_code, answer.get_json()


def turn(client: FlaskClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Every page of a question."""
    pages, cursor = [], "*"
    while cursor:
        status, page = post(client, "search", {**body, "cursor": cursor, "facets": "none"})
        assert status == 200, page
        pages.append(page)
        cursor = page["next"]
    return pages


def test_the_plan_of_an_answer_asks_the_same_again(client: FlaskClient) -> None:
    first = client.get("/api/v1/search?q=gaming&age=20..60&tech_interest=>=Moderate&limit=7").get_json()
    status, again = post(client, "search", first["plan"])
    assert status == 200
    assert again.pop("next") is None
    for name in ("hits", "total", "plan", "facets", "ranked_by", "notices"):
        assert again[name] == first[name]


def test_the_plan_of_the_most_orders_asks_the_same_again(client: FlaskClient) -> None:
    first = client.get("/api/v1/search?sort=" + ",".join(["gender", *["age"] * 9])).get_json()
    status, again = post(client, "search", first["plan"])
    assert (status, again["hits"]) == (200, first["hits"])


def test_a_clause_needs_no_kind(client: FlaskClient) -> None:
    young = {"field": "age", "op": "range", "lt": 30}
    group = {"conditions": [young, {"field": "gender", "op": "any_of", "values": ["Female"]}]}
    for clause in (young, group):
        status, body = post(client, "search", {"conditions": [clause], "facets": "none"})
        assert status == 200
        assert 0 < body["total"] < PEOPLE


@pytest.mark.parametrize("body", [{"meaning": "gaming"}, {}, {"sort": [{"field": "age", "descending": True}]}])
@pytest.mark.parametrize("limit", [7, 26, 1000])
def test_pages_give_everybody_once_in_the_order_of_one_page(client: FlaskClient, body: Any, limit: int) -> None:
    _, whole = post(client, "search", {**body, "limit": 1000, "cursor": "*"})
    pages = turn(client, {**body, "limit": limit})
    assert [hit for page in pages for hit in page["hits"]] == whole["hits"]
    assert len(whole["hits"]) == PEOPLE == len({h["id"] for h in whole["hits"]})
    assert len(pages) == -(-PEOPLE // limit)
    assert {page["total"] for page in pages} == {PEOPLE}


def test_a_page_may_have_another_size_and_begin_further_on(client: FlaskClient) -> None:
    _, whole = post(client, "search", {"meaning": "gaming", "limit": 1000})
    _, first = post(client, "search", {"meaning": "gaming", "limit": 5, "offset": 10, "cursor": "*"})
    _, second = post(client, "search", {"meaning": "gaming", "limit": 3, "cursor": first["next"]})
    assert first["hits"] + second["hits"] == whole["hits"][10:18]


def test_without_hits_there_is_no_next_page(client: FlaskClient) -> None:
    nobody = {"conditions": [{"field": "age", "op": "range", "gt": 500}]}
    _, page = post(client, "search", {**nobody, "cursor": "*"})
    assert (page["hits"], page["total"], page["next"]) == ([], 0, None)


def test_a_cursor_of_another_question_is_refused(client: FlaskClient) -> None:
    _, page = post(client, "search", {"meaning": "gaming", "limit": 5, "cursor": "*"})
    status, body = post(client, "search", {"meaning": "gardening", "limit": 5, "cursor": page["next"]})
    assert (status, body["type"]) == (400, "/api/problems/bad-cursor")
    assert "belongs to another question" in body["detail"]


def test_an_altered_cursor_is_refused_wherever_it_was_altered(client: FlaskClient) -> None:
    _, page = post(client, "search", {"limit": 5, "cursor": "*"})
    raw = base64.urlsafe_b64decode(page["next"] + "=" * (-len(page["next"]) % 4))
    altered = [raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :] for i in range(len(raw))] + [raw[:-1], raw + b"x"]
    cursors = [base64.urlsafe_b64encode(a).decode().rstrip("=") for a in altered]
    for cursor in [*cursors, "x", "ü", page["next"] + "!"]:
        status, body = post(client, "search", {"limit": 5, "cursor": cursor})
        assert (status, body["type"]) == (400, "/api/problems/bad-cursor"), cursor
    assert post(client, "search", {"limit": 5, "cursor": page["next"]})[0] == 200


def test_when_the_people_change_a_cursor_has_expired(tmp_path: Path) -> None:
    made = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(made, "synthetic:n=20,seed=1")
    client = create_app(finder=made).test_client()
    _, page = post(client, "search", {"limit": 5, "cursor": "*"})
    homes.index(made, "synthetic:n=21,seed=1")
    status, body = post(client, "search", {"limit": 5, "cursor": page["next"]})
    assert (status, body["type"]) == (410, "/api/problems/cursor-expired")
    assert "generation 2" in body["detail"]
    assert len(turn(client, {"limit": 5})) == 5
    made.close()


def test_a_cursor_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    made = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(made, "synthetic:n=9,seed=1")
    _, page = post(create_app(finder=made).test_client(), "search", {"limit": 5, "cursor": "*"})
    made.close()
    again = homes.open_home(tmp_path, HashEncoder().entry())
    status, rest = post(create_app(finder=again).test_client(), "search", {"limit": 5, "cursor": page["next"]})
    assert (status, len(rest["hits"])) == (200, 4)
    again.close()


# --- what is wrong with a plan ----------------------------------------------------------------------


def test_everything_that_a_plan_names_in_vain_is_listed(client: FlaskClient) -> None:
    plan = {
        "conditions": [
            {"field": "age", "op": "range", "gte": 30},
            {"field": "agee", "op": "range", "gte": 30},
            {"conditions": [{"field": "tech_interest", "op": "at_least", "values": ["Enormous"]}]},
            {"field": "gender", "op": "range", "lte": 3},
            {"field": "age", "op": "any_of", "values": ["old"], "required": False},
        ],
        "sort": [{"field": "interests"}],
        "facets": ["age", "genderr"],
    }
    status, body = post(client, "search", plan)
    assert (status, body["type"]) == (422, "/api/problems/bad-plan")
    faults = {e["pointer"]: e for e in body["errors"]}
    assert list(faults) == [
        "#/conditions/1/field",
        "#/conditions/2/conditions/0/values",
        "#/conditions/3/op",
        "#/conditions/4/values",
        "#/sort/0/field",
        "#/facets/1",
    ]
    assert "Did you mean 'age'" in faults["#/conditions/1/field"]["detail"]
    assert "age" in faults["#/conditions/1/field"]["known"]
    assert faults["#/conditions/2/conditions/0/values"]["known"][-1] == "Very High"
    assert "range" not in faults["#/conditions/3/op"]["known"]
    assert "gender" in faults["#/facets/1"]["known"]
    assert "And 5 more." in body["detail"]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("age", "nan", "'nan' is not a number, and age is one"),
        ("age", "inf", "'inf' is not a number"),
        ("age", "1e999", "'1e999' is not a number"),
        ("age", "3_0", "'3_0' is not a number"),
        ("annual_income", " 30", "' 30' is not a number"),
        ("age", "\N{ARABIC-INDIC DIGIT THREE}", "is not a number"),
        ("adopter_category", "Nope", "Adopter category has no value 'Nope'. Known: "),
        ("adopter_category", "innovator", "Did you mean 'Innovator'?"),
        ("smartphone_uses", "true", "has no value 'true'. Known: 'no', 'yes'."),
        (
            "smartphone_adopted_on",
            "2024-02-30",
            "is not a day, and smartphone_adopted_on is one. Write it as 2026-01-31.",
        ),
        ("smartphone_adopted_on", "20240101", "is not a day"),
    ],
)
@pytest.mark.parametrize("op", ["any_of", "none_of", "all_of"])
def test_values_that_nobody_can_have_are_pointed_to(
    client: FlaskClient, field: str, value: str, detail: str, op: str
) -> None:
    condition = {"field": field, "op": op, "values": [value]}
    for path, more in (("search", {}), ("similar", {"like": ["TU0001"]})):
        status, body = post(client, path, {"conditions": [{"conditions": [condition]}], **more})
        assert (status, body["type"]) == (422, "/api/problems/bad-plan")
        assert [e["pointer"] for e in body["errors"]] == ["#/conditions/0/conditions/0/values"]
        assert detail in body["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("age", ["30", "3e1", "-.5", "31."]),
        ("adopter_category_level", ["0", "99"]),
        ("smartphone_adopted_on", ["2024-02-29"]),
        ("smartphone_product", ["Nokia 3310"]),
        ("gender", ["female"]),
        ("interests", ["Nope"]),
    ],
)
def test_values_that_somebody_could_have_are_asked_for(client: FlaskClient, field: str, values: list[str]) -> None:
    plan = {"conditions": [{"field": field, "op": "any_of", "values": values}]}
    assert post(client, "search", plan)[0] == 200


def operands(op: str, value: str) -> dict[str, Any]:
    if op == "range":
        return {"gte": 1}
    return {} if op in ("missing", "present") else {"values": (value,)}


def test_the_comparisons_told_are_those_that_the_schema_allows(finder: Finder) -> None:
    ops = ("any_of", "none_of", "all_of", "at_least", "at_most", "range", "missing", "present")
    for attribute in finder.schema.attributes.values():
        value = (*attribute.known_values, "3")[0]
        for op in ops:
            condition = Condition.model_validate({"field": attribute.key, "op": op, **operands(op, value)})
            if op in allowed_ops(attribute):
                finder.search(QueryPlan(conditions=(condition,), limit=1))
            else:
                with pytest.raises(QueryError):
                    finder.schema.resolve([condition])


# --- counts ----------------------------------------------------------------------------------------


def test_counts_without_hits(client: FlaskClient) -> None:
    by_address = client.get("/api/v1/facets?age=20..60&facets=gender,age").get_json()
    searched = client.get("/api/v1/search?age=20..60&facets=gender,age").get_json()
    _, by_plan = post(client, "facets", {**searched["plan"], "facets": ["gender", "age"]})
    assert by_address["facets"] == searched["facets"] == by_plan["facets"]
    assert by_plan["generation"] == 1
    assert set(by_plan) == {"facets", "notices", "plan", "generation"}


def test_counts_refuse_what_there_is_not(client: FlaskClient) -> None:
    status, body = post(client, "facets", {"facets": ["genderr"]})
    assert (status, body["errors"][0]["pointer"]) == (422, "#/facets/0")
    assert client.get("/api/v1/facets?agee=3").status_code == 400
