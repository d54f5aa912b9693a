"""``search``: one question, or a file of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

import click
from rich.markup import escape
from rich.table import Table

from techfinder.cli.common import echo_json, open_finder, out, parse_filters, say
from techfinder.errors import QueryError, cut
from techfinder.finder import Finder
from techfinder.models import Hit, SearchResult
from techfinder.plan import parse_sort

__all__ = ["search"]

_BAR_CELLS = 10
_FACTS_SHOWN = 6


@click.command(
    epilog='Example: techfinder search "early adopters in healthcare" --filter age=30..45 --filter tech_interest=High'
)
@click.argument("text", default="")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Filter by name; may be repeated.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many people.")
@click.option("--offset", default=0, type=click.IntRange(0), help="How many people to skip.")
@click.option("--sort", multiple=True, metavar="FIELD", help="Order by a field instead; -FIELD from high to low.")
@click.option(
    "--batch",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="Questions as JSON lines; - reads standard input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def search(
    text: str,
    filters: tuple[str, ...],
    limit: int,
    offset: int,
    sort: tuple[str, ...],
    batch: IO[str] | None,
    as_json: bool,
) -> None:
    """Find people: by a sentence, by filters, or both.

    --batch reads lines {"id": ..., "query": ...} and writes lines {"id": ..., "results": [ids, best first]}.
    """
    if batch is not None and (text or offset or sort or as_json):
        raise click.UsageError("--batch goes with --filter and --limit only, and takes its questions from the file.")
    with open_finder() as finder:
        chosen = parse_filters(filters)
        if batch is not None:
            for line in _answers(finder, batch, chosen, limit):
                click.echo(line)
            return
        plan = finder.plan(text, chosen, limit=limit, offset=offset, sort=parse_sort(list(sort)))
        if plan.meaning and not plan.sort:
            with say.status("Loading the encoder (a server has it ready: techfinder serve)"):
                finder.load_encoder()
        result = finder.search(plan, wait_s=float("inf"))
        for notice in plan.notices:
            say.print(f"[yellow]Note[/]: {escape(notice.text)}")
        if as_json:
            echo_json(_plain(result))
        else:
            _print(finder, result)


def _answers(finder: Finder, batch: IO[str], filters: dict[str, list[str]], limit: int) -> Iterator[str]:
    for number, line in enumerate(batch, 1):
        if line.strip():
            question_id, text = _question(number, line)
            result = finder.search(finder.plan(text, filters, limit=limit), wait_s=float("inf"))
            ids = [hit.profile.id for hit in result.hits]
            yield json.dumps({"id": question_id, "results": ids}, ensure_ascii=False)


def _question(number: int, line: str) -> tuple[str | int, str]:
    try:
        question = json.loads(line)
        question_id, text = question["id"], question["query"]
        if isinstance(question_id, str | int) and isinstance(text, str):
            return question_id, text
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise QueryError(f'Line {number} of the batch is {cut(line)}; expected {{"id": ..., "query": "..."}}.')


def _plain(result: SearchResult) -> dict[str, object]:
    return {
        "hits": [
            {
                "id": h.profile.id,
                "score": h.score,
                "shares": {s.name: s.value for s in h.shares},
                "profile": dict(h.profile.values),
            }
            for h in result.hits
        ],
        "total": result.total,
        "ranked_by": result.ranked_by,
        "encoder": result.generation.encoder,
        "generation": result.generation.number,
        "took_ms": {name: round(ms, 2) for name, ms in result.took_ms.items()},
    }


def _print(finder: Finder, result: SearchResult) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    ranked = result.ranked_by == "meaning"
    if ranked:
        table.add_column("Match", no_wrap=True)
    table.add_column("Id", no_wrap=True)
    table.add_column("Who")
    for hit in result.hits:
        facts = finder.facts(hit.profile)[:_FACTS_SHOWN]
        cells = (escape(hit.profile.id), escape(" · ".join(f.text for f in facts)))
        table.add_row(*((_gauge(hit), *cells) if ranked else cells))
    singular, plural = finder.schema.subject
    if result.hits:
        out.print(table)
    shown = f"Showing {len(result.hits)} of " if len(result.hits) < result.total else ""
    out.print(
        f"{shown}{result.total:,} {singular if result.total == 1 else plural} in {result.took_ms['total']:.0f} ms."
    )


def _gauge(hit: Hit) -> str:
    filled = round(hit.score * _BAR_CELLS)
    return f"{'█' * filled}{'░' * (_BAR_CELLS - filled)} {hit.score:>4.0%}"
