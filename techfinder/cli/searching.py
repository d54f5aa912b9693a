"""``search``: one question, or a file of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import IO

import click
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from techfinder.cli.common import echo_json, open_finder, out, parse_filters, say
from techfinder.cli.terminal import echo, visible_in_json
from techfinder.errors import QueryError, cut
from techfinder.finder import Finder
from techfinder.models import Hit, SearchResult
from techfinder.plan import Notice, QueryPlan, parse_sort
from techfinder.words import describe

__all__ = ["explain", "search"]

_BAR_CELLS = 10
_FACTS_SHOWN = 6
_FEWEST_FACTS = 3
_NEAR = 5
"""People to show at least, with near misses where fewer fulfil everything."""

_GAP = 2
_BETWEEN = " · "


@click.command(
    epilog='Example: techfinder search "early adopters in healthcare" --filter age=30..45 --filter tech_interest=High'
)
@click.argument("words", nargs=-1, metavar="[SENTENCE]")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Filter by name; may be repeated.")
@click.option(
    "--limit",
    default=None,
    show_default="what the sentence says, else 20",
    type=click.IntRange(1, 1000),
    help="How many people.",
)
@click.option("--offset", default=0, type=click.IntRange(0), help="How many people to skip.")
@click.option("--sort", multiple=True, metavar="FIELD", help="Order by a field instead; -FIELD from high to low.")
@click.option(
    "--batch",
    type=click.File("r", encoding="utf-8-sig", errors="replace"),
    help="Questions as JSON lines; - reads standard input.",
)
@click.option("--explain", is_flag=True, help="Tell first how the sentence was read.")
@click.option("--as-qdrant", is_flag=True, help="Do not search: print the same search as a call of Qdrant's REST API.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def search(
    words: tuple[str, ...],
    filters: tuple[str, ...],
    limit: int | None,
    offset: int,
    sort: tuple[str, ...],
    batch: IO[str] | None,
    explain: bool,
    as_qdrant: bool,
    as_json: bool,
) -> None:
    """Find people: by a sentence, by filters, or both.

    The SENTENCE needs no quotes, a filter with <, >, !, ?, * or a space in it does.

    --batch reads lines {"id": ..., "query": ...} and writes lines {"id": ..., "results": [ids, best first]};
    where fewer people fulfil everything than --limit says, near misses come after them.
    """
    text = " ".join(words)
    if batch is not None and (text or offset or sort or explain or as_qdrant or as_json):
        raise click.UsageError("--batch goes with --filter and --limit only, and takes its questions from the file.")
    with open_finder() as finder:
        chosen = parse_filters(filters)
        if batch is not None:
            for line in _answers(finder, batch, chosen, limit):
                echo(visible_in_json(line))
            return
        plan = finder.plan(text, chosen, limit=limit, offset=offset, sort=parse_sort(list(sort)))
        if as_qdrant:
            _say_notices(plan.notices)
            _print_call(finder, plan, as_json)
            return
        if plan.meaning and not plan.sort:
            with say.status("Loading the encoder (a server has it ready: techfinder serve)"):
                finder.load_encoder()
        result = finder.search(plan, wait_s=float("inf"), near=min(plan.limit, _NEAR))
        _say_notices(plan.notices)
        if as_json:
            echo_json(_plain(plan, result))
            return
        if explain:
            out.print(_read_as(finder, plan))
        _print(finder, result)


@click.command(epilog='Example: techfinder explain TU0042 "early adopters in healthcare"')
@click.argument("profile_id", metavar="ID")
@click.argument("words", nargs=-1, metavar="[SENTENCE]")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Filter by name; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(profile_id: str, words: tuple[str, ...], filters: tuple[str, ...], as_json: bool) -> None:
    """Tell why somebody is found, or is not: what of the question holds for the one person with this ID."""
    with open_finder() as finder:
        plan = finder.plan(" ".join(words), parse_filters(filters))
        if plan.meaning and not plan.sort:
            finder.load_encoder()
        found = finder.explain(plan, profile_id)
        hit = found.hit
        _say_notices(plan.notices)
        if as_json:
            facts = {"id": profile_id, "found": not hit.fails, "score": hit.score, "fails": list(hit.fails)}
            echo_json({**facts, "shares": [{"name": s.name, "label": s.label, "value": s.value} for s in hit.shares]})
            return
        table = Table("asked for", "read as", "holds", box=None, pad_edge=False, header_style="bold")
        for clause, holds in zip(plan.conditions, found.holds, strict=True):
            table.add_row(escape(clause.words), escape(finder.describe(clause)), "yes" if holds else "no")
        out.print(table)
    verdict = "fulfils all that is required" if not hit.fails else f"does not fulfil: {'; '.join(hit.fails)}"
    out.print(escape(f"{profile_id} {verdict}. Score {hit.score:.0%}."), soft_wrap=True)


def _say_notices(notices: Iterable[Notice]) -> None:
    for notice in notices:
        say.print(f"[yellow]Note[/]: {escape(notice.text)}")


def _print_call(finder: Finder, plan: QueryPlan, as_json: bool) -> None:
    """The call for curl; as JSON with its parts, and for Python too."""
    call, url = finder.qdrant_call(plan), f"{finder.settings.address}/qdrant"
    if call.note:
        say.print(f"[yellow]Note[/]: {escape(call.note)}")
    if as_json:
        echo_json({**asdict(call), "curl": call.curl(url), "python": call.python(url)})
    else:
        echo(call.curl(url))


def _answers(finder: Finder, batch: IO[str], filters: dict[str, list[str]], limit: int | None) -> Iterator[str]:
    told: set[Notice] = set()
    finder.plan("", filters, limit=limit)  # what is wrong with a filter is wrong with no line
    for number, line in enumerate(batch, 1):
        if line.strip():
            question_id, text = _question(number, line)
            try:
                plan = finder.plan(text, filters, limit=limit)
            except QueryError as error:
                raise QueryError(f"Line {number} of the batch: {error}") from error
            _say_notices(n for n in plan.notices if n not in told)  # what is wrong with a filter is so each time
            told.update(plan.notices)
            result = finder.search(plan, wait_s=float("inf"), near=plan.limit)
            ids = [hit.profile.id for hit in (*result.hits, *result.near_misses)]
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


def _plain(plan: QueryPlan, result: SearchResult) -> dict[str, object]:
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
        "near_misses": [{"id": m.profile.id, "score": m.score, "fails": list(m.fails)} for m in result.near_misses],
        "total": result.total,
        "weak": result.weak,
        "ranked_by": result.ranked_by,
        "notices": [n.model_dump(mode="json") for n in plan.notices],
        "plan": plan.model_dump(mode="json", exclude={"notices"}),
        "encoder": result.generation.encoder,
        "generation": result.generation.number,
        "took_ms": {name: round(ms, 2) for name, ms in result.took_ms.items()},
    }


def _read_as(finder: Finder, plan: QueryPlan) -> Table:
    """One line for each condition: the words it came from, what they were read as, and whether it must hold."""
    table = Table("words", "read as", "", box=None, pad_edge=False, header_style="bold")
    for clause in plan.conditions:
        table.add_row(
            escape(clause.words), escape(describe(finder.schema, clause)), "" if clause.required else "a wish"
        )
    if plan.like:
        whom = f"like {', '.join(plan.like)}" + (f", not like {', '.join(plan.not_like)}" if plan.not_like else "")
        table.add_row("", escape(whom), "ranked by likeness")
    if plan.meaning:
        table.add_row(escape(plan.meaning), "ranked by meaning", "")
    for order in plan.sort:
        table.add_row("", f"by {order.field}, {'from high to low' if order.descending else 'from low to high'}", "")
    return table


def _print(finder: Finder, result: SearchResult) -> None:
    ranked = result.ranked_by in ("meaning", "likeness")
    if result.weak:
        out.print("[bold]No good match.[/] Nobody is near to what this says; the least far are:")
    if result.hits:
        out.print(_table(finder, result.hits, ranked))
    singular, plural = finder.schema.subject
    if result.near_misses:
        out.print("[bold]Near misses[/]")
        out.print(_misses(finder, result.near_misses))
    shown = f"Showing {len(result.hits)} of " if len(result.hits) < result.total else ""
    out.print(
        f"{shown}{result.total:,} {singular if result.total == 1 else plural} in {result.took_ms['total']:.0f} ms."
    )


def _misses(finder: Finder, misses: Sequence[Hit]) -> Table:
    """One line for each: who it is, and what is not fulfilled."""
    table = Table("Id", "Who", "Not", box=None, pad_edge=False, header_style="bold")
    for miss in misses:
        who = _BETWEEN.join(f.text for f in finder.facts(miss.profile)[:_FEWEST_FACTS])
        table.add_row(escape(miss.profile.id), escape(who), escape("; ".join(miss.fails)))
    return table


def _table(finder: Finder, hits: Sequence[Hit], ranked: bool) -> Table:
    """One line a hit: as many facts as all of them have room for, the same ones for everybody."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    if ranked:
        table.add_column("Match", no_wrap=True)
    table.add_column("Id", no_wrap=True)
    table.add_column("Who", no_wrap=True, overflow="ellipsis")
    facts = [[f.text for f in finder.facts(h.profile)[:_FACTS_SHOWN]] for h in hits]
    taken = max(cell_len(h.profile.id) for h in hits) + _GAP + (_BAR_CELLS + len(" 100%") + _GAP if ranked else 0)
    count = _facts_that_fit(facts, out.width - taken)
    for hit, texts in zip(hits, facts, strict=True):
        cells = (escape(hit.profile.id), escape(_BETWEEN.join(texts[:count])))
        table.add_row(*((_gauge(hit), *cells) if ranked else cells))
    return table


def _facts_that_fit(facts: Sequence[Sequence[str]], width: int) -> int:
    """How many facts each line can hold; at least three, of which the last may be cut."""
    counts = range(_FACTS_SHOWN, _FEWEST_FACTS, -1)
    return next((n for n in counts if all(cell_len(_BETWEEN.join(t[:n])) <= width for t in facts)), _FEWEST_FACTS)


def _gauge(hit: Hit) -> str:
    filled = round(hit.score * _BAR_CELLS)
    return f"{'█' * filled}{'░' * (_BAR_CELLS - filled)} {hit.score:>4.0%}"
