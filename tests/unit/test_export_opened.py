"""Exports in a real spreadsheet, and of many people in constant memory. For the night."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import commands
import homes
from process_memory import anonymous
from techfinder.plan import QueryPlan
from techfinder.testing.fakes import HashEncoder, ListSource

pytestmark = pytest.mark.slow

SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
LEADS = ("", "' ", "'", '"', "a,", "a;", "a|", "a; ", 'a;"', "a;'", "'\"", "a b")
SEPARATORS = {"comma": 44, "semicolon": 59, "bar": 124, "tab": 9}


def attacks() -> list[str]:
    """Formulas behind everything that may stand before one."""
    return [f"{lead}{sign}1+1" for lead in LEADS for sign in SIGNS] + ["=cmd|' /C calc'!A0", '=HYPERLINK("http://x")']


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A CSV of people whose ids, jobs, cities and tags are formulas."""
    finder = homes.open_home(tmp_path_factory.mktemp("attacked"), HashEncoder().entry())
    rows = [
        {"user_id": a, "job_sector": a, "location": f"{a}, TX", "interests": [a, "Music"], "persona": f"x\n{a}"}
        for a in attacks()
    ]
    homes.index(finder, ListSource(rows))
    made = b"".join(finder.export(QueryPlan(), "csv").chunks())
    finder.close()
    return made


@pytest.mark.parametrize("separator", SEPARATORS)
def test_no_cell_runs_in_a_spreadsheet(attacked: bytes, soffice: str, tmp_path: Path, separator: str) -> None:
    assert formulas(attacked, SEPARATORS[separator], soffice, tmp_path) == []
    assert len(list(csv.reader(io.StringIO(attacked.decode())))) == len(attacks()) + 1


def test_a_spreadsheet_does_run_what_is_not_marked(soffice: str, tmp_path: Path) -> None:
    assert formulas(b"a,b\n=1+1,x\n", 44, soffice, tmp_path) == ["of:=1+1"]


def formulas(content: bytes, separator: int, soffice: str, folder: Path) -> list[str]:
    """The formulas that LibreOffice makes of a CSV that is opened with this separator, told to run what it can."""
    file = folder / "people.csv"
    file.write_bytes(content)
    options = f"CSV:{separator},34,76,1,,0,false,true,false,false,false,-1,true"
    command = [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "fods"]
    subprocess.run([*command, f"--infilter={options}", "--outdir", folder, file], check=True, capture_output=True)
    return re.findall(r'table:formula="([^"]*)"', (folder / "people.fods").read_text())


MANY = 100_000
FEWER = 20_000
MOST_GROWTH = 40 << 20
"""Between sending some people and five times as many: what threads of the server keep for the next request.

All people at once would take half a gigabyte.
"""


@pytest.mark.timeout(1800)  # seven minutes alone, nearly all of it for the graph
def test_memory_does_not_grow_with_what_is_exported(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    for arguments in (["generate", "-n", str(MANY), "-o", str(file)], ["index", str(file)]):
        env = commands.environment(tmp_path / "home")
        subprocess.run(commands.command(*arguments), env=env, check=True, capture_output=True)
    with commands.Server(tmp_path / "home") as server:
        count_lines(f"{server.base}/api/v1/export/ids?limit=10")  # the store's process is there
        before = held(server)
        with watched(server) as fewer:
            assert count_lines(f"{server.base}/api/v1/export/csv?limit={FEWER}") == FEWER + 1
        with watched(server) as peak:
            lines = count_lines(f"{server.base}/api/v1/export/csv")
        for pid in peak:
            print(f"\nRssAnon in MiB: {before[pid] >> 20} idle, {fewer[pid] >> 20} sending {FEWER:,} people,")
            print(f"{peak[pid] >> 20} sending {MANY:,}")
        growth = {pid: peak[pid] - fewer[pid] for pid in peak}
    assert lines == MANY + 1
    assert max(growth.values()) < MOST_GROWTH


def count_lines(address: str) -> int:
    count = 0
    with urllib.request.urlopen(address, timeout=600) as answer:
        while chunk := answer.read(1 << 16):
            count += chunk.count(b"\n")
    return count


def held(server: commands.Server) -> dict[int, int]:
    """RssAnon in bytes of the server's processes, by id."""
    return {p.pid: anonymous(p) for p in (psutil.Process(server.process.pid), *server.store_processes())}


@contextmanager
def watched(server: commands.Server) -> Iterator[dict[int, int]]:
    """The most that each process held meanwhile."""
    peak: dict[int, int] = {}
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            for pid, size in held(server).items():
                peak[pid] = max(peak.get(pid, 0), size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()
