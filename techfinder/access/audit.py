"""What happened, by whom, when: entries that are only ever added, each with the digest of the one before.

Whoever changes, removes or slips in an entry breaks the chain, and :func:`verify` says where. Somebody who may write
to the database as they like could write the whole chain anew: keep the last number and digest somewhere else, and let
:func:`verify` compare.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, insert, select, update

from techfinder.database.tables import audit, audit_head
from techfinder.errors import AccessError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from techfinder.database.database import Database

__all__ = ["ACTIONS", "Entry", "Verdict", "add", "newest", "verify"]

ACTIONS: Mapping[str, str] = {
    "sign-in": "signed in",
    "sign-in.refused": "was refused to sign in",
    "sign-out": "signed out",
    "session.end": "ended sessions",
    "link.make": "made a link to set a password",
    "link.use": "used a link",
    "password.set": "set a password",
    "factor.on": "switched the second factor on",
    "factor.off": "switched the second factor off",
    "factor.recover": "signed in with a recovery code",
    "user.add": "added a user",
    "user.role": "changed a role",
    "user.disable": "disabled a user",
    "user.enable": "enabled a user",
    "token.make": "made a token",
    "token.use": "used a token for the first time",
    "token.revoke": "revoked a token",
    "profile.view": "looked at people",
    "export": "took people away",
    "import": "brought people in",
    "promote": "let another encoder answer",
    "rollback": "went back to the encoder before",
    "switch": "made another generation live",
    "erase": "erased people",
    "erase.allow": "let somebody who was erased come in again",
    "backup": "made a backup",
    "restore": "restored a backup",
    "job.cancel": "cancelled a job",
    "job.retry": "tried a job again",
    "gateway": "asked the Qdrant gateway",
}
"""Every kind of entry, and what whoever did it did."""

_START = "0" * 64
_PAGE = 1000
_MOST_DETAIL = 4000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        number: From 1 on, without a gap.
        at: Seconds since 1970, by the database's clock.
        actor: Name of whoever did it; ``console NAME`` for the command line.
        action: A key of :data:`ACTIONS`.
        subject: Whom or what it was done to.
        address: Where they were.
        detail: What else there is to know.
        digest: Of this entry and all before it.
    """

    number: int
    at: float
    actor: str
    action: str
    subject: str
    address: str
    detail: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check of the chain.

    Attributes:
        entries: How many were read.
        digest: Of the last one.
        problem: What is wrong, with the number of the entry; empty when nothing is.
    """

    entries: int
    digest: str
    problem: str = ""


def add(
    connection: Connection,
    now: float,
    action: str,
    actor: str,
    *,
    subject: str = "",
    address: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add an entry, in the transaction of what it tells of: neither is there without the other. Answers its number."""
    if action not in ACTIONS:
        raise AccessError(f"The audit log knows no action {action!r}.")
    head = connection.execute(select(audit_head).with_for_update()).one()  # only one entry is added at a time
    values = {
        "number": head.number + 1,
        "at": now,
        "actor": _plain(actor, 200),
        "action": action,
        "subject": _plain(subject, 500),
        "address": _plain(address, 45),
        "detail": _written(detail or {}),
        "before": head.digest,
    }
    digest = _digest(values)
    connection.execute(insert(audit).values(**values, digest=digest))
    connection.execute(update(audit_head).values(number=head.number + 1, digest=digest))
    return int(head.number) + 1


def newest(
    connection: Connection,
    *,
    before: int | None = None,
    limit: int = 50,
    actor: str = "",
    action: str = "",
    subject: str = "",
) -> list[Entry]:
    """The newest entries, newest first; only those with a smaller number than `before`, and of what is asked for."""
    wanted = select(audit)
    if before is not None:
        wanted = wanted.where(audit.c.number < before)
    for column, value in ((audit.c.actor, actor), (audit.c.action, action), (audit.c.subject, subject)):
        if value:
            wanted = wanted.where(column == _plain(value, 500))
    rows = connection.execute(wanted.order_by(audit.c.number.desc()).limit(limit))
    return [_entry(row) for row in rows]


def verify(database: Database, number: int | None = None, digest: str = "") -> Verdict:
    """Whether the chain is whole, entry by entry.

    Args:
        database: It is read in pages, so that nobody has to wait.
        number, digest: What a check answered before, kept elsewhere: that entry must still be the same.
    """
    last, before = 0, _START
    while rows := _page(database, last):
        for row in rows:
            if problem := _fault(row, last + 1, before):
                return Verdict(last, before, problem)
            last, before = row.number, row.digest
            if last == number and before != digest:
                return Verdict(last, before, f"Entry {last} is not the one whose digest was kept.")
    if number is not None and last < number:
        return Verdict(last, before, f"Entries after {last} are gone: there was one with number {number}.")
    with database.reading() as connection:
        head = connection.execute(select(audit_head)).one()
        newer = connection.execute(select(audit.c.number).where(audit.c.number > last).limit(1)).scalar()
    if newer is None and (head.number, head.digest) != (last, before):
        return Verdict(last, before, f"Entries after {last} are gone: the last one had number {head.number}.")
    return Verdict(last, before)


def _page(database: Database, after: int) -> Sequence[Any]:
    wanted: Select[Any] = select(audit).where(audit.c.number > after).order_by(audit.c.number).limit(_PAGE)
    with database.reading() as connection:
        return connection.execute(wanted).all()


def _fault(row: Any, number: int, before: str) -> str:
    if row.number != number:
        return f"Entry {number} is gone: {row.number} follows {number - 1}."
    if row.before != before:
        return f"Entry {number} does not follow the one before it."
    values = {name: getattr(row, name) for name in ("number", "at", "actor", "action", "subject", "address", "detail")}
    return "" if _digest({**values, "before": before}) == row.digest else f"Entry {number} was changed."


def _digest(values: Mapping[str, Any]) -> str:
    told = json.dumps([values[name] for name in sorted(values)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def _plain(text: str, most: int) -> str:
    """Text that a database and a terminal can take: no control characters, nothing that is no Unicode."""
    shown = "".join(c if c.isprintable() else "�" for c in text.encode("utf-8", "replace").decode())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _written(detail: Mapping[str, Any]) -> str:
    text = json.dumps(detail, ensure_ascii=True, sort_keys=True, default=str)
    return text if len(text) <= _MOST_DETAIL else json.dumps({"cut": text[:_MOST_DETAIL]})


def _entry(row: Any) -> Entry:
    return Entry(
        row.number, row.at, row.actor, row.action, row.subject, row.address, json.loads(row.detail), row.digest
    )
