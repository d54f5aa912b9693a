"""People named by their ids, to be like: which words say it, and what is left of the sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

import homes
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.parser import SentenceParser
from techfinder.schema import load_schema
from techfinder.testing.fakes import HashEncoder

PARSER = SentenceParser(load_schema(None))
IDS = {"1042", *(f"TU{n:04}" for n in range(100))}


def known(ids: Sequence[str]) -> set[str]:
    return IDS & set(ids)


@pytest.mark.parametrize(
    ("text", "like", "not_like", "rest"),
    [
        ("people like TU0042 but with a high budget", ["TU0042"], [], "a high budget"),
        ("like tu0042", ["TU0042"], [], ""),
        ("similar to TU0042 and TU0007, not like TU0001, high budget", ["TU0042", "TU0007"], ["TU0001"], "high budget"),
        ("lookalikes of customer 1042 with a high budget", ["1042"], [], "high budget"),
        ("high budget, the same as TU0042, TU0043 or TU0044", ["TU0042", "TU0043", "TU0044"], [], "high budget"),
        ("like TU0042 and unlike TU0042", ["TU0042"], [], ""),
    ],
)
def test_whom_to_be_like(text: str, like: list[str], not_like: list[str], rest: str) -> None:
    plan = PARSER.parse(text, date(2026, 11, 25), known=known)
    assert (list(plan.like), list(plan.not_like)) == (like, not_like)
    assert (plan.text, plan.meaning) == (text, "")
    expected = PARSER.parse(rest, date(2026, 11, 25)).conditions
    assert [c.model_copy(update={"words": ""}) for c in plan.conditions] == [
        c.model_copy(update={"words": ""}) for c in expected
    ]


@pytest.mark.parametrize(
    "text", ["like TU9999", "women like S24 users", "unlike TU0003", "people like 30 year olds", "not like TU0042"]
)
def test_words_that_name_nobody(text: str) -> None:
    plan = PARSER.parse(text, date(2026, 11, 25), known=known)
    assert plan == PARSER.parse(text, date(2026, 11, 25))
    assert plan.like == ()


def test_what_does_not_go_with_likeness_is_told() -> None:
    plan = PARSER.parse("parents like TU0042, oldest first", date(2026, 11, 25), known=known)
    assert plan.sort == ()
    notices = {n.code: n.text for n in plan.notices}
    assert notices == {
        "no-such-field": "No field holds 'parents'; these words were left out.",
        "not-sorted": "Likeness ranks here; the order by age was left out.",
    }


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """People, and no encoder that could be loaded."""
    home = tmp_path_factory.mktemp("like")
    eager = homes.open_home(home, HashEncoder().entry())
    homes.index(eager, "synthetic:n=90,seed=5")
    eager.close()

    def load() -> HashEncoder:
        raise AssertionError("nobody is to load it")

    made = homes.open_home(home, EncoderEntry(HashEncoder().info, "", load))
    made.generation()
    yield made
    made.close()


def test_a_sentence_ranks_by_likeness_page_by_page(finder: Finder) -> None:
    text = "like TU0003 but not like TU0009, over 20"
    plan = finder.plan(text, limit=90)
    whole = finder.search(plan)
    similar = finder.similar(
        ["TU0003"], ["TU0009"], finder.plan("over 20", limit=90).model_copy(update={"meaning": ""})
    )
    assert [h.profile.id for h in whole.hits] == [h.profile.id for h in similar.hits]
    assert (whole.ranked_by, whole.total) == ("likeness", len(whole.hits))
    assert not {"TU0003", "TU0009"} & {h.profile.id for h in whole.hits}
    pages = [finder.search(finder.plan(text, limit=30, offset=o)).hits for o in (0, 30, 60)]
    assert [h.profile.id for page in pages for h in page] == [h.profile.id for h in whole.hits]
    last = whole.hits[-1]
    told = finder.explain(plan, last.profile.id)
    assert (told.ranked_by, told.hit.score) == ("likeness", pytest.approx(last.score, abs=1e-5))


@pytest.mark.parametrize("named", ["TU0003", "TU0009"])
def test_those_named_are_explained_as_not_found(finder: Finder, named: str) -> None:
    plan = finder.plan("like TU0003 but not like TU0009, over 20")
    assert finder.explain(plan, named).hit.fails[-1] == f"somebody besides {named}"
    client = create_app(finder=finder).test_client()
    told = client.get(f"/api/v1/explain/{named}?q=like+TU0003+but+not+like+TU0009").get_json()
    assert (told["found"], told["fails"]) == (False, [f"somebody besides {named}"])
    assert client.post("/api/v1/explain", json={**told["plan"], "id": named}).get_json() == told


def test_a_plan_over_http_ranks_by_likeness(finder: Finder) -> None:
    client = create_app(finder=finder).test_client()
    found = client.get("/api/v1/search?q=like+TU0003+over+20&facets=none&limit=5").get_json()
    assert (found["ranked_by"], found["plan"]["like"]) == ("likeness", ["TU0003"])
    assert client.post("/api/v1/search", json={**found["plan"], "facets": "none"}).get_json()["hits"] == found["hits"]
    for body, detail in (
        ({"like": ["TU0003"], "meaning": "gaming"}, "no meaning and no sort"),
        ({"like": ["TU0003"], "cursor": "*"}, "without a cursor"),
        ({"like": ["TU0003"], "not_like": ["TU0003"]}, "both like and not_like"),
        ({"not_like": ["TU0003"]}, "needs somebody to be like"),
    ):
        answer = client.post("/api/v1/search", json=body)
        assert (answer.status_code, detail in answer.get_json()["detail"]) == (422, True), answer.get_json()
    assert client.post("/api/v1/search", json={"like": ["nobody"]}).status_code == 404


def test_with_nothing_indexed_ids_are_words(tmp_path: Path) -> None:
    empty = homes.open_home(tmp_path, HashEncoder().entry())
    plan = empty.plan("like TU0003")
    assert (plan.like, plan.limit) == ((), 20)
    assert {n.code for n in plan.notices} == {"not-read", "no-such-field"}
    empty.close()
