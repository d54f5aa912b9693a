"""What happens when people are singled out, or ordered, by what the schema calls sensitive: age and gender here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import homes
from techfinder.app import create_app
from techfinder.errors import QueryError
from techfinder.finder import Finder
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.testing.fakes import HashEncoder

YOUNG = Condition(field="age", op="range", lt=30)
PLANS = [
    QueryPlan(conditions=(YOUNG,)),
    QueryPlan(conditions=(YOUNG.model_copy(update={"required": False}),)),
    QueryPlan(conditions=(AnyOf(conditions=(Condition(field="vrar_uses", op="present"), YOUNG)),)),
    QueryPlan(sort=(Sort(field="age"),)),
    QueryPlan(like=("TU0001",), conditions=(YOUNG,)),
]
ASKED: list[Callable[[Finder, QueryPlan], object]] = [
    lambda f, p: f.search(p),
    lambda f, p: f.answer(p),
    lambda f, p: f.facets(p),
    lambda f, p: f.explain(p, "TU0002"),
    lambda f, p: f.relaxations(p),
    lambda f, p: f.similar(["TU0001"], plan=p),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensitive")
    made = homes.open_home(folder, HashEncoder().entry())
    homes.index(made, "synthetic:n=30,seed=5")
    made.close()
    return folder


@pytest.fixture(scope="module")
def strict(home: Path) -> Iterator[Finder]:
    made = homes.open_home(home, HashEncoder().entry(), sensitive_fields="block")
    made.generation()
    yield made
    made.close()


@pytest.mark.parametrize("plan", PLANS, ids=["required", "wished", "in a group", "order", "likeness"])
@pytest.mark.parametrize("ask", ASKED, ids=["search", "answer", "facets", "explain", "relaxations", "similar"])
def test_where_it_is_blocked_no_plan_gets_through(
    strict: Finder, plan: QueryPlan, ask: Callable[[Finder, QueryPlan], object]
) -> None:
    with pytest.raises(QueryError, match="by Age here"):
        ask(strict, plan)


@pytest.mark.parametrize(
    "address", ["?q=women", "?q=oldest+first", "?gender=Female", "?sort=-age", "?q=gaming&sort=age"]
)
def test_nor_do_a_sentence_a_filter_and_an_order(strict: Finder, address: str) -> None:
    client = create_app(finder=strict).test_client()
    answer = client.get(f"/api/v1/search{address}")
    assert (answer.status_code, "here. Leave that out" in answer.get_json()["detail"]) == (400, True)
    for path in ("search", "facets", "explain", "similar"):
        body = {"conditions": [YOUNG.model_dump(mode="json")]} | ({"id": "TU0002"} if path == "explain" else {})
        posted = client.post(f"/api/v1/{path}", json=body | ({"like": ["TU0001"]} if path == "similar" else {}))
        assert posted.status_code == 422, (path, posted.get_json())


def test_by_default_a_notice_is_given(home: Path) -> None:
    finder = homes.open_home(home, HashEncoder().entry())
    finder.generation()
    (told,) = finder.plan("women in tech", {"age": ["30..40"]}).notices
    assert (told.code, told.words) == ("sensitive-field", "women")
    assert "Gender, Age" in told.text
    assert [n.code for n in finder.plan("", {"age": ["30..40"]}).notices] == ["sensitive-field"]
    assert finder.plan("", {"job_sector": ["Technology"]}).notices == ()
    finder.close()


def test_where_it_is_allowed_nothing_is_said(home: Path) -> None:
    finder = homes.open_home(home, HashEncoder().entry(), sensitive_fields="allow")
    finder.generation()
    assert finder.plan("women over 30").notices == ()
    finder.close()
