"""The clock of a running techfinder leaps a day ahead and a day back, while people search and jobs are at work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

import access_homes
from access_homes import HERE, PASSWORD
from commands import Server, environment, run, run_json
from get_faketime import Clock
from steady_searches import kind_of, searching
from techfinder.database import open_database
from techfinder.jobs.models import Job
from techfinder.jobs.queue import JobQueue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAY_S, PER_SECOND = 86_400, 4.0
FIRST, MORE, PARTS = 200, 700, 4
PATIENCE_S = 150.0
FOLLOWED_S = 10.0  # a server shows what another process brought in after 2 s at most, when nothing else runs
ADD = """
import sys
from techfinder.database import open_database
from techfinder.jobs.queue import JobQueue
from techfinder.settings import load_settings
print(JobQueue(open_database(load_settings())).add("index", "people", {"source": sys.argv[1], "prune": False}).id)
"""


@dataclass
class Site:
    """A server with its own worker, by a clock that can be set."""

    home: Path
    clock: Clock
    base: str = ""

    def ask(self, path: str, headers: dict[str, str]) -> str:
        """Empty for a good answer, else of what kind the refusal is."""
        request = urllib.request.Request(f"{self.base}{path}", None, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                return ""
        except OSError as error:
            return kind_of(error)

    def sign_in(self, name: str, password: str) -> int:
        """The status: 303 when it is right."""
        form = urllib.parse.urlencode({"name": name, "password": password})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        connection = HTTPConnection(str(urllib.parse.urlsplit(self.base).netloc), timeout=60)
        try:
            connection.request("POST", "/sign-in", form, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def part(self, number: int) -> str:
        """A file with people: in 0 are those that are there at first."""
        return str(self.home.with_name(f"part{number}.csv"))

    def add_job(self, number: int) -> str:
        """The id of a new job, which brings in a part; it is added by the clock of the server."""
        command = [sys.executable, "-c", ADD, self.part(number)]
        done = subprocess.run(command, env=environment(self.home), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def job(self, job_id: str) -> Job:
        """A job as it stands."""
        database = open_database(access_homes.settings_in(self.home))
        try:
            return JobQueue(database).job(job_id)
        finally:
            database.close()


@pytest.fixture
def site(faketime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A home with people and an index; whatever is started from now on goes by its clock."""
    clock = Clock(faketime, tmp_path / "clock")
    for name, value in clock.environment().items():
        monkeypatch.setenv(name, value)
    home, everybody = tmp_path / "home", tmp_path / "everybody.csv"
    assert run(home, "generate", "-n", str(FIRST + PARTS * MORE), "-o", str(everybody)).returncode == 0
    head, *lines = everybody.read_text(encoding="utf-8").splitlines(keepends=True)
    parts = [lines[:FIRST], *(lines[n : n + MORE] for n in range(FIRST, len(lines), MORE))]
    for number, part in enumerate(parts):
        (tmp_path / f"part{number}.csv").write_text("".join([head, *part]), encoding="utf-8")
    assert run(home, "index", str(tmp_path / "part0.csv")).returncode == 0
    return Site(home, clock)


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_the_clock_leaps_ahead_and_back(site: Site) -> None:
    clock = site.clock
    with access_homes.opened(access_homes.settings_in(site.home)) as access:
        for name in ("ben", "carl"):
            access_homes.with_password(access, name)
        by_session = {"Cookie": f"techfinder={access_homes.with_password(access, 'anna', 'admin')}"}
        week, hours = (access.tokens.make("anna", "t", ["search", "view"], d, "test", HERE)[1] for d in (7, 0.5))
    by_week, by_hours = ({"Authorization": f"Bearer {token}"} for token in (week, hours))
    page = "/api/v1/search?q=cheerful+phones&limit=5&facets=none"

    def started(job_id: str) -> str:
        wait_for(lambda: site.job(job_id).done > 0 or site.job(job_id).state == "done")
        return site.job(job_id).state

    def done(job_id: str) -> None:
        wait_for(lambda: site.job(job_id).state == "done")

    with Server(site.home, sign_in="on") as server:
        site.base = server.base
        seen: dict[str, list[str]] = {"session": [], "token of hours": []}

        def look() -> None:
            seen["session"].append(site.ask(page, by_session))
            seen["token of hours"].append(site.ask(page, by_hours))

        with searching(lambda _: site.ask(page, by_week), PER_SECOND) as found:
            look()
            first = site.add_job(1)
            states = [started(first)]
            clock.set(DAY_S)
            look()
            done(first)
            assert site.sign_in("carl", PASSWORD) == 303
            guesses = [site.sign_in("ben", "a wrong password") for _ in range(11)]
            second, third = site.add_job(2), site.add_job(3)
            states.append(started(second))
            assert site.job(third).state == "waiting"
            clock.set(-DAY_S)
            look()
            done(second)
            done(third)
            by_hand = run_json(site.home, "index", "--keep", site.part(4))
            clock.set(0)
            look()
            signed_in = site.sign_in("ben", PASSWORD)
        told = json.loads(_get(site, "/api/v1/runs", by_week))["runs"]
        until = time.monotonic() + FOLLOWED_S
        while (total := _total(site, by_week)) < FIRST + PARTS * MORE and time.monotonic() < until:
            time.sleep(0.05)
    attempts = [site.job(j).attempts for j in (first, second, third)]
    print(found.told("the clock a day ahead, then a day back, then right"))
    print(f"meanwhile: {seen}; jobs in attempts {attempts}")
    assert found.failed() == {}
    assert states == ["running", "running"], "the clock leapt while they were at work"
    assert seen == {"session": ["", "401 not-signed-in", "", ""], "token of hours": ["", "401 not-signed-in", "", ""]}
    assert guesses == [400] * 10 + [429]
    assert signed_in == 303, "what was guessed by a wrong clock locks nobody out"
    assert total == FIRST + PARTS * MORE, "each job is done, and once"
    assert by_hand["generation"] == 5
    assert told[0]["run"] == by_hand["run"], "the newest run is told as the newest"
    assert run(site.home, "audit", "verify").returncode == 0
    assert run(site.home, "store", "check").returncode == 0


def _total(site: Site, headers: dict[str, str]) -> int:
    return int(json.loads(_get(site, "/api/v1/search?limit=1&facets=none", headers))["total"])


def _get(site: Site, path: str, headers: dict[str, str]) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(f"{site.base}{path}", None, headers), timeout=60) as answer:
        return bytes(answer.read())
