"""What a team that works with the whole stack gets: answers, errors, and how much memory they cost over minutes.

The services of docker-compose.yml run as plain processes (two web processes, worker, Qdrant, PostgreSQL). Each user
has a session of their own, thinks five to ten seconds, then types a sentence's next words, ticks a filter, opens a
profile or looks at the audience; the page of each keeps its stream of news open, or asks every five seconds where those
are taken. Memory is what the web processes have for themselves (USS), looked at every few seconds; the first fifth of
the time, in which caches fill, is left out.

Run: python tests/benchmarks/users.py [--users 200] [--seconds 300] [--people 4000]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from search_page import HTMX, SENTENCES, percentile, unzipped

import access_homes
import get_postgres
from stack_processes import StackProcesses, running_stack

THINKS_S = (5.0, 10.0)
POLLS_S = 5.0
LOOKS_S = 2.0
FLAT = 0.10
KINDS = {"sentence": 55, "filter": 20, "profile": 20, "audience": 5}
"""What people do, and of a hundred requests how many are for it."""
FILTERS = ("age=30..45", "tech_interest=High", "adopter_category=Innovator", "gender=Female")


def main() -> None:
    """Print the figures; ends with an error when something failed or memory grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--people", type=int, default=500)
    options = parser.parse_args()
    postgres = get_postgres.find()
    if postgres is None:
        sys.exit(f"This benchmark starts PostgreSQL. {get_postgres.HELP}")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder), postgres, people=options.people) as stack,
    ):
        users = [User(stack.base, session, number) for number, session in enumerate(sessions(stack, options.users))]
        memory = work(users, stack, options.seconds)
    wrong = report(users, options.seconds)
    grew = report_memory(memory)
    if wrong or grew > FLAT:
        raise SystemExit("\n".join(wrong[:10]) or f"memory grew by {grew:.0%}, more than {FLAT:.0%}")


def sessions(stack: StackProcesses, number: int) -> list[str]:
    """The cookie of somebody new, for each of so many."""
    with access_homes.opened(stack.settings()) as access:
        return [access_homes.with_password(access, f"user{n}", "editor") for n in range(number)]


def work(users: list[User], stack: StackProcesses, seconds: float) -> list[int]:
    """Let everybody work; returns the bytes that the web processes had, from time to time."""
    end, memory = time.monotonic() + seconds, list[int]()
    threads = [threading.Thread(target=u.work, args=(end,)) for u in users]
    threads += [threading.Thread(target=u.follow, args=(end,), daemon=True) for u in users]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        time.sleep(LOOKS_S)
        memory.append(sum(_own_memory(p) for p in stack.processes("serve")))
    for thread in threads[: len(users)]:
        thread.join(60)
    return memory


def _own_memory(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)


@dataclass
class User:
    """One of the team, and what they got.

    Attributes:
        took: Milliseconds by kind of request.
        wrong: What failed, in words.
        streams: How often the page asked for news, and how many of these stayed open for a while.
    """

    base: str
    session: str
    number: int
    took: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    streams: Counter[str] = field(default_factory=Counter)
    _seen: list[str] = field(default_factory=list)

    def work(self, end: float) -> None:
        """Think and ask in turns until the end."""
        rng = random.Random(self.number)
        time.sleep(rng.uniform(0, THINKS_S[1]))
        connection = self._connect()
        while time.monotonic() < end:
            kind, path = self._next(rng)
            started = time.perf_counter()
            try:
                body = self._body(self._get(connection, path, HTMX))
                self.took.setdefault(kind, []).append((time.perf_counter() - started) * 1000)
                self._seen = [part.split('"')[0] for part in body.split('id="card-')[1:]][:20] or self._seen
            except (OSError, HTTPException, ValueError) as error:
                self.wrong.append(f"{kind} {path}: {error!r}")
                connection.close()
                connection = self._connect()
            time.sleep(rng.uniform(*THINKS_S))
        connection.close()

    def _next(self, rng: random.Random) -> tuple[str, str]:
        sentence = rng.choice(SENTENCES)
        asked = urlencode({"q": " ".join(sentence.split()[: rng.randint(1, 9)])})
        names = [name for name in self._seen if not name.endswith("-why")]
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "profile" and names:
            return kind, f"/people/{quote(rng.choice(names))}"
        if kind == "audience":
            return kind, f"/audience?{rng.choice(FILTERS)}"
        return ("filter", f"/?{asked}&{rng.choice(FILTERS)}") if kind == "filter" else ("sentence", f"/?{asked}")

    def follow(self, end: float) -> None:
        """Read the stream of news as a page does, until the end."""
        while time.monotonic() < end:
            connection = self._connect()
            try:
                answer = self._get(connection, "/live?seen=none", {"Accept": "text/event-stream"})
                started = time.monotonic()
                while answer.readline() and time.monotonic() < end:
                    pass
                self.streams["stayed open" if time.monotonic() - started > 1 else "ended at once"] += 1
            except (OSError, HTTPException, ValueError) as error:
                self.wrong.append(f"/live: {error!r}")
            connection.close()
            time.sleep(max(0.0, min(POLLS_S, end - time.monotonic())))

    def _connect(self) -> HTTPConnection:
        return HTTPConnection(str(urlsplit(self.base).hostname), urlsplit(self.base).port, timeout=30)

    def _get(self, connection: HTTPConnection, path: str, headers: dict[str, str]) -> HTTPResponse:
        """The answer, which must be a good one. Raises ValueError."""
        connection.request("GET", path, headers={**headers, "Cookie": f"techfinder={self.session}"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(f"status {answer.status}: {answer.read()[:200]!r}")
        return answer

    def _body(self, answer: HTTPResponse) -> str:
        return unzipped(answer.read(), answer.headers.get("Content-Encoding"))


def report(users: list[User], seconds: float) -> list[str]:
    """Print how long each kind of request took; returns what failed."""
    wrong = [w for u in users for w in u.wrong]
    streams = sum((u.streams for u in users), Counter[str]())
    took = {
        kind: [t for u in users for t in u.took.get(kind, ())] for kind in ("sentence", "filter", "profile", "audience")
    }
    asked = sum(len(times) for times in took.values())
    print(f"{len(users)} users for {seconds:.0f} s: {asked} answers ({asked / seconds:.1f}/s), {len(wrong)} errors")
    print(f"streams of news: {streams['stayed open']} stayed open, {streams['ended at once']} asked again later\n")
    print(f"{'':<10}{'answers':>8}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for kind, times in took.items():
        if len(times) > 1:
            print(
                f"{kind:<10}{len(times):>8}{percentile(times, 50):>9.0f}{percentile(times, 95):>9.0f}{max(times):>9.0f}"
            )
    return wrong


def report_memory(memory: list[int]) -> float:
    """Print the memory after the first fifth and at the end; returns by which share it grew."""
    fifth = max(1, len(memory) // 5)
    early, late = (statistics.median(part) / 2**20 for part in (memory[fifth : 2 * fifth], memory[-fifth:]))
    print(
        f"\nweb processes: {early:.0f} MiB after the first fifth, {late:.0f} MiB in the last ({late / early - 1:+.1%})"
    )
    return late / early - 1


if __name__ == "__main__":
    main()
