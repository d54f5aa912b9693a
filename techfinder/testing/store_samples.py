"""Small collections for tests of stores, and plain Python's opinion on what clauses match."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from techfinder.interfaces import CollectionSpec, Point, Store
from techfinder.models import GenerationInfo, Profile
from techfinder.plan import AnyOf, Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from techfinder.models import Value

__all__ = [
    "ATTRIBUTES",
    "DIM",
    "Discarding",
    "any_of",
    "build",
    "counts",
    "eventually",
    "holds",
    "ids",
    "make_point",
    "make_points",
    "make_spec",
    "only_so_many_files",
    "vector_of",
    "words",
]

DIM = 8
ATTRIBUTES = {"sector": "keyword", "tags": "keywords", "age": "integer", "income": "float"}
WAIT_S = 10.0


def make_spec(name: str, **changes: Any) -> CollectionSpec:
    """A collection of 8 dimensions with one attribute of each storage."""
    spec = CollectionSpec(name, DIM, "cosine", "hash@1+a/8", "template-1", "tech-adoption", ATTRIBUTES)
    return replace(spec, **changes)


def vector_of(number: int, dim: int = DIM) -> NDArray[np.float32]:
    """A vector of norm 1, the same for the same number."""
    vector = np.random.default_rng(number).normal(size=dim)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def make_point(number: int, ordinal: int | None = None, **values: Any) -> Point:
    """Profile ``p<number>`` with `values` and the vector of that number."""
    profile = Profile(f"p{number}", values)
    return Point(profile, number if ordinal is None else ordinal, f"row{number}", f"text{number}", vector_of(number))


def make_points(size: int) -> list[Point]:
    """Points with every storage, where every value is missing now and then."""
    return [make_point(n, None, **_values(n)) for n in range(size)]


def _values(number: int) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if number % 3:
        values["sector"] = ("Arts", "Legal", "Retail", "Data Science")[number % 4]
    if number % 4:
        values["tags"] = ("TikTok", "Reddit", "Mail")[: 1 + number % 3]
    if number % 5:
        values["age"] = 18 + number % 40
    if number % 7:
        values["income"] = round(number * 12.5, 2)
    return values


def build(store: Store, spec: CollectionSpec, points: Sequence[Point], fresh: bool = False) -> GenerationInfo:
    """Write the points to the collection's next generation and make it live."""
    writer = store.write(spec, fresh=fresh)
    try:
        writer.upsert(points)
        writer.seal()
        return writer.publish()
    finally:
        writer.discard()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within some seconds."""
    deadline, pause = time.monotonic() + WAIT_S, threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True


@contextmanager
def only_so_many_files(left: int) -> Iterator[None]:
    """In the block, this process can open `left` files more than it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    filled: list[int] = []
    highest = max(int(file.name) for file in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest + 64, soft), hard))
    try:
        with suppress(OSError):
            while True:
                filled.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(left):
            os.close(filled.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for file in filled:
            os.close(file)


def ids(profiles: Sequence[Profile]) -> list[str]:
    """The profiles' ids."""
    return [p.id for p in profiles]


class Discarding:
    """A writer that is discarded at the end of a ``with`` block."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def close(self) -> None:
        self._writer.discard()


def words(clause: Condition | AnyOf) -> str:
    """A short name for a test."""
    if isinstance(clause, AnyOf):
        return f"{'not ' if clause.negated else ''}{clause.at_least} of {len(clause.conditions)}"
    bounds = [f"{n}{b:g}" for n in ("gte", "gt", "lte", "lt") if (b := getattr(clause, n)) is not None]
    return " ".join([clause.field, clause.op, *clause.values, *bounds])


def any_of(field: str, *values: str) -> Condition:
    """The condition that `field` has one of `values`."""
    return Condition(field=field, op="any_of", values=values)


def counts(values: Sequence[Any]) -> dict[Any, int]:
    """How often each value occurs."""
    return {value: values.count(value) for value in values}


def holds(clause: Condition | AnyOf, values: Any) -> bool:
    """Plain Python's opinion on whether a profile fulfils a clause."""
    if isinstance(clause, AnyOf):
        return (sum(holds(c, values) for c in clause.conditions) >= clause.at_least) != clause.negated
    value = values.get(clause.field)
    if clause.op in ("missing", "present"):
        return (value is None) == (clause.op == "missing")
    if clause.op == "none_of":
        return not holds(clause.model_copy(update={"op": "any_of"}), values)
    if value is None:
        return False
    if clause.op == "range":
        low, high = clause.gte, clause.lte
        above = (low is None or value >= low) and (clause.gt is None or value > clause.gt)
        return bool(above and (high is None or value <= high) and (clause.lt is None or value < clause.lt))
    wanted = {float(v) for v in clause.values} if isinstance(value, int | float) else set(clause.values)
    have = set(value) if isinstance(value, tuple) else {value}
    return wanted <= have if clause.op == "all_of" else bool(wanted & have)
