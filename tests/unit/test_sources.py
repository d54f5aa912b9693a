"""From what the user typed to a source."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from techfinder.errors import SourceError
from techfinder.interfaces import Source, SourceEntry
from techfinder.models import Row, RowProblem
from techfinder.sources import find_generator, open_source


@dataclass(frozen=True)
class Named:
    """A source that remembers how it was opened."""

    name: str
    argument: str

    def columns(self) -> tuple[str, ...]:
        return ()

    def count(self) -> int | None:
        return 0

    def rows(self) -> Iterator[Row | RowProblem]:
        return iter(())


def entry(name: str, *suffixes: str, generates: bool = False) -> SourceEntry:
    def load(argument: str) -> Source:
        return Named(name, argument)

    return SourceEntry(name, "", load, suffixes, generates)


ENTRIES = {e.name: e for e in (entry("csv", ".csv", ".csv.gz"), entry("gz", ".gz"), entry("maker", generates=True))}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("people.csv", Named("csv", "people.csv")),
        ("a/PEOPLE.CSV", Named("csv", "a/PEOPLE.CSV")),
        ("people.csv.gz", Named("csv", "people.csv.gz")),
        ("people.json.gz", Named("gz", "people.json.gz")),
        ("maker:n=3,seed=1", Named("maker", "n=3,seed=1")),
        ("csv:odd name:x", Named("csv", "odd name:x")),
        ("C:\\people.csv", Named("csv", "C:\\people.csv")),
    ],
)
def test_paths_and_names_find_their_source(typed: str, expected: Named) -> None:
    assert open_source(typed, ENTRIES) == expected


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("people.xlsx", r"No source reads 'people\.xlsx'.*\.csv"),
        ("people", "No source reads 'people'"),
        ("makr:n=3", "No source is named 'makr'.*Did you mean 'maker'"),
    ],
)
def test_unknown_inputs_name_what_is_known(typed: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(typed, ENTRIES)


def test_the_only_generator_needs_no_name() -> None:
    assert find_generator(ENTRIES).name == "maker"
    with pytest.raises(SourceError, match="No generator is named 'csv'"):
        find_generator(ENTRIES, "csv")
    with pytest.raises(SourceError, match="No generator is installed"):
        find_generator({})
    with pytest.raises(SourceError, match="Several generators"):
        find_generator({"a": entry("a", generates=True), "b": entry("b", generates=True)})
