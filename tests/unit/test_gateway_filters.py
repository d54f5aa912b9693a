"""Filters of Qdrant's, put into our own: each form, and each refusal."""

from __future__ import annotations

from typing import Any

import pytest

from techfinder.fields import Attribute
from techfinder.gateway.fields import Fields
from techfinder.gateway.filters import MOST_CONDITIONS, MOST_VALUES, FilterReader
from techfinder.gateway.refusals import Refused
from techfinder.schema import load_schema
from techfinder.store.points import point_id

VALUES = {"preferred_platforms": ["LinkedIn", "Reddit", "TikTok"], "job_sector": ["Arts", "Legal", "Legal Aid"]}


@pytest.fixture(scope="module")
def fields() -> Fields:
    return Fields.of(load_schema(), ())


def key_of(fields: Fields, storage: str, **facts: Any) -> str:
    """The first key of that storage."""

    def fits(a: Attribute) -> bool:
        return a.storage == storage and all(getattr(a.field, k) == v for k, v in facts.items())

    return next(k for k, a in fields.attributes.items() if fits(a))


def read(fields: Fields, value: Any) -> dict[str, Any]:
    return FilterReader(fields, lambda key: VALUES[key]).read(value)


@pytest.mark.parametrize(
    ("condition", "made"),
    [
        ({"key": "age", "match": {"value": 30}}, {"key": "age", "match": {"any": [30]}}),
        ({"key": "age", "match": {"any": [30, 31, 30]}}, {"key": "age", "match": {"any": [30, 31]}}),
        ({"key": "job_sector", "match": {"value": "Arts"}}, {"key": "job_sector", "match": {"any": ["Arts"]}}),
        (
            {"key": "job_sector", "match": {"text": "Legal"}},
            {"key": "job_sector", "match": {"any": ["Legal", "Legal Aid"]}},
        ),
        ({"key": "age", "range": {"gte": 30, "lt": 40}}, {"key": "age", "range": {"gte": 30, "lte": 39}}),
        ({"key": "age", "range": {"gt": 30.5}}, {"key": "age", "range": {"gte": 31}}),
        ({"is_empty": {"key": "age"}}, {"is_empty": {"key": "age"}}),
        ({"key": "age", "is_empty": True}, {"is_empty": {"key": "age"}}),
        ({"has_id": [str(point_id("a")), 7]}, {"has_id": [str(point_id("a"))]}),
        ({"has_id": [point_id("a").hex.upper()]}, {"has_id": [str(point_id("a"))]}),
        ({"key": "_id", "match": {"value": "a"}}, {"has_id": [str(point_id("a"))]}),
        ({"key": "_id", "match": {"any": ["a", "b"]}}, {"has_id": [str(point_id("a")), str(point_id("b"))]}),
    ],
)
def test_conditions(fields: Fields, condition: Any, made: Any) -> None:
    parts = read(fields, {"must": [condition]})["must"][0]
    assert parts in (made, {"must": [made]})
    assert read(fields, {"must": condition}) == read(fields, {"must": [condition]})


def test_clauses_stand_as_they_were_and_empty_ones_fall_away(fields: Fields) -> None:
    old = {"key": "age", "range": {"gte": 60}}
    given = {
        "must": [{"should": [old, old]}],
        "must_not": old,
        "min_should": {"conditions": [old, old], "min_count": 2},
    }
    made = read(fields, given)
    assert made.keys() == {"must", "must_not", "min_should"}
    assert len(made["must"][0]["should"]) == made["min_should"]["min_count"] == 2
    assert read(fields, None) == read(fields, {}) == {}
    empty = {"must": [], "should": [], "must_not": None, "min_should": {"conditions": [], "min_count": 1}}
    assert read(fields, empty) == {}


def test_dates_are_asked_by_day(fields: Fields) -> None:
    key = next(k for k in fields.attributes if f"{k}_day" in fields.attributes)
    made = read(fields, {"must": [{"key": key, "range": {"gte": "1970-01-11", "lt": "1970-01-21T12:00:00Z"}}]})
    assert made == {"must": [{"must": [{"key": f"{key}_day", "range": {"gte": 10, "lte": 20}}]}]}


