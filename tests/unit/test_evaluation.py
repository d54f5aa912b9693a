"""Scores of rankings, by hand; files of questions."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import commands
from techfinder.errors import QueryError
from techfinder.evaluation import BM25, Question, Truth, check_questions, fuse, load_questions, same_plan, score
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import Condition, QueryPlan
from techfinder.schema import load_schema

SCHEMA = load_schema()
YOUNG = Condition(field="age", op="range", lt=30)
WOMEN = Condition(field="gender", op="any_of", values=("Female",))
NO_TIKTOK = Condition(field="preferred_platforms", op="none_of", values=("TikTok",))


@pytest.fixture(scope="module")
def judge() -> Judge:
    rows = [
        ("both", {"age": 20, "gender": "Female"}),
        ("young", {"age": 25, "gender": "Male"}),
        ("woman", {"age": 60, "gender": "Female"}),
        ("neither", {"age": 60, "gender": "Male"}),
        ("excluded", {"age": 20, "gender": "Female", "preferred_platforms": ("TikTok",)}),
    ]
    return Judge(SCHEMA, [Profile(i, values) for i, values in rows])


def test_grades_are_shares_of_weight_and_exclusions_end_them(judge: Judge) -> None:
    truth = Truth(judge, [YOUNG, WOMEN.model_copy(update={"weight": 3.0, "required": False}), NO_TIKTOK])
    assert truth.grades == {"both": 1.0, "young": 0.4, "woman": 0.8, "neither": 0.2, "excluded": 0.0}
    assert (truth.full, truth.excluded) == ({"both"}, {"excluded"})


def test_scores_by_hand(judge: Judge) -> None:
    truth = Truth(judge, [YOUNG, WOMEN])
    best = score(truth, ["both", "excluded", "young", "woman"])
    assert (best.ndcg, best.precision, best.violations) == (1.0, 1.0, 0)
    ideal = 15 + 15 / math.log2(3) + 3 / math.log2(4) + 3 / math.log2(5)
    late = score(truth, ["young", "nobody", "both", "both"])
    assert late.ndcg == pytest.approx((3 + 15 / math.log2(4)) / ideal)
    assert late.precision == 0.5
    assert score(Truth(judge, [NO_TIKTOK]), ["excluded"]).violations == 1
    assert score(Truth(judge, [Condition(field="age", op="range", gt=100)]), []) == score(truth, []).__class__(
        None, None, 0
    )


def test_a_plan_is_the_same_however_its_conditions_are_cut(judge: Judge) -> None:
    question = Question(
        id="1", group="g", text="t", conditions=(YOUNG, WOMEN.model_copy(update={"required": False})), limit=5
    )
    one = (Condition(field="age", op="range", lte=29), *question.conditions[1:])
    assert same_plan(judge, question, QueryPlan(conditions=one, limit=5))
    assert not same_plan(judge, question, QueryPlan(conditions=one, limit=20))
    assert not same_plan(judge, question, QueryPlan(conditions=one[:1], limit=5))
    assert not same_plan(judge, question, QueryPlan(conditions=(YOUNG, WOMEN), limit=5))


def test_baselines() -> None:
    words = BM25({"a": "red apple", "b": "green apple tree", "c": "blue"})
    assert words.rank("green apple") == ["b", "a", "c"]
    assert fuse([["a", "b", "c"], ["b", "c", "a"]]) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "has no questions"),
        ("{", "line 1 is not JSON"),
        ('{"id": "1", "group": "g"}', "line 1: text"),
        (
            '{"id": "1", "group": "g", "text": "t", "conditions": [{"field": "age", "op": "range"}]}',
            "line 1: conditions",
        ),
        ('{"id": "1", "group": "g", "text": "t"}\n' * 2, "line 2: the id '1' was used before"),
        ("[1, 2]", "line 1: expected a table"),
        ("[" * 100_000, "line 1 is not JSON"),
        ('{"id": "1", "group": "g", "text": "t", "limit": 0}', "line 1: limit: expected at least 1"),
    ],
)
def test_what_is_wrong_with_a_file_of_questions_is_told(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(lines)
    with pytest.raises(QueryError, match=message):
        load_questions(path)


def test_a_file_of_questions_may_begin_with_a_mark_and_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "1", "group": "g", "text": "nurses\u2028in Ohio"}\n', encoding="utf-8-sig")
    assert [q.text for q in load_questions(path)] == ["nurses\u2028in Ohio"]
    path.write_bytes(b"\xff")
    with pytest.raises(QueryError, match="not UTF-8 at byte 0"):
        load_questions(path)


def test_a_question_that_expects_what_there_is_not_is_named() -> None:
    question = Question(id="Q7", group="g", text="t", conditions=(Condition(field="agee", op="present"),))
    with pytest.raises(QueryError, match="Question 'Q7': No field 'agee'"):
        check_questions([question], SCHEMA)


def test_questions_are_asked_from_the_command_line(tmp_path: Path) -> None:
    commands.run(tmp_path, "index", "synthetic:n=60,seed=3")
    path = tmp_path / "questions.jsonl"
    question = {"id": "1", "group": "age", "text": "over 40", "conditions": [{"field": "age", "op": "range", "gt": 40}]}
    path.write_text(json.dumps(question))
    facts = commands.run_json(tmp_path, "eval", str(path), "--baselines")
    assert set(facts) == {"techfinder", "cosine", "BM25", "RRF"}
    assert facts["techfinder"]["all"]["ndcg@10"] == 1.0
    assert facts["techfinder"]["age"]["plans"] == 1.0
