"""``eval``: questions with a known truth, asked of the live collection and scored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from techfinder.cli.common import echo_json, open_finder, out, say
from techfinder.errors import QueryError
from techfinder.evaluation import (
    BM25,
    DEPTH,
    Question,
    Score,
    Truth,
    check_questions,
    fuse,
    load_questions,
    same_plan,
    score,
)
from techfinder.finder import Finder
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import QueryPlan

__all__ = ["evaluate"]

OURS = "techfinder"
_PAGE = 1000
_MOST_PEOPLE = 50_000
_ALL = "all"

Ranker = Callable[[str], Sequence[str]]


@dataclass
class _Tally:
    """What is known of one way of ranking over some questions."""

    scores: list[Score] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    plans: list[bool] = field(default_factory=list)

    def facts(self) -> dict[str, float | int | None]:
        """Means, counts, and milliseconds at the 50th and 95th percentile."""
        half, most = np.percentile(self.milliseconds, (50, 95)).tolist()
        return {
            "questions": len(self.scores),
            f"ndcg@{DEPTH}": _mean([s.ndcg for s in self.scores]),
            f"p@{DEPTH}": _mean([s.precision for s in self.scores]),
            "plans": _mean([float(p) for p in self.plans]),
            "violations": sum(s.violations for s in self.scores),
            "p50_ms": round(half, 2),
            "p95_ms": round(most, 2),
        }


@click.command("eval", epilog="Example: techfinder eval data/questions/tuning.jsonl --baselines")
@click.argument("questions", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--baselines", is_flag=True, help="Also rank by cosine alone, by words (BM25), and by both fused (RRF).")
@click.option("--wrong", is_flag=True, help="List the questions whose plan is not the one expected.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(questions: tuple[Path, ...], baselines: bool, wrong: bool, as_json: bool) -> None:
    """Ask QUESTIONS of the live collection, and print how good the answers are.

    A file of questions has one JSON object on each line, with the conditions that a careful reader takes from it.
    """
    asked = [q for path in questions for q in load_questions(path)]
    with open_finder() as finder:
        check_questions(asked, finder.schema)
        finder.load_encoder()
        judge = Judge(finder.schema, list(_everybody(finder)))
        tallies, misread = _measure(finder, judge, asked, baselines)
    if as_json:
        echo_json({name: {g: t.facts() for g, t in groups.items()} for name, groups in tallies.items()})
    else:
        _print(tallies)
    if wrong:
        for question, plan in misread:
            say.print(f"{question.id}  {question.text}", markup=False)
            say.print(f"  read as: {_told(plan)}", markup=False)


def _everybody(finder: Finder) -> Iterator[Profile]:
    total = finder.generation().points
    if total > _MOST_PEOPLE:
        raise QueryError(f"The collection has {total:,} people; at most {_MOST_PEOPLE:,} are judged one by one.")
    for offset in count(0, _PAGE):
        page = finder.collection().browse((), (), _PAGE, offset)
        yield from page
        if len(page) < _PAGE:
            return


def _measure(
    finder: Finder, judge: Judge, asked: Sequence[Question], baselines: bool
) -> tuple[dict[str, dict[str, _Tally]], list[tuple[Question, QueryPlan]]]:
    """Tallies by way of ranking and group, and the questions that were read otherwise than expected."""
    rankers: dict[str, Ranker] = _baselines(finder, judge) if baselines else {}
    tallies: dict[str, dict[str, _Tally]] = {name: {} for name in (OURS, *rankers)}
    misread = []
    finder.plan(asked[0].text)
    for question in asked:
        truth = Truth(judge, question.conditions)
        started = time.perf_counter()
        plan = finder.plan(question.text)
        answer = finder.search(plan.model_copy(update={"limit": DEPTH, "sort": ()}), near=DEPTH)
        found = [h.profile.id for h in (*answer.hits, *answer.near_misses)]
        took = time.perf_counter() - started
        right = same_plan(judge, question, plan)
        if not right:
            misread.append((question, plan))
        _note(tallies[OURS], question.group, score(truth, found), took, right)
        for name, rank in rankers.items():
            started = time.perf_counter()
            found = list(rank(question.text))
            _note(tallies[name], question.group, score(truth, found), time.perf_counter() - started, None)
    return tallies, misread


def _baselines(finder: Finder, judge: Judge) -> dict[str, Ranker]:
    bm25 = BM25({p.id: finder.schema.text(p) for p in judge.profiles})

    def cosine(text: str, limit: int = DEPTH) -> list[str]:
        return [h.profile.id for h in finder.search(QueryPlan(meaning=text, limit=limit)).hits]

    def fused(text: str) -> list[str]:
        return fuse([cosine(text, 200), bm25.rank(text)[:200]])

    return {"cosine": cosine, "BM25": bm25.rank, "RRF": fused}


def _note(groups: dict[str, _Tally], group: str, found: Score, seconds: float, right: bool | None) -> None:
    for name in (group, _ALL):
        tally = groups.setdefault(name, _Tally())
        tally.scores.append(found)
        tally.milliseconds.append(seconds * 1000)
        if right is not None:
            tally.plans.append(right)


def _print(tallies: Mapping[str, Mapping[str, _Tally]]) -> None:
    table = Table("group", "questions", f"nDCG@{DEPTH}", f"P@{DEPTH}", "plans", "violations", "p50 / p95 ms")
    groups = tallies[OURS]
    for name in (*sorted(g for g in groups if g != _ALL), _ALL):
        table.add_row(*_cells(name, groups[name]), end_section=name == _ALL)
    for ranker, others in tallies.items():
        if ranker != OURS:
            table.add_row(*_cells(ranker, others[_ALL]))
    out.print(table)


def _cells(name: str, tally: _Tally) -> list[str]:
    facts = tally.facts()
    shares = ["" if (v := facts[key]) is None else f"{v:.3f}" for key in (f"ndcg@{DEPTH}", f"p@{DEPTH}", "plans")]
    return [name, str(facts["questions"]), *shares, str(facts["violations"]), f"{facts['p50_ms']} / {facts['p95_ms']}"]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(sum(known) / len(known), 4) if known else None


def _told(plan: QueryPlan) -> str:
    parts = [f"{'' if c.required else '~'}{c.words!r}" for c in plan.conditions]
    return ", ".join(parts) or "nothing"