def test_other_values_than_these(fields: Fields) -> None:
    single = read(fields, {"must": [{"key": "age", "match": {"except": [30]}}]})["must"][0]
    assert len(single["must_not"]) == 2
    several = key_of(fields, "keywords")
    VALUES.setdefault(several, ["LinkedIn", "Reddit", "TikTok"])
    made = read(fields, {"must": [{"key": several, "match": {"except": ["Reddit"]}}]})
    assert made == {"must": [{"must": [{"key": several, "match": {"any": ["LinkedIn", "TikTok"]}}]}]}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"key": "agee", "match": {"value": 1}}, "no field 'agee'"),
        ({"key": "age", "match": {"value": "30"}}, "holds whole numbers"),
        ({"key": "age", "match": {"value": 30.0}}, "holds whole numbers"),
        ({"key": "job_sector", "match": {"value": True}}, '"yes" and "no"'),
        ({"key": "annual_income", "match": {"value": 1}}, "ask a range"),
        ({"key": "age", "match": {"text": "3"}}, "is a number"),
        ({"key": "job_sector", "match": {"text": ""}}, "empty"),
        ({"key": "job_sector", "match": {"phrase": "x"}}, "unknown field `phrase`"),
        ({"key": "job_sector", "match": {"value": "x", "any": ["y"]}}, "expected one of"),
        ({"key": "job_sector", "match": {}}, "expected one of"),
        ({"key": "job_sector", "match": {"any": "x"}}, "list of values"),
        ({"key": "job_sector", "range": {"gt": 1}}, "no number and no date"),
        ({"key": "age", "range": {}}, "at least one of"),
        ({"key": "age", "range": {"above": 1}}, "unknown field `above`"),
        ({"key": "age", "range": {"gt": "1"}}, "expected a number"),
        ({"key": "age", "range": {"gt": True}}, "expected a number"),
        ({"key": "age", "match": {"value": 1}, "range": {"gt": 1}}, "exactly one field condition"),
        ({"key": "age"}, "exactly one field condition"),
        ({"key": "age", "values_count": {"gt": 1}}, "_count"),
        ({"key": "age", "geo_radius": {}}, "places are stored as text"),
        ({"key": "age", "surprise": 1}, "unknown field `surprise`"),
        ({"nested": {"key": "a", "filter": {}}}, "the payload is flat"),
        ({"has_vector": ""}, "one vector"),
        ({"has_id": "x"}, "list of point ids"),
        ({"has_id": ["x"]}, "not a valid point ID"),
        ({"has_id": [], "must": []}, "unknown field `has_id`"),
        ({"is_empty": {"key": "_row"}}, "no field '_row'"),
        ({"is_empty": "age"}, "expected an object"),
        ({"key": "_id", "match": {"text": "T"}}, "unknown field `text`"),
        ({"key": "_ordinal", "range": {"gt": 1}}, "no field '_ordinal'"),
        ({"surprise": 1}, "did not match any condition"),
        ([], "expected an object"),
    ],
)
def test_what_cannot_be_read_is_refused(fields: Fields, condition: Any, words: str) -> None:
    for clause in ("must", "must_not", "should"):
        with pytest.raises(Refused, match=words) as caught:
            read(fields, {clause: [condition]})
        assert caught.value.status in (400, 422)


@pytest.mark.parametrize("value", ["x", [], 1, {"mustt": []}, {"min_should": {"conditions": [], "min_count": -1}}])
def test_nor_is_another_form_of_filter(fields: Fields, value: Any) -> None:
    with pytest.raises(Refused):
        read(fields, value)


def test_a_filter_has_an_end(fields: Fields) -> None:
    condition = {"key": "age", "match": {"value": 1}}
    deep: Any = condition
    for _ in range(20):
        deep = {"must": [deep]}
    with pytest.raises(Refused, match="deep"):
        read(fields, deep)
    with pytest.raises(Refused, match=f"more than {MOST_CONDITIONS} conditions"):
        read(fields, {"should": [condition] * (MOST_CONDITIONS + 1)})
    with pytest.raises(Refused, match=f"more than {MOST_VALUES} values"):
        read(fields, {"must": {"key": "age", "match": {"any": list(range(MOST_VALUES + 1))}}})


@pytest.mark.parametrize("match", [{"text": "i"}, {"except": ["TikTok"]}])
def test_what_a_text_occurs_in_counts_as_if_it_were_named(fields: Fields, match: dict[str, Any]) -> None:
    condition = {"key": "preferred_platforms", "match": match}
    assert len(read(fields, {"should": [condition] * 10})["should"]) == 10
    with pytest.raises(Refused, match=f"more than {MOST_VALUES} values, or its texts occur in more"):
        read(fields, {"should": [condition] * MOST_CONDITIONS})
