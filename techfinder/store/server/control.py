"""What several techfinders on one Qdrant server must agree on: who writes, and what was changed in place.

Both are points without vectors in one small collection. A lease is taken with a conditional
write (the server replaces it only when it has run out), and renewed while its holder lives. A
change is noted before it begins and again when it is done: readers learn from it whom to read
anew, and a writer after a crash learns where to go on.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4, uuid5

import psutil
from qdrant_client import models

from techfinder.errors import CollectionNotFound, StoreError, cut
from techfinder.places import here

if TYPE_CHECKING:
    from techfinder.store.server.connection import Server

__all__ = ["CONTROL", "LEASE_S", "Change", "Control", "Lease"]

_log = logging.getLogger(__name__)

CONTROL = "techfinder.control"
"""The collection for all this; no collection of people can have this name."""

LEASE_S = 60.0
"""How long a writer that was cut off keeps others out."""

_FAR_S = 3600.0
"""A claim that ends later than this was made by a clock that is wrong."""

_NAMESPACE = UUID("2f0c7a52-0f5d-5d0e-9b43-51f0a6a7d3c1")
_PAGE = 100
_JOIN_S = 1.0
_held: set[str] = set()
"""Tokens of the leases that this process holds or is about to claim."""

_INDEXES = {"kind": "keyword", "build": "keyword", "state": "keyword", "revision": "integer"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a live generation in place.

    Attributes:
        build: The generation, by the id of its build.
        revision: Of the generation once this is done.
        written, removed: Profile ids.
        rest_points, rest_digest: Count and digest of all points that this does not touch.
    """

    build: str
    revision: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    rest_points: int
    rest_digest: str

    @property
    def touched(self) -> tuple[str, ...]:
        """Everyone it is about."""
        return (*self.written, *self.removed)


