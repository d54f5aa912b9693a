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
from techfinder.words import describe

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


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("fast growing, 20%+ growth, no CRM", ["Growth at least 20 %", "CRM: uses is no"]),
        ("growing over 10 percent with fewer than 100 persons", ["Growth over 10 %", "Employees under 100 people"]),
        ("negative growth", ["Growth under 0 %"]),
        ("growth positive, no banks", ["Growth over 0 %", "Industry is not Banking"]),
        ("contract runs out within the next six months", ["Renewal 2026-11-25 to 2027-05-25"]),
        ("next 6 months", ["Renewal 2026-11-25 to 2027-05-25"]),
        ("no cloud from Microsoft", ["Cloud provider is not Azure"]),
        ("Microsoft cloud, Microsoft CRM", ["Cloud provider is Azure", "CRM: product is Dynamics"]),
        ("ai_maturity at least Scaling and kubernetes = no", ["Kubernetes is no", "AI maturity is Scaling or more"]),
        ("crm is null", ["CRM: uses is not known"]),
        ("crm is not null", ["CRM: uses is known"]),
        ("firms with more as 200 employees", ["Employees over 200 people"]),
        (
            "banks on AWS or hospitals on Azure",
            [
                "Industry is Banking or Healthcare",
                "any of (Industry is Banking; Cloud provider is Azure)",
                "any of (Cloud provider is AWS; Industry is Healthcare)",
                "Cloud provider is AWS or Azure",
            ],
        ),
    ],
)
def test_what_others_say_of_companies_is_read(parser: SentenceParser, text: str, clauses: list[str]) -> None:
    assert [describe(SCHEMA, c) for c in parser.parse(text, TODAY).conditions] == clauses


@pytest.mark.parametrize(
    ("text", "words"),
    [("big companies on AWS", "big"), ("small company", "small"), ("fast growth", "fast"), ("over 5 % on AWS", "")],
)
def test_what_nobody_can_tell_is_told(parser: SentenceParser, text: str, words: str) -> None:
    notices = parser.parse(text, TODAY).notices
    assert [n.words for n in notices if n.code == "not-read"] == ([words] if words else [])


def test_companies_are_ordered_by_a_field_called_like_a_common_word(parser: SentenceParser) -> None:
    assert [(s.field, s.descending) for s in parser.parse("sorted by employees descending", TODAY).sort] == [
        ("employees", True)
    ]


@pytest.mark.slow
def test_the_answers_are_good(tmp_path: Path) -> None:
    table = tmp_path / "companies.csv"
    write_companies(table)
    settings = {"schema_file": str(SCHEMA_FILE), "today": TODAY.isoformat()}
    assert commands.run(tmp_path, "index", str(table), **settings).returncode == 0
    facts = commands.run_json(tmp_path, "eval", str(QUESTIONS), **settings)["techfinder"]["all"]
    assert facts["questions"] == 70
    assert facts["ndcg@10"] >= 0.9
    assert facts["violations"] == 0
