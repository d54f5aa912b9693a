"""Changes to the reading of a sentence, and their way through an address."""

from __future__ import annotations

import pytest

from techfinder import AnyOf, Condition, Edits, QueryError, QueryPlan, load_schema
from techfinder.edits import clause_key, edit_plan

SCHEMA = load_schema()
EARLY = Condition(field="adopter_category", op="any_of", values=("Early Adopter",), words="early adopters")
HIGH = Condition(field="budget_category", op="at_least", values=("High",), words="high budget")
NO_TIKTOK = Condition(field="preferred_platforms", op="none_of", values=("TikTok",), words="TikTok")
SAMSUNG = AnyOf(
    conditions=(
        Condition(field="smartphone_product", op="any_of", values=("Samsung Galaxy",)),
        Condition(field="wearable_product", op="any_of", values=("Samsung Galaxy Watch",)),
    ),
    words="samsung owners",
    required=False,
)
TEXT = "early adopters with high budget not on TikTok, ideally samsung owners"
PLAN = QueryPlan(text=TEXT, meaning=TEXT, conditions=(EARLY, HIGH, NO_TIKTOK, SAMSUNG))
KEYS = {c.words: clause_key(c) for c in PLAN.conditions}


def edited(edits: Edits) -> QueryPlan:
    return edit_plan(PLAN, edits, SCHEMA).plan


def test_without_edits_the_plan_is_the_same() -> None:
    made = edit_plan(PLAN, Edits(), SCHEMA)
    assert made.plan == PLAN
    assert [(c.read, c.asked) for c in made.clauses] == [(c, (c,)) for c in PLAN.conditions]


def test_what_is_dropped_neither_filters_nor_ranks_and_is_still_told() -> None:
    made = edit_plan(PLAN, Edits().drop(KEYS["high budget"]), SCHEMA)
    assert made.plan.conditions == (EARLY, NO_TIKTOK, SAMSUNG)
    assert made.plan.meaning == "early adopters with not on TikTok, ideally samsung owners"
    assert made.plan.text == TEXT
    assert [c.read.words for c in made.clauses if not c.asked] == ["high budget"]


def test_flipping_goes_both_ways_and_back() -> None:
    edits = Edits().flip(KEYS["high budget"]).flip(KEYS["samsung owners"])
    assert [c.required for c in edited(edits).conditions] == [True, False, True, True]
    assert edits.flip(KEYS["high budget"]).flip(KEYS["samsung owners"]) == Edits()


@pytest.mark.parametrize(
    ("words", "inputs", "op", "values"),
    [
        ("high budget", ["Mid-range..High"], "any_of", ("Mid-range", "High")),
        ("high budget", ["High..Mid-range"], "any_of", ("Mid-range", "High")),
        ("early adopters", ["innovators"], "any_of", ("Innovator",)),
        ("TikTok", ["TikTok", "reddit"], "none_of", ("TikTok", "Reddit")),
    ],
)
def test_values_are_replaced_as_the_filter_reads_them(
    words: str, inputs: list[str], op: str, values: tuple[str, ...]
) -> None:
    changed = edited(Edits(changed={KEYS[words]: tuple(inputs)}))
    [clause] = [c for c in changed.conditions if c.words == words]
    assert isinstance(clause, Condition)
    assert (clause.op, clause.values, clause.origin) == (op, values, "")


def test_a_range_and_what_holds_of_all_tags_keep_their_kind() -> None:
    age = Condition(field="age", op="range", gt=30, words="over 30")
    both = Condition(field="preferred_platforms", op="all_of", values=("Reddit", "YouTube"), words="both")
    edits = Edits(changed={clause_key(age): ("40..",), clause_key(both): ("Reddit", "TikTok")})
    first, second = edit_plan(QueryPlan(conditions=(age, both)), edits, SCHEMA).plan.conditions
    assert (first.gte, first.gt) == (40, None)  # type: ignore[union-attr]
    assert (second.op, second.values) == ("all_of", ("Reddit", "TikTok"))  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["40..30", "30..40"])
def test_the_ends_of_a_range_may_be_given_either_way(text: str) -> None:
    age = Condition(field="age", op="range", gt=30, words="over 30")
    [clause] = edit_plan(
        QueryPlan(conditions=(age,)), Edits(changed={clause_key(age): (text,)}), SCHEMA
    ).plan.conditions
    assert (clause.gte, clause.lte) == (30, 40)  # type: ignore[union-attr]


def test_of_a_group_some_alternatives_are_left() -> None:
    changed = edited(Edits(changed={KEYS["samsung owners"]: ("2",)}))
    assert changed.conditions[-1] == SAMSUNG.model_copy(update={"conditions": SAMSUNG.conditions[1:]})


@pytest.mark.parametrize(("words", "inputs"), [("samsung owners", ("3",)), ("high budget", ("huge",))])
def test_what_does_not_fit_is_refused(words: str, inputs: tuple[str, ...]) -> None:
    with pytest.raises(QueryError, match=r"3|huge"):
        edited(Edits(changed={KEYS[words]: inputs}))


def test_a_key_holds_for_other_words_and_not_for_other_values() -> None:
    assert clause_key(HIGH.model_copy(update={"words": "cash to splash", "required": False})) == KEYS["high budget"]
    assert clause_key(HIGH.model_copy(update={"values": ("Premium",)})) != KEYS["high budget"]
    words = SAMSUNG.conditions[0].model_copy(update={"words": "galaxy"})
    group = SAMSUNG.model_copy(update={"conditions": (words, SAMSUNG.conditions[1])})
    assert clause_key(group) == KEYS["samsung owners"]


def test_an_edit_of_what_is_not_asked_for_changes_nothing() -> None:
    assert edited(Edits(("00000000",), ("11111111",), {"22222222": ("x",)})) == PLAN


def test_edits_go_through_an_address_unchanged() -> None:
    edits = Edits(("aa",), ("bb", "cc"), {"dd": ("30..40", "!50")}, ("seatle",))
    assert Edits.read([("q", "x"), *edits.pairs(), ("age", "3")]) == edits
    assert all(Edits.names(name) for name, _ in edits.pairs())
    assert not any(Edits.names(name) for name in ("edit", "edit.other", "q", "age.min"))


def test_edits_of_one_clause_or_of_all_but_some_can_be_taken_back() -> None:
    edits = Edits(("aa",), ("aa", "bb"), {"aa": ("1",), "bb": ("2",)}, ("seatle",))
    assert edits.without("aa") == Edits((), ("bb",), {"bb": ("2",)}, ("seatle",))
    assert edits.only(["aa"]) == Edits(("aa",), ("aa",), {"aa": ("1",)}, ("seatle",))