class Lease:
    """The right to write one collection. Renews itself until it is released."""

    def __init__(self, server: Server, collection: str, lease_s: float = LEASE_S) -> None:
        """Take it for `lease_s` at a time. Raises StoreError naming the holder when another one has it."""
        self._server, self._collection, self._lease_s = server, collection, lease_s
        self._expires = 0.0
        self._id = str(uuid5(_NAMESPACE, f"lease {collection}"))
        self._token = uuid4().hex
        self._stop = threading.Event()
        self._renewer: threading.Thread | None = None
        self.lost = ""
        """Why it is held no more; empty while it is."""
        self._take()

    def release(self) -> None:
        """Give it back. Harmless when given back already."""
        if self._renewer is None:
            return
        self._stop.set()
        self._renewer.join(_JOIN_S)  # should it hang: a renewal that comes late changes nothing
        self._renewer = None
        _held.discard(self._token)
        mine = models.FilterSelector(filter=_where(token=self._token))
        try:
            self._server.ask("ending the lease", lambda c: c.delete(CONTROL, mine, wait=True))
        except StoreError as error:
            _log.warning("%s The lease of %r ends by itself in %g s.", error, self._collection, self._lease_s)

    def require(self) -> None:
        """Raise StoreError when the lease was lost: another one may be writing.

        Asks the server only when it was not renewed in time, as after a pause of this process or
        of the server.
        """
        if not self.lost and time.time() >= self._expires:
            self.confirm()
        self._refuse_lost()

    def confirm(self) -> None:
        """Renew it now. Raises StoreError when it was lost."""
        try:
            holder = self._extend()
        except CollectionNotFound:
            holder = {}
        if holder.get("token") != self._token:
            self.lost = (
                f"process {holder.get('pid')} on {cut(holder.get('host'))} has taken over the writing."
                if holder
                else f"the claim to write it was removed from {CONTROL!r} on {self._server.url}."
            )
        self._refuse_lost()

    def _refuse_lost(self) -> None:
        if self.lost:
            raise StoreError(f"Collection {self._collection!r}: {self.lost} Nothing more was written. Start again.")

    def _take(self) -> None:
        _held.add(self._token)  # before the claim, which another thread would take for a forgotten one
        try:
            self._claim_or_refuse()
        except BaseException:
            _held.discard(self._token)
            raise
        self._renewer = threading.Thread(target=self._renew, name="techfinder-lease", daemon=True)
        self._renewer.start()

    def _claim_or_refuse(self) -> None:
        holder = self._claim(_over(time.time()))
        if holder.get("token") != self._token and _is_gone(holder):
            holder = self._claim(_where(token=str(holder.get("token"))))
        if holder.get("token") != self._token:
            left = max(0.0, float(holder.get("expires", 0.0)) - time.time())
            raise StoreError(
                f"Collection {self._collection!r} is being written by process {holder.get('pid')} on "
                f"{holder.get('host')}: an index run, a copy or the like. Wait until it is done, or end it; should it "
                f"be gone already, its claim ends in {left:.0f} s."
            )

    def _renew(self) -> None:
        while not self._stop.wait(self._lease_s / 4):
            # The server may be back before the lease runs out; if not, the next write says so.
            with suppress(StoreError), self._server.within(self._lease_s / 4):
                self.confirm()
            if self.lost:
                return

    def _claim(self, condition: models.Filter) -> dict[str, Any]:
        """Claim it if `condition` holds for the claim that is there, or none is. The claim afterwards."""
        expires = time.time() + self._lease_s
        claim = {
            "kind": "lease",
            "collection": self._collection,
            "token": self._token,
            "host": socket.gethostname(),
            "place": here(),
            "pid": os.getpid(),
            "started": _started(os.getpid()),
            "expires": expires,
        }
        point = models.PointStruct(id=self._id, vector={}, payload=claim)
        self._server.ask(
            "taking the lease",
            lambda c: c.upsert(
                CONTROL, [point], wait=True, update_filter=condition, ordering=models.WriteOrdering.STRONG
            ),
        )
        return self._holder(expires)

    def _extend(self) -> dict[str, Any]:
        """Let it end later if it is still ours; makes no claim where there is none. The claim afterwards."""
        expires = time.time() + self._lease_s
        mine = _where(token=self._token)
        self._server.ask(
            "renewing the lease",
            lambda c: c.set_payload(
                CONTROL, {"expires": expires}, points=mine, wait=True, ordering=models.WriteOrdering.STRONG
            ),
        )
        return self._holder(expires)

    def _holder(self, expires: float) -> dict[str, Any]:
        found = self._server.ask("reading the lease", lambda c: c.retrieve(CONTROL, [self._id], with_payload=True))
        holder = dict(found[0].payload or {}) if found else {}
        if holder.get("token") == self._token:
            self._expires = expires
        return holder


