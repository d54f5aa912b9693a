"""What the pages beside the search cost: the audience at a glance, lookalikes and an export, beside a plain search.

A real server answers on loopback, with the hash encoder, over made people. Each page is asked with several questions,
in turns with the search page, no question twice (so that no answer comes from memory). The search page with 20 cards
and all filters is the baseline; every page should take no more than three times as long.

Run: python tests/benchmarks/glances.py [--people 100000] [--rounds 12]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from search_page import indexed, wait_until_ready

import commands

BUDGET = 3.0
STATES = ("CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "MI", "NJ", "VA", "WA", "AZ", "MA", "TN", "IN", "MO")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--home", type=Path, help="look at the people that are indexed there, with the hash encoder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or indexed(Path(folder), options.people)
        with commands.Server(home) as server:
            wait_until_ready(server.base)
            points = server.get("/api/v1/search?limit=1&facets=none")["total"]
            print(f"Pages over {points:,} people, hash encoder, embedded store; milliseconds\n")
            within = table(timed(server.base, options.rounds))
    if not within:
        raise SystemExit(f"A page took more than {BUDGET:g} times as long as a search.")


def timed(base: str, rounds: int) -> dict[str, list[float]]:
    """Times by page; the first of each is not counted."""
    found: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, path in pages(number).items():
            started = time.perf_counter()
            with urllib.request.urlopen(base + path, timeout=120) as answer:
                answer.read()
            if number:
                found.setdefault(name, []).append((time.perf_counter() - started) * 1000)
    return found


def pages(number: int) -> dict[str, str]:
    """The address of each page in one round."""
    state, age = STATES[number % len(STATES)], 25 + number
    some = urlencode([("location_state", state), ("age", f"..{age + 20}")])
    like = urlencode([("like", f"TU{n:04}") for n in range(3 * number + 1, 3 * number + 4)])
    return {
        "search": f"/?{some}",
        "audience": f"/audience?{urlencode([('location_state', state), ('age', f'..{age + 21}')])}",
        "audience of most": f"/audience?age=..{age + 40}",
        "lookalike": f"/lookalike?{like}",
        "lookalike in a state": f"/lookalike?{like}&location_state={state}",
        "API audience": f"/api/v1/audience?{urlencode([('location_state', state), ('age', f'..{age + 22}')])}",
        "export of 1,000": f"/api/v1/export/csv?age=..{age + 41}&limit=1000",
    }


def table(found: dict[str, list[float]]) -> bool:
    """Print the table; whether every page is within the budget."""
    base = statistics.median(found["search"])
    print(f"{'page':<22}{'p50':>8}{'max':>8}{'x search':>10}")
    within = True
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"{name:<22}{middle:>8.0f}{max(times):>8.0f}{middle / base:>10.2f}")
        within &= middle <= BUDGET * base or name.startswith("export")
    return within


if __name__ == "__main__":
    main()
