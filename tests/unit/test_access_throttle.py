"""Guessing: counted over all processes, and never so that it locks its victim out."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection

from access_homes import HERE, PASSWORD, aged, opened, settings_in, with_password
from techfinder.access import accounts
from techfinder.access.access import Access
from techfinder.access.over import Asker
from techfinder.access.throttle import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, WINDOW_S, Throttle
from techfinder.database import open_database
from techfinder.database.tables import attempts
from techfinder.errors import AccessError, TooManyAttempts
from techfinder.settings import Settings

pytestmark = pytest.mark.keeps_children  # the PostgreSQL server belongs to the whole run

GUESS = """
import sys
from pathlib import Path
from access_homes import settings_in
from techfinder.access.throttle import Throttle
from techfinder.database import open_database
from techfinder.errors import TooManyAttempts
throttle, counted = Throttle(open_database(settings_in(Path(sys.argv[1]), sys.argv[2]))), 0
for n in range(25):
    try:
        throttle.take({"password victim": 10, f"address 192.0.2.{n}{sys.argv[3]}": 60})
        counted += 1
    except TooManyAttempts:
        pass
print(counted)
"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_in(tmp_path, database_url)


@pytest.fixture
def access(tmp_path: Path) -> Iterator[Access]:
    with opened(settings_in(tmp_path)) as access:
        with_password(access, "owner")
        yield access


def guess(access: Access, name: str, asker: Asker) -> type[AccessError]:
    try:
        access.signing_in.by_password(name, "a wrong password", asker)
    except AccessError as error:
        return type(error)
    raise AssertionError("it was right")


def test_brute_force_over_two_processes_has_ten_tries_in_all(settings: Settings) -> None:
    open_database(settings).close()
    tools = str(Path(__file__).resolve().parents[1] / "tools")
    url = settings.database_url.get_secret_value()
    code = f"import sys; sys.path.insert(0, {tools!r})\n{GUESS}"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(settings.home), url, str(i)], stdout=subprocess.PIPE)
        for i in range(2)
    ]
    counted = [int(process.communicate(timeout=50)[0]) for process in both]
    assert sum(counted) == 10


def test_tries_come_back_with_time_and_with_a_right_one(settings: Settings) -> None:
    database = open_database(settings)
    throttle = Throttle(database)
    taken = [throttle.take({"x": 3}) for _ in range(3)]
    with pytest.raises(TooManyAttempts, match=r"Try again in 15 minutes"):
        throttle.take({"x": 3})
    throttle.give_back(taken[0])
    throttle.take({"x": 3})
    with pytest.raises(TooManyAttempts):
        throttle.take({"y": 3, "x": 3})
    aged(settings, attempts, at=1.0)
    throttle.take({"x": 1})
    aged(settings, attempts, at=time.time() + 86_400)  # made while the clock was a day ahead
    throttle.take({"x": 1})
    database.close()


def test_an_account_has_ten_tries_whether_anybody_has_it_or_not(access: Access) -> None:
    for name in ("owner", "nobody"):
        tries = [guess(access, name, Asker(f"198.51.100.{n}")) for n in range(MOST_PER_ACCOUNT + 3)]
        assert tries == [AccessError] * MOST_PER_ACCOUNT + [TooManyAttempts] * 3


def test_an_address_has_its_tries_over_all_accounts(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("techfinder.access.passwords.Passwords.right", lambda self, hashed, password: False)
    tries = [guess(access, f"somebody{n}", Asker("198.51.100.9")) for n in range(MOST_PER_ADDRESS + 2)]
    assert tries == [AccessError] * MOST_PER_ADDRESS + [TooManyAttempts] * 2
    assert guess(access, "somebody0", Asker("198.51.100.10")) is AccessError


def test_the_owner_gets_in_while_somebody_guesses(access: Access) -> None:
    device = access.signing_in.by_password("owner", PASSWORD, HERE).device
    for n in range(MOST_PER_ACCOUNT):
        guess(access, "owner", Asker(f"198.51.100.{n}"))
    with pytest.raises(TooManyAttempts) as caught:
        access.signing_in.by_password("owner", PASSWORD, HERE)
    assert 0 < caught.value.retry_after_s <= WINDOW_S
    known = Asker(HERE.address, HERE.browser, device)
    assert access.signing_in.by_password("owner", PASSWORD, known).device == device
    # The browser of somebody else is no help, and a known one has ten tries too.
    with_password(access, "other")
    other = access.signing_in.by_password("other", PASSWORD, HERE).device
    with pytest.raises(TooManyAttempts):
        access.signing_in.by_password("owner", PASSWORD, Asker(HERE.address, "", other))
    assert [guess(access, "owner", known) for _ in range(11)] == [AccessError] * 10 + [TooManyAttempts]


@pytest.mark.slow
def test_who_exists_cannot_be_told_by_the_time_it_takes(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("techfinder.access.over.MOST_PER_ACCOUNT", 1000)
    monkeypatch.setattr("techfinder.access.over.MOST_PER_ADDRESS", 1000)
    took: dict[str, list[float]] = {"owner": [], "nobody": []}
    for n in range(120):
        name = ("owner", "nobody")[n % 2]
        started = time.perf_counter()
        guess(access, name, HERE)
        took[name].append(time.perf_counter() - started)
    known, unknown = (statistics.median(values[5:]) for values in took.values())
    print(f"known {1000 * known:.1f} ms, unknown {1000 * unknown:.1f} ms")
    assert abs(known - unknown) < 0.1 * known


def test_two_admins_who_demote_each_other_at_once_leave_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have changed something, and neither sees it of the other, unless one waits for the other."""
    both, keep, found = threading.Barrier(2), accounts.keep_an_admin, []

    def wait_and_keep(connection: Connection) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        keep(connection)

    def demote(access: Access, name: str, change: str) -> None:
        try:
            access.people.set_role(name, "viewer", "t") if change == "role" else access.people.disable(name, "t")
            found.append("changed")
        except AccessError:
            found.append("refused")

    with opened(settings) as access:
        for name in ("anna", "ben"):
            access.people.add(name, "admin", "test")
        monkeypatch.setattr(accounts, "keep_an_admin", wait_and_keep)
        given = [(access, "anna", "role"), (access, "ben", "disable")]
        threads = [threading.Thread(target=demote, args=arguments) for arguments in given]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert access.people.has_admin()
    assert sorted(found) == ["changed", "refused"]
