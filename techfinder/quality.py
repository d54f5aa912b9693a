"""How good and how quick an encoder is, measured before anything is built with it.

Questions whose truth is known are asked of people in memory: by the judge, so that no index and no store takes part,
and two encoders differ by their vectors alone. Two rankings are scored: ``answers``, what a search would answer (the
plan decides, similarity orders), and ``cosine``, similarity over everyone, which shows a broken encoder at once.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import CollectionNotFound, QueryError, SourceError
from techfinder.evaluation import DEPTH, Question, Truth, load_questions, score
from techfinder.judge import Judge
from techfinder.models import Profile, Row
from techfinder.plan import QueryPlan
from techfinder.rows import RowReader
from techfinder.sources import find_generator

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["ALL", "Measured", "Trial", "default_questions", "hardware", "sample_people"]

ALL = "all"
_PEOPLE = 1000
_PAGES = 10
_TIMED = 50
_FILES = {"tech-adoption": "tuning.jsonl", "companies": "companies.jsonl"}


class _Encodes(Protocol):
    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def encode_query(self, text: str) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What an encoder was found to be.

    Attributes:
        answers, cosine: nDCG@10 by group of questions, :data:`ALL` over all of them; empty without questions.
        texts_per_s: Texts a second, as an index run encodes them.
        query_ms: One question, at the median; `query_p95_ms` at the 95th percentile.
    """

    answers: Mapping[str, float]
    cosine: Mapping[str, float]
    texts_per_s: float
    query_ms: float
    query_p95_ms: float

    def figures(self) -> dict[str, float]:
        """Everything as one table, by names that MLflow accepts."""
        found = {"texts_per_s": self.texts_per_s, "query_ms": self.query_ms, "query_p95_ms": self.query_p95_ms}
        for kind, groups in (("answers", self.answers), ("cosine", self.cosine)):
            found |= {f"ndcg_at_{DEPTH}.{kind}.{group}": value for group, value in groups.items()}
        return found


@dataclass(slots=True)
class Trial:
    """People and questions that encoders are measured on, the same ones for all of them."""

    finder: Finder
    people: Sequence[Profile]
    questions: Sequence[Question]
    _asked: list[tuple[Question, QueryPlan, Truth]] = field(default_factory=list)

    def measure(self, encoder: _Encodes) -> Measured:
        """Encode everyone and ask everything."""
        texts = [self.finder.schema.text(p) for p in self.people]
        encoder.encode_documents(texts[:1])  # whatever is done once is not timed
        started = time.perf_counter()
        vectors = encoder.encode_documents(texts)
        took = time.perf_counter() - started
        judge = Judge(self.finder.schema, self.people, vectors)
        answers: defaultdict[str, list[float]] = defaultdict(list)
        cosine: defaultdict[str, list[float]] = defaultdict(list)
        for question, plan, truth in self._prepared(judge):
            for groups, ranking in (
                (answers, _answered(judge, plan, encoder)),
                (cosine, _nearest(self.people, vectors, encoder.encode_query(question.text))),
            ):
                ndcg = score(truth, ranking).ndcg
                if ndcg is not None:
                    groups[question.group].append(ndcg)
                    groups[ALL].append(ndcg)
        times = _query_times(encoder, [q.text for q in self.questions] or texts)
        return Measured(
            answers=_means(answers),
            cosine=_means(cosine),
            texts_per_s=round(len(texts) / max(took, 1e-9), 1),
            query_ms=round(statistics.median(times), 3),
            query_p95_ms=round(float(np.percentile(times, 95)), 3),
        )

    def _prepared(self, judge: Judge) -> list[tuple[Question, QueryPlan, Truth]]:
        """Plans and truths, which depend on no encoder."""
        if not self._asked:
            self._asked = [(q, self.finder.plan(q.text), Truth(judge, q.conditions)) for q in self.questions]
        return self._asked


def sample_people(finder: Finder, most: int = _PEOPLE) -> list[Profile]:
    """People to measure on: of the live collection, from all over it, else made ones; none when there are neither."""
    try:
        collection = finder.collection()
    except CollectionNotFound:
        return _made(finder, most)
    total = collection.info().points
    if total <= most:
        return collection.browse((), (), most)
    size = most // _PAGES
    return [p for page in range(_PAGES) for p in collection.browse((), (), size, page * total // _PAGES)]


def default_questions(finder: Finder) -> list[Question]:
    """The questions that ship for the schema in use; none for a schema of one's own."""
    name = _FILES.get(finder.schema.name)
    if name is None:
        return []
    packaged = Path(str(files("techfinder"))) / "questions" / name
    path = packaged if packaged.is_file() else Path(__file__).resolve().parent.parent / "data" / "questions" / name
    try:
        return load_questions(path)
    except QueryError:  # a distribution without them
        return []


def hardware() -> str:
    """What figures were measured on, in words: processor and cores."""
    name = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{name}, {cores} cores"


def _answered(judge: Judge, plan: QueryPlan, encoder: _Encodes) -> list[str]:
    vector = encoder.encode_query(plan.meaning or plan.text or " ")
    return [p.id for p, _, _ in judge.prefer(vector, plan.required, plan.preferred)[:DEPTH]]


def _nearest(people: Sequence[Profile], vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> list[str]:
    order = np.argsort(-np.round(vectors @ vector, 6), kind="stable")[:DEPTH]
    return [people[i].id for i in order]


def _query_times(encoder: _Encodes, texts: Sequence[str]) -> list[float]:
    """Milliseconds of some questions, one after the other."""
    times = []
    for text in islice((texts * _TIMED) if isinstance(texts, list) else texts, _TIMED):
        started = time.perf_counter()
        encoder.encode_query(text)
        times.append((time.perf_counter() - started) * 1000)
    return times or [0.0]


def _means(groups: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: round(sum(values) / len(values), 4) for name, values in sorted(groups.items())}


def _made(finder: Finder, count: int) -> list[Profile]:
    try:
        source = find_generator(finder.plugins.sources(), None).load(f"n={count},seed=7")
    except SourceError:
        return []
    reader = RowReader(finder.schema, source.columns())
    read = (reader.read(row) for row in source.rows() if isinstance(row, Row))
    return [p for p in read if isinstance(p, Profile)]
