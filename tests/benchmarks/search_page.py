"""What a keystroke on the search page costs, beside the HTTP API, and what twenty people typing at once do.

A real server answers on loopback, with the hash encoder. First sentences are typed letter by letter: for each text the
page's answer (what was understood, 20 cards, all filters with histograms, as htmx asks for it) and the API's answer to
the same question are timed, one right after the other, in turns. Then typists type at the same time: each newer letter
cancels the request before, as the page does, and an answer must be the one to the text that was asked.

Run: python tests/benchmarks/search_page.py [--people 100000] [--typists 20] [--seconds 120]
"""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import commands

SENTENCES = (
    "early adopters with high technical proficiency in healthcare, ideally in Texas",
    "innovators over 30 who own an iPhone, not on TikTok",
    "high budget users from tech sector",
    "moderate tech interest users in California or New York",
    "loyal samsung owners with a smart watch, ideally under 40",
)
BUDGET = 1.5
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept-Encoding": "gzip"}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--typists", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--home", type=Path, help="search the people that are indexed there, with the hash encoder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or indexed(Path(folder), options.people)
        with commands.Server(home) as server:
            wait_until_ready(server.base)
            points = server.get("/api/v1/search?limit=1&facets=none")["total"]
            print(f"Search page and API over {points:,} people, hash encoder, embedded store\n")
            compare(server.base)
            sizes(server.base)
            load(server.base, options.typists, options.seconds)


def indexed(home: Path, people: int) -> Path:
    """A home with so many made people."""
    file = str(home / "people.csv")
    for arguments in (["generate", "-n", str(people), "-o", file], ["index", file]):
        subprocess.run(
            commands.command(*arguments), env=commands.environment(home), check=True, stderr=subprocess.DEVNULL
        )
    return home


# --- a keystroke beside the API -------------------------------------------------------------------


def compare(base: str) -> None:
    """Print how long the page and the API take for the same texts."""
    page, api, ratios = [], [], []
    texts = [s[:n] for s in SENTENCES for n in range(2, len(s) + 1, 2)]
    for number, text in enumerate(texts):
        timed = {}
        for kind in ("page", "api") if number % 2 else ("api", "page"):
            started = time.perf_counter()
            ask_page(base, text) if kind == "page" else ask_api(base, text)
            timed[kind] = (time.perf_counter() - started) * 1000
        page.append(timed["page"])
        api.append(timed["api"])
        ratios.append(timed["page"] / timed["api"])
    print(f"{'':<14}{'texts':>7}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for name, times in (("page", page), ("API", api)):
        print(f"{name:<14}{len(times):>7}{percentile(times, 50):>9.1f}{percentile(times, 95):>9.1f}{max(times):>9.1f}")
    ratio = percentile(page, 50) / percentile(api, 50)
    verdict = "within" if ratio <= BUDGET else "OVER"
    print(
        f"p50 of the page is {ratio:.2f} times the API's ({verdict} the budget of {BUDGET}); "
        f"median of the ratios {statistics.median(ratios):.2f}\n"
    )


def ask_page(base: str, text: str) -> str:
    """What htmx gets for a text."""
    request = urllib.request.Request(f"{base}/?{urlencode({'q': text})}", headers=HTMX)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return unzipped(answer.read(), answer.headers.get("Content-Encoding"))


def ask_api(base: str, text: str) -> bytes:
    """The API's answer to the same question."""
    with urllib.request.urlopen(f"{base}/api/v1/search?{urlencode({'q': text})}", timeout=30) as answer:
        return bytes(answer.read())


def sizes(base: str) -> None:
    """Print what the first page ships, compressed."""
    request = urllib.request.Request(f"{base}/?q={quote(SENTENCES[0])}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body = answer.read()
        text = unzipped(body, answer.headers.get("Content-Encoding"))
    total = {"page": len(body)}
    for path in dict.fromkeys(re.findall(r'(?:src|href)="(/(?:assets/|schema\.css)[^"]*)"', text)):
        asked = urllib.request.Request(base + unescape(path), headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            total[path.rpartition("/")[2]] = len(answer.read())
    shown = ", ".join(f"{name} {size / 1000:.1f}" for name, size in total.items())
    print(f"The first page ships {sum(total.values()) / 1000:.1f} kB compressed: {shown}\n")


# --- typists --------------------------------------------------------------------------------------


@dataclass
class Typist(threading.Thread):
    """Types sentences until the time is over; each answer must be to the text that was asked."""

    base: str
    number: int
    until: float
    answered: list[float] = field(default_factory=list)
    cancelled: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Type, with a pause as long as between two keys, and at the end of each sentence wait for its answer."""
        place = urlsplit(self.base)
        turn = self.number
        while time.monotonic() < self.until:
            text = f"{SENTENCES[turn % len(SENTENCES)]} {self.number} {turn}"
            turn += 1
            for end in range(8, len(text), 6):
                self._begin_and_cancel(place.hostname or "", place.port or 0, text[:end])
                time.sleep(0.12)
            started = time.perf_counter()
            try:
                shown = ask_page(self.base, text)
            except OSError as error:
                self.wrong.append(f"{text}: {error}")
                continue
            self.answered.append((time.perf_counter() - started) * 1000)
            title = re.search(r"<title>(.*?) · techfinder</title>", shown)
            if title is None or unescape(title[1]) != text:
                self.wrong.append(f"{text}: answered {title and title[1]!r}")

    def _begin_and_cancel(self, host: str, port: int, text: str) -> None:
        """A request that a newer letter cancels: the connection is closed before the answer is read."""
        line = HTTPConnection(host, port, timeout=10)
        try:
            line.request("GET", f"/?{urlencode({'q': text})}", headers=HTMX)
            self.cancelled += 1
        except OSError as error:
            self.wrong.append(f"{text}: {error}")
        finally:
            time.sleep(0.03)
            line.close()


def load(base: str, typists: int, seconds: float) -> None:
    """Print what so many typists got; ends with an error when an answer was wrong or missing."""
    until = time.monotonic() + seconds
    people = [Typist(base, n, until) for n in range(typists)]
    for one in people:
        one.start()
    for one in people:
        one.join(seconds + 60)
    times = [t for one in people for t in one.answered]
    wrong = [w for one in people for w in one.wrong]
    cancelled = sum(one.cancelled for one in people)
    print(f"{typists} typists for {seconds:.0f} s: {len(times)} answers, {cancelled} cancelled, {len(wrong)} errors")
    print(f"p50 {percentile(times, 50):.0f} ms, p95 {percentile(times, 95):.0f} ms, max {max(times):.0f} ms")
    if wrong:
        raise SystemExit("\n".join(wrong[:10]))


# --- parts ----------------------------------------------------------------------------------------


def percentile(times: list[float], share: int) -> float:
    """The value below which so many per cent of the times lie."""
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def unzipped(body: bytes, encoding: str | None) -> str:
    """The text of an answer."""
    return (gzip.decompress(body) if encoding == "gzip" else body).decode()


def wait_until_ready(base: str) -> None:
    """Return once people and encoder are there; gives up after a minute."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not get ready")


if __name__ == "__main__":
    main()
