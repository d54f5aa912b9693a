"""What the pages beside the search cost, with a plain search as the measure, all in one run.

A real server answers on loopback, with the hash encoder. In turns it is asked for the search page with a sentence, one
person's page, four people side by side, everyone in an order, the schema, and for what the API tells of the same. Then,
with a search by filters as the measure, for the audience at a glance, lookalikes and an export. No question is asked
twice, so that nothing comes from memory but what a visitor would get from it too.

Run: python tests/benchmarks/pages.py [--people 100000] [--rounds 60] [--home FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from search_page import SENTENCES, indexed, percentile, wait_until_ready

import commands

BUDGET = 3.0
EXPORT = "export of 1,000"
"""Whose length is its own affair: no budget holds for it."""
STATES = ("CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "MI", "NJ", "VA", "WA", "AZ", "MA", "TN", "IN", "MO")
SORTS = ("age", "-annual_income", "tech_interest", "-smartphone_months")


def main() -> None:
    """Print the figures; ends with an error when a page is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--home", type=Path, help="ask about the people that are indexed there, with the hash encoder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or indexed(Path(folder), options.people)
        with commands.Server(home) as server:
            wait_until_ready(server.base)
            found = server.get(f"/api/v1/search?limit={min(4 * options.rounds, 1000)}&facets=none")
            ids = [hit["id"] for hit in found["hits"]]
            print(f"Pages over {found['total']:,} people, hash encoder, embedded store")
            over = report(measured(server.base, beside(ids), options.rounds))
            over += report(measured(server.base, glances(), options.rounds))
    if over:
        raise SystemExit(f"over {BUDGET:g} times a plain search: {', '.join(over)}")


@dataclass
class Timed:
    """One address, made anew for each round, and how long its answers took in milliseconds."""

    name: str
    path: Callable[[int], str]
    first: float = 0.0
    times: list[float] = field(default_factory=list)


def beside(ids: list[str]) -> list[Timed]:
    """Pages of people and fields, a search with a sentence first."""

    def some(turn: int, number: int) -> list[str]:
        return [ids[(turn * number + n) % len(ids)] for n in range(number)]

    def sentence(turn: int) -> str:
        return urlencode({"q": f"{SENTENCES[turn % len(SENTENCES)]} under {60 + turn}"})

    return [
        Timed("search page", lambda n: f"/?{sentence(n)}"),
        Timed("search (API)", lambda n: f"/api/v1/search?{sentence(n)}+years"),
        Timed("one person", lambda n: f"/people/{ids[n % len(ids)]}"),
        Timed("four side by side", lambda n: f"/compare?{urlencode([('ids', i) for i in some(n, 4)])}"),
        Timed("two, and whom to add", lambda n: f"/compare?{urlencode([('ids', i) for i in some(n, 2)])}"),
        Timed("everyone, in order", lambda n: f"/?sort={SORTS[n % len(SORTS)]}&offset={20 * n + 20}"),
        Timed("schema", lambda n: "/schema"),
        Timed("standing (API)", lambda n: f"/api/v1/standing/{ids[-1 - n % len(ids)]}"),
        Timed("coverage (API)", lambda n: "/api/v1/coverage"),
    ]


def glances() -> list[Timed]:
    """Pages of people as a whole, a search by the same kind of filters first."""

    def some(turn: int, older: int) -> str:
        state = STATES[turn % len(STATES)]
        return urlencode([("location_state", state), ("age", f"..{45 + turn % 60 + older / 10}")])

    def like(turn: int) -> str:
        return urlencode([("like", f"TU{n:04}") for n in range(3 * turn + 1, 3 * turn + 4)])

    return [
        Timed("search by filters", lambda n: f"/?{some(n, 0)}"),
        Timed("audience", lambda n: f"/audience?{some(n, 1)}"),
        Timed("audience of most", lambda n: f"/audience?age=..{65 + n % 40}"),
        Timed("lookalike", lambda n: f"/lookalike?{like(n)}"),
        Timed("lookalike in a state", lambda n: f"/lookalike?{like(n)}&location_state={STATES[n % len(STATES)]}"),
        Timed("audience (API)", lambda n: f"/api/v1/audience?{some(n, 2)}"),
        Timed(EXPORT, lambda n: f"/api/v1/export/csv?age=..{65 + n % 40}.5&limit=1000"),
    ]


def measured(base: str, asked: list[Timed], rounds: int) -> list[Timed]:
    """Every address once, to warm up, and then in turns."""
    for each in asked:
        each.first = ask(base + each.path(rounds))
    for turn in range(rounds):
        for each in asked:
            each.times.append(ask(base + each.path(turn)))
    return asked


def ask(url: str) -> float:
    """How long an answer takes, in milliseconds."""
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        answer.read()
    return (time.perf_counter() - started) * 1000


def report(asked: list[Timed]) -> list[str]:
    """Print the table; returns the names of pages that take too long."""
    plain = percentile(asked[0].times, 50)
    print(f"\n{'':<22}{'first ms':>10}{'p50 ms':>9}{'p95 ms':>9}{'times a search':>16}")
    for each in asked:
        p50, p95 = percentile(each.times, 50), percentile(each.times, 95)
        print(f"{each.name:<22}{each.first:>10.1f}{p50:>9.1f}{p95:>9.1f}{p50 / plain:>16.2f}")
    return [e.name for e in asked if e.name != EXPORT and percentile(e.times, 50) > BUDGET * plain]


if __name__ == "__main__":
    main()
