"""The application database, jobs, signing in, clocks, MLflow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from techfinder.access import accounts, audit
from techfinder.database import database_exists
from techfinder.doctor.examining import Finding, ok, problem, warning
from techfinder.registry import Registry
from techfinder.registry.tracking import VARIABLE
from techfinder.runs import latest_run
from techfinder.settings import LOOPBACK

if TYPE_CHECKING:
    from techfinder.database.database import Database
    from techfinder.doctor.case import Case
    from techfinder.jobs import Job

__all__ = ["clocks", "database", "jobs", "mlflow", "sign_in"]

_LATE_S = 60.0
"""How long a job may wait that could begin, and how far clocks may be apart."""

_DAY_S = 86_400.0
_TOLD = 5


def database(case: Case) -> Iterator[Finding]:
    """Whether the application database answers, and is of this version's form."""
    from techfinder.database.database import HEAD

    if not database_exists(case.settings):
        yield ok("There is no application database yet; it is made when it is first needed.")
        return
    with _opened(case) as there:
        found = there.revision()
        if found > HEAD:
            yield problem(
                f"The application database was made by a newer techfinder (form {found}, this one knows {HEAD}).",
                "Update techfinder, or restore the copy that was made before.",
            )
        elif found != HEAD:
            yield warning(
                f"The application database has form {found or 'none'}, this version uses {HEAD}.",
                "Nothing to do: the next start brings it there (a copy is kept). To do it now: techfinder jobs list",
            )
        elif damage := there.damage():
            yield problem(
                f"The application database is damaged: {damage}.",
                f"Stop techfinder, and restore the copy of {case.settings.home} that was made last.",
            )
        else:
            yield ok(f"It answers, in form {found}.")


def jobs(case: Case) -> Iterator[Finding]:
    """Whether jobs are done: none is stuck, and somebody takes those that wait."""
    run = latest_run(case.settings.home, case.settings.collection)
    if run is not None and run.state in ("failed", "interrupted"):
        yield warning(
            f"The last index run, of {run.source}, is {run.state}: {run.message}", "The same command again goes on."
        )
    with _current(case) as there:
        listed, now = _jobs(there) if there is not None else ([], 0.0)
    found = [f for job in listed if (f := _of_job(job, now, case.settings.store == "edge")) is not None]
    yield from found[:_TOLD]
    if len(found) > _TOLD:
        yield warning(f"And {len(found) - _TOLD} more jobs.", "techfinder jobs list")
    if not found:
        yield ok(f"None of {len(listed)} jobs is stuck or waits for a worker.")


def sign_in(case: Case) -> Iterator[Finding]:
    """Whether those who are to sign in can, and nobody else comes in."""
    chosen = case.settings
    if not chosen.asks_to_sign_in:
        yield ok(f"Nobody signs in: only this machine reaches {chosen.host}.")
        return
    with _current(case) as there:
        admin = False
        if there is not None:
            with there.reading() as connection:
                admin = accounts.has_admin(connection)
    wrong = list(_single_sign_on(case))
    if not admin:
        wrong.append(
            problem(f"People sign in at {chosen.host}, and there is no admin yet.", "techfinder user setup-link")
        )
    if not chosen.public_url.startswith("https://") and chosen.host not in LOOPBACK:
        wrong.append(
            warning(
                "Passwords may cross the network in clear: TECHFINDER_PUBLIC_URL is no https address.",
                "Put a proxy with TLS in front of it, and set TECHFINDER_PUBLIC_URL=https://… and TECHFINDER_PROXIES=1",
            )
        )
    yield from wrong or [ok("People sign in, and there is an admin.")]


def clocks(case: Case) -> Iterator[Finding]:
    """Whether what is noted with a time lies in the past."""
    now, late = time.time(), []
    with _current(case) as there:
        if there is not None:
            with there.reading() as connection:
                theirs, last = there.clock(connection), audit.newest(connection, limit=1)
            late += [("the clock of the database", theirs)]
            late += [(f"entry {e.number} of the audit log", e.at) for e in last]
    if case.live is not None:
        late.append((f"generation {case.live.number}", datetime.fromisoformat(case.live.created_at).timestamp()))
    ahead = [(what, at - now) for what, at in late if at - now > _LATE_S]
    behind = [(what, now - at) for what, at in late[:1] if what.startswith("the clock") and now - at > _LATE_S]
    for what, by_s in ahead:
        yield problem(f"{what} is {_span(by_s)} in the future of this machine's clock.", "timedatectl set-ntp true")
    for what, by_s in behind:
        yield problem(f"{what} is {_span(by_s)} behind this machine's.", "timedatectl set-ntp true")
    if not ahead and not behind:
        yield ok(f"It is {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC, later than all that is noted.")


def mlflow(case: Case) -> Iterator[Finding]:
    """Whether MLflow answers, where one is named or there is a database of our own."""
    if not os.environ.get(VARIABLE) and not (case.settings.home / "mlflow" / "mlflow.db").exists():
        yield ok("Not in use: no encoder is registered.")
        return
    registry = Registry(case.settings.home)
    found = registry.versions()
    yield ok(f"MLflow answers and holds {len(found)} {'version' if len(found) == 1 else 'versions'} of encoders.")


def _single_sign_on(case: Case) -> Iterator[Finding]:
    chosen = case.settings
    if not chosen.oidc_issuer:
        return
    for name in ("oidc_client_id", "oidc_client_secret"):
        value = getattr(chosen, name)
        if not (value if isinstance(value, str) else value.get_secret_value()):
            variable = f"TECHFINDER_{name.upper()}"
            yield problem(
                f"Single sign-on with {chosen.oidc_issuer} lacks {variable}.",
                f"Set {variable} to what the provider gave this techfinder.",
            )


def _of_job(job: Job, now: float, embedded: bool) -> Finding | None:
    """What there is to say of a job; None as a rule."""
    name = f"Job {job.id[:8]} ({job.kind})"
    if job.state == "running" and job.lease_until is not None and job.lease_until < now - _LATE_S:
        return problem(
            f"{name} is stuck: {job.owner or 'its worker'} has not been heard of for {_span(now - job.lease_until)}.",
            "techfinder worker --once",
        )
    if job.state == "waiting" and job.run_after < now - _LATE_S:
        remedy = "techfinder serve (which starts a worker), or techfinder worker" if embedded else "techfinder worker"
        return problem(f"{name} has been waiting for a worker for {_span(now - job.run_after)}.", remedy)
    if job.state == "failed" and now - job.updated_at < _DAY_S:
        return warning(f"{name} has failed: {job.message}", f"techfinder jobs retry {job.id[:8]}")
    return None


def _jobs(database: Database) -> tuple[list[Job], float]:
    """The newest jobs, as they stand, and the time by the database's clock."""
    from techfinder.jobs.queue import JobQueue

    with database.reading() as connection:
        now = database.clock(connection)
    return JobQueue(database).jobs(), now


@contextmanager
def _opened(case: Case) -> Iterator[Database]:
    """The database as it is: looking does not bring it to another form."""
    from techfinder.database.database import Database

    with closing(Database.at(case.settings.home, case.settings.database_url.get_secret_value())) as there:
        yield there


@contextmanager
def _current(case: Case) -> Iterator[Database | None]:
    """The database; None where there is none yet, or not in this version's form, which its check tells."""
    from techfinder.database.database import HEAD

    if not database_exists(case.settings):
        yield None
        return
    with _opened(case) as there:
        yield there if there.revision() == HEAD else None


def _span(seconds: float) -> str:
    for length, unit in ((_DAY_S, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
