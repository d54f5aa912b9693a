"""How good the answers are: questions with a known truth, asked and scored.

The truth of a question are the conditions of the plan that a careful reader makes of it. A person's *grade* is the
share of their weights that hold, from 0 to 1, and 0 for who breaks an exclusion. The gain of a grade g is
``2**(4*g) - 1``, so that half of what was asked is worth a fifth of all of it, and nDCG discounts by the logarithm of
the rank (K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from techfinder.errors import QueryError
from techfinder.fields import Part
from techfinder.findings import expectation, true_findings
from techfinder.judge import Judge
from techfinder.plan import AnyOf, Clause, Condition, QueryPlan, Sort
from techfinder.preferences import excludes
from techfinder.schema import Schema

__all__ = [
    "BM25",
    "DEPTH",
    "Question",
    "Score",
    "Truth",
    "check_questions",
    "fuse",
    "load_questions",
    "same_plan",
    "score",
]

DEPTH = 10
"""Ranks that are looked at."""


class Question(Part):
    """One question with the plan that is expected of it; see ``data/questions/README.md``."""

    id: Annotated[str, Field(min_length=1)]
    group: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    conditions: tuple[Clause, ...] = ()
    meaning: bool = False
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    sort: tuple[Sort, ...] = ()


def load_questions(path: Path) -> list[Question]:
    """The questions of a JSON Lines file.

    Raises:
        QueryError: The file cannot be read, or a line is wrong; it is named.
    """
    found: dict[str, Question] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise QueryError(f"{path} cannot be read: it is not UTF-8 at byte {error.start}.") from error
    except OSError as error:
        raise QueryError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate(json.loads(line))
        except ValidationError as error:
            first = next(iter(true_findings(error)))
            place = "".join(f" {p}:" for p in first["loc"])
            raise QueryError(f"{path}, line {number}:{place} {expectation(first)}.") from error
        except (ValueError, RecursionError) as error:
            raise QueryError(f"{path}, line {number} is not JSON: {error}") from error
        if question.id in found:
            raise QueryError(f"{path}, line {number}: the id {question.id!r} was used before.")
        found[question.id] = question
    if not found:
        raise QueryError(f"{path} has no questions.")
    return list(found.values())


def check_questions(questions: Iterable[Question], schema: Schema) -> None:
    """Raise QueryError, with the question's id, where one expects what the schema does not have."""
    for question in questions:
        try:
            schema.check(QueryPlan(conditions=question.conditions, sort=question.sort))
        except QueryError as error:
            raise QueryError(f"Question {question.id!r}: {error}") from error


class Truth:
    """What everybody is worth as an answer to one question."""

    def __init__(self, judge: Judge, conditions: Sequence[Condition | AnyOf]) -> None:
        """Ask the judge. Raises QueryError when a condition names what the schema lacks."""
        total = sum(c.weight for c in conditions) or 1.0
        self.grades = {p.id: 0.0 for p in judge.profiles}
        excluded: set[str] = set()
        for clause in conditions:
            held = {p.id for p in judge.matches([clause])}
            for profile_id in held:
                self.grades[profile_id] += clause.weight / total
            if clause.required and excludes(clause):
                excluded |= self.grades.keys() - held
        self.excluded = excluded
        self.grades |= dict.fromkeys(excluded, 0.0)
        self.full = {i for i, g in self.grades.items() if g > 1 - 1e-9}


@dataclass(frozen=True, slots=True)
class Score:
    """How good one ranking is.

    Attributes:
        ndcg: 0 to 1; None when nobody is worth anything.
        precision: Share of full matches in the first ten, of as many as there could be; None when there are none.
        violations: People in the first ten who break an exclusion.
    """

    ndcg: float | None
    precision: float | None
    violations: int


def score(truth: Truth, ranking: Sequence[str]) -> Score:
    """The score of a ranking of profile ids, best first. An id that comes twice or is unknown is a wasted place."""
    seen: set[str] = set()
    gains = []
    for profile_id in ranking[:DEPTH]:
        gains.append(0.0 if profile_id in seen else _gain(truth.grades.get(profile_id, 0.0)))
        seen.add(profile_id)
    best = sorted((_gain(g) for g in truth.grades.values()), reverse=True)[:DEPTH]
    ideal, could = _discounted(best), min(DEPTH, len(truth.full))
    return Score(
        ndcg=_discounted(gains) / ideal if ideal > 0 else None,
        precision=len(seen & truth.full) / could if could else None,
        violations=len(seen & truth.excluded),
    )


def _gain(grade: float) -> float:
    return float(2 ** (4 * grade) - 1)


def _discounted(gains: Iterable[float]) -> float:
    return sum(g / math.log2(rank + 2) for rank, g in enumerate(gains))


def same_plan(judge: Judge, question: Question, plan: QueryPlan) -> bool:
    """Whether a plan asks the same: it finds the same people, wishes for the same, and wants as many in the same order.

    How the conditions are cut does not matter; what they hold for does.
    """
    asked, wanted = list(plan.conditions), list(question.conditions)

    def found(clauses: Iterable[Condition | AnyOf]) -> frozenset[str]:
        return frozenset(p.id for p in judge.matches(clauses))

    required = found(c for c in asked if c.required) == found(c for c in wanted if c.required)
    wishes = {found([c]) for c in asked if not c.required} == {found([c]) for c in wanted if not c.required}
    wanted_limit = QueryPlan().limit if question.limit is None else question.limit
    return required and wishes and wanted_limit == plan.limit and question.sort == plan.sort


class BM25:
    """Okapi BM25 over texts, with k1 = 1.2 and b = 0.75: the baseline that knows words only.

    S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Count the words of texts by id."""
        self.ids = list(texts)
        self._counts = [Counter(_words(t)) for t in texts.values()]
        lengths = np.array([c.total() for c in self._counts], dtype=np.float64)
        self._norm = 1.2 * (0.25 + 0.75 * lengths / max(lengths.mean(), 1.0))
        self._documents = Counter(word for c in self._counts for word in c)

    def rank(self, text: str) -> list[str]:
        """The ids, best first; equals in the order given."""
        total: NDArray[np.float64] = np.zeros(len(self.ids))
        for word in set(_words(text)):
            n = self._documents[word]
            rarity = math.log(1 + (len(self.ids) - n + 0.5) / (n + 0.5))
            often = np.array([c[word] for c in self._counts], dtype=np.float64)
            total += rarity * often * 2.2 / (often + self._norm)
        return [self.ids[i] for i in np.argsort(-total, kind="stable")]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def fuse(rankings: Sequence[Sequence[str]]) -> list[str]:
    """Reciprocal rank fusion with k = 60 (G. Cormack and others, SIGIR 2009) of rankings of the same ids."""
    total: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, profile_id in enumerate(ranking, 1):
            total[profile_id] += 1 / (60 + rank)
    return sorted(total, key=lambda i: -total[i])