class Control:
    """Leases and changes on one server."""

    def __init__(self, server: Server, lease_s: float = LEASE_S) -> None:
        """Ask nothing yet. `lease_s`: how long a writer that was cut off keeps others out."""
        self._server, self._lease_s = server, lease_s

    def lease(self, collection: str) -> Lease:
        """The right to write `collection`. Raises StoreError naming the holder when it is taken."""
        self._prepare()
        return Lease(self._server, collection, self._lease_s)

    @contextmanager
    def leased(self, collection: str) -> Iterator[Lease]:
        """:meth:`lease` for as long as a ``with`` block lasts."""
        lease = self.lease(collection)
        try:
            yield lease
        finally:
            lease.release()

    def begin(self, change: Change) -> None:
        """Note that a change begins."""
        self._note(change, "begun")

    def finish(self, change: Change) -> None:
        """Note that a change is done."""
        self._note(change, "done")

    def changes(self, build: str, after: int) -> list[Change]:
        """The changes of a generation after revision `after`, oldest first; begun ones included.

        Fewer than there were when notes are missing: then whoever asks must read everything anew.
        """
        where = _where(kind="change", build=build)
        newer = models.FieldCondition(key="revision", range=models.Range(gt=after))
        return self._found(models.Filter(must=[where, newer]))

    def unfinished(self, build: str) -> Change | None:
        """The change that was begun and not finished, if there is one."""
        found = self._found(_where(kind="change", build=build, state="begun"))
        return found[0] if found else None

    def forget(self, build: str) -> None:
        """Remove the changes of a generation that is gone."""
        selector = models.FilterSelector(filter=_where(kind="change", build=build))
        if CONTROL in self._server.names():
            self._server.ask("forgetting changes", lambda c: c.delete(CONTROL, selector, wait=True))

    def _found(self, where: models.Filter) -> list[Change]:
        changes: list[Change] = []
        offset: Any = None
        while True:
            try:
                found, offset = self._page(where, offset)
            except CollectionNotFound:
                return []
            changes += [c for c in (_change(r.payload or {}) for r in found) if c is not None]
            if offset is None:
                return sorted(changes, key=lambda c: c.revision)

    def _page(self, where: models.Filter, offset: Any) -> tuple[list[models.Record], Any]:
        return self._server.ask(
            "reading changes", lambda c: c.scroll(CONTROL, where, limit=_PAGE, offset=offset, with_payload=True)
        )

    def _note(self, change: Change, state: str) -> None:
        identity = str(uuid5(_NAMESPACE, f"change {change.build} {change.revision}"))
        payload = {"kind": "change", "state": state, "at": time.time(), **asdict(change)}
        point = models.PointStruct(id=identity, vector={}, payload=payload)
        self._server.ask("noting a change", lambda c: c.upsert(CONTROL, [point], wait=True))

    def _prepare(self) -> None:
        if CONTROL not in self._server.names():
            try:
                self._server.create(CONTROL, {"build": "control"}, vectors_config={})
            except StoreError:
                if CONTROL not in self._server.names():  # else another process was quicker
                    raise
        there = self._server.describe(CONTROL)
        if (there.config.metadata or {}).get("techfinder") != {"build": "control"}:
            raise StoreError(
                f"On {self._server.url}, {CONTROL!r} is a collection that techfinder did not make, or whose metadata "
                "was removed; it was left alone. Rename or remove it, then try again."
            )
        for key, kind in _INDEXES.items():
            if key not in there.payload_schema:
                self._index(key, models.PayloadSchemaType(kind))

    def _index(self, key: str, kind: models.PayloadSchemaType) -> None:
        self._server.ask("preparing", lambda c: c.create_payload_index(CONTROL, key, field_schema=kind, wait=True))


def _is_gone(holder: dict[str, Any]) -> bool:
    """Whether the holder ran on this machine and does no more: it need not be waited for.

    It may be this process: a server that was away when a lease was given back has it still.
    """
    if holder.get("place") != here():
        return False
    try:
        pid = int(holder["pid"])
        if (pid, _started(pid)) == (os.getpid(), holder["started"]):
            return holder.get("token") not in _held
        # Another process may have got its number.
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE or _started(pid) != holder["started"]
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did: no clock that is set can change it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _change(payload: dict[str, Any]) -> Change | None:
    """The change, None when its note was damaged."""
    try:
        return Change(
            build=str(payload["build"]),
            revision=int(payload["revision"]),
            written=tuple(map(str, payload["written"])),
            removed=tuple(map(str, payload["removed"])),
            rest_points=int(payload["rest_points"]),
            rest_digest=f"{int(payload['rest_digest'], 16):032x}",
        )
    except (KeyError, TypeError, ValueError) as error:
        _log.warning("The note of a change in %r cannot be read: %s: %s", CONTROL, type(error).__name__, error)
        return None


def _where(**values: str) -> models.Filter:
    return models.Filter(
        must=[models.FieldCondition(key=k, match=models.MatchValue(value=v)) for k, v in values.items()]
    )


def _over(now: float) -> models.Filter:
    """A claim that has run out, or that cannot be an honest one."""
    honest = models.FieldCondition(key="expires", range=models.Range(gte=now, lte=now + _FAR_S))
    return models.Filter(must_not=[honest])
