"""Matching one profile agrees with the judge, who looks at everybody."""

from __future__ import annotations

import random

import pytest

from random_clauses import random_clauses
from techfinder.judge import Judge
from techfinder.matching import fulfils
from techfinder.models import Profile, Row
from techfinder.plan import Condition
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.schema import Schema, load_schema
from techfinder.settings import load_settings
from techfinder.sources import open_source


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema()


@pytest.fixture(scope="module")
def people(schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> list[Profile]:
    plugins = Plugins.load(load_settings(home=tmp_path_factory.mktemp("matching")))
    source = open_source("synthetic:n=80,seed=9", plugins.sources())
    reader = RowReader(schema, source.columns())
    read = [reader.read(row) for row in source.rows() if isinstance(row, Row)]
    return [p for p in read if isinstance(p, Profile)]


def test_random_clauses_hold_for_those_whom_the_judge_finds(schema: Schema, people: list[Profile]) -> None:
    judge, told = Judge(schema, people), 0
    for seed in range(150):
        clauses = random_clauses(schema, people, random.Random(seed))
        resolved = schema.resolve(clauses)
        found = [p for p in people if fulfils(p, resolved)]
        assert found == judge.matches(clauses), clauses
        told += 0 < len(found) < len(people)
    assert told > 50


def test_what_is_not_resolved_is_refused(people: list[Profile]) -> None:
    with pytest.raises(ValueError, match="at_least"):
        fulfils(people[0], [Condition(field="tech_interest", op="at_least", values=("High",))])


def test_large_numbers_are_compared_to_the_last_digit() -> None:
    rich = Profile("a", {"income": 2**53 + 1})
    assert fulfils(rich, [Condition(field="income", op="any_of", values=(str(2**53 + 1),))])
    assert not fulfils(rich, [Condition(field="income", op="any_of", values=(str(2**53),))])
