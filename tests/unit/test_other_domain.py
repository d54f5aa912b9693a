"""A second kind of profile, companies: a schema file and no code, and sentences are understood."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

import commands
from companies import write_companies
from techfinder.evaluation import Question, load_questions, same_plan
from techfinder.judge import Judge
from techfinder.lexicons import builtin_lexicons
from techfinder.mentions import word_weight
from techfinder.models import Profile, Row
from techfinder.parser import SentenceParser
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = ROOT / "data" / "schemas" / "companies.toml"
QUESTIONS = ROOT / "data" / "questions" / "companies.jsonl"
SCHEMA = load_schema(SCHEMA_FILE)
TODAY = date(2026, 11, 25)
CITIES = ["Atlanta", "Austin", "Boston", "Chicago", "Dallas", "Denver", "Seattle", "Spokane"]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    table = tmp_path_factory.mktemp("companies") / "companies.csv"
    write_companies(table)
    source = open_source(str(table), Plugins.load(Settings(home=table.parent)).sources())
    reader = RowReader(SCHEMA, source.columns())
    read = [reader.read(row) for row in source.rows() if isinstance(row, Row)]
    companies = [c for c in read if isinstance(c, Profile)]
    assert len(companies) == len(read) == 2000
    return Judge(SCHEMA, companies)


@pytest.fixture(scope="module")
def parser(judge: Judge) -> SentenceParser:
    counts = Counter(w for c in judge.profiles for w in c.values["about_words"])
    weights = {w: word_weight(n, len(judge.profiles)) for w, n in counts.items()}
    return SentenceParser(
        SCHEMA, builtin_lexicons(SCHEMA), {"headquarters_city": CITIES}, mentions={"about_words": weights}
    )


@pytest.mark.parametrize("question", load_questions(QUESTIONS), ids=lambda q: q.id)
def test_a_question_about_companies_is_read(judge: Judge, parser: SentenceParser, question: Question) -> None:
    plan = parser.parse(question.text, TODAY)
    assert same_plan(judge, question, plan), plan.conditions


def test_the_answers_are_good(tmp_path: Path) -> None:
    table = tmp_path / "companies.csv"
    write_companies(table)
    settings = {"schema_file": str(SCHEMA_FILE), "today": TODAY.isoformat()}
    assert commands.run(tmp_path, "index", str(table), **settings).returncode == 0
    facts = commands.run_json(tmp_path, "eval", str(QUESTIONS), **settings)["techfinder"]["all"]
    assert facts["questions"] == 70
    assert facts["ndcg@10"] >= 0.9
    assert facts["violations"] == 0
