from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

import techfinder_source_table
from techfinder.models import Row, RowProblem
from techfinder.settings import Settings


class Read(NamedTuple):
    """What a source yielded: rows as (number, values), and problems."""

    rows: list[tuple[int, dict[str, object]]]
    problems: list[RowProblem]


def split(items: Iterable[Row | RowProblem]) -> Read:
    taken = list(items)
    rows = [(i.number, dict(i.values)) for i in taken if isinstance(i, Row)]
    return Read(rows, [i for i in taken if isinstance(i, RowProblem)])


Write = Callable[[bytes | str], Path]


@pytest.fixture
def entries(tmp_path):
    settings = Settings(home=tmp_path, max_cell_chars=1_000)
    return {e.name: e for e in techfinder_source_table.register_sources(settings)}


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    def write(content: bytes | str, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def read(entries, write):
    """Writes content to a file, reads it with the source of that name, and splits the answer."""

    def read(content: bytes | str, kind: str = "csv", name: str = "people.csv") -> Read:
        return split(entries[kind].load(str(write(content, name))).rows())

    return read
