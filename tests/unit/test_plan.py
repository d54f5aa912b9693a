"""Plans are plain data: checked when made, unchanged by a trip through JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from techfinder.plan import AnyOf, Condition, Notice, QueryPlan, Sort

_words = st.text(max_size=12)
_values = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3).map(tuple)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_common = {"words": _words, "origin": _words, "required": st.booleans(), "weight": st.floats(0.125, 100)}
_conditions = st.one_of(
    st.builds(Condition, field=_words, op=st.sampled_from(["any_of", "none_of", "all_of"]), values=_values, **_common),
    st.builds(Condition, field=_words, op=st.just("range"), gte=_numbers, lt=st.none() | _numbers, **_common),
    st.builds(Condition, field=_words, op=st.sampled_from(["missing", "present"]), **_common),
)
_groups = st.builds(
    AnyOf,
    conditions=st.lists(_conditions, min_size=1, max_size=3).map(tuple),
    at_least=st.integers(1, 3),
    negated=st.booleans(),
    **_common,
)
plans = st.builds(
    QueryPlan,
    text=_words,
    meaning=_words,
    conditions=st.lists(_conditions | _groups, max_size=4).map(tuple),
    limit=st.integers(1, 1000),
    sort=st.lists(st.builds(Sort, field=_words, descending=st.booleans()), max_size=2).map(tuple),
    notices=st.lists(st.builds(Notice, code=_words, text=_words), max_size=2).map(tuple),
)


@given(plans)
def test_a_plan_survives_json(plan: QueryPlan) -> None:
    assert QueryPlan.model_validate_json(plan.model_dump_json()) == plan


@given(plans)
def test_every_clause_is_required_or_preferred(plan: QueryPlan) -> None:
    assert len(plan.required) + len(plan.preferred) == len(plan.conditions)


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "age", "op": "range"},
        {"field": "age", "op": "range", "gte": 1, "values": ["2"]},
        {"field": "age", "op": "any_of"},
        {"field": "age", "op": "any_of", "values": ["2"], "lt": 3},
        {"field": "age", "op": "missing", "values": ["2"]},
        {"field": "level", "op": "at_least", "values": ["a", "b"]},
        {"field": "age", "op": "near", "values": ["2"]},
        {"field": "age", "op": "present", "weight": 0},
        {"field": "age", "op": "present", "colour": "red"},
    ],
)
def test_conditions_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(wrong)


@pytest.mark.parametrize("limit", [0, 1001])
def test_limits_are_bounded(limit: int) -> None:
    with pytest.raises(ValidationError):
        QueryPlan(limit=limit)
