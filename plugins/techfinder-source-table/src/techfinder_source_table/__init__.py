"""Reads people from CSV, TSV, JSON Lines and Parquet files, each also gzipped or zstd."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from techfinder.hookspecs import hookimpl
from techfinder.interfaces import SourceEntry

if TYPE_CHECKING:
    from techfinder.interfaces import Source
    from techfinder.settings import Settings

__all__ = ["register_sources"]


@hookimpl
def register_sources(settings: Settings) -> list[SourceEntry]:
    """Entries for the four kinds of table; a file is opened when one is loaded."""
    limit = settings.max_cell_chars
    return [
        SourceEntry(
            "csv", "Comma-separated text with a header: people.csv", partial(_delimited, ",", limit), _endings("csv")
        ),
        SourceEntry(
            "tsv", "Tab-separated text with a header: people.tsv", partial(_delimited, "\t", limit), _endings("tsv")
        ),
        SourceEntry(
            "jsonl", "One JSON object per line: people.jsonl", partial(_jsonl, limit), _endings("jsonl", "ndjson")
        ),
        SourceEntry("parquet", "Parquet: people.parquet", partial(_parquet, limit), _endings("parquet")),
    ]


def _endings(*kinds: str) -> tuple[str, ...]:
    return tuple(f".{kind}{packed}" for kind in kinds for packed in ("", ".gz", ".zst"))


# Readers are imported when a file is opened: listing sources must stay cheap.


def _delimited(delimiter: str, max_cell_chars: int, argument: str) -> Source:
    from techfinder_source_table.delimited import DelimitedSource

    return DelimitedSource(argument, delimiter, max_cell_chars)


def _jsonl(max_cell_chars: int, argument: str) -> Source:
    from techfinder_source_table.jsonlines import JsonLinesSource

    return JsonLinesSource(argument, max_cell_chars)


def _parquet(max_cell_chars: int, argument: str) -> Source:
    from techfinder_source_table.parquet import ParquetSource

    return ParquetSource(argument, max_cell_chars)
