"""The audit of switches: which generation was made live, when, by whom, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from sqlalchemy import insert, select, update

from techfinder.database.tables import choices, switches

if TYPE_CHECKING:
    from techfinder.database.database import Database
    from techfinder.models import GenerationInfo

__all__ = ["Switch", "SwitchLog"]

_TICK_S = 0.001

Action = Literal["promote", "rollback"]


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch.

    Attributes:
        action: ``promote`` or ``rollback``.
        at: Seconds since 1970 by the database's clock; later than that of the switch before.
        actor: Who asked for it.
        from_generation, from_encoder: What was live before; None where nothing was.
        to_generation, to_encoder, to_digest: What is live since.
        facts: What was decided upon: figures of the gate, whether it was overruled.
    """

    id: str
    collection: str
    action: Action
    at: float
    actor: str
    from_generation: int | None
    from_encoder: str
    to_generation: int
    to_encoder: str
    to_digest: str
    facts: Mapping[str, Any]


class SwitchLog:
    """The switches of all collections; lines are only ever added."""

    def __init__(self, database: Database) -> None:
        """Ask nothing yet."""
        self._database = database

    def note(
        self, action: Action, before: GenerationInfo, now: GenerationInfo, actor: str, facts: Mapping[str, Any]
    ) -> None:
        """Add a switch; one that is the last one already is not added again."""
        last = self.last(now.collection)
        if last is not None and (last.action, last.to_generation, last.to_digest) == (action, now.number, now.digest):
            return
        line = {
            "id": uuid4().hex,
            "collection": now.collection,
            "action": action,
            "at": 0.0,
            "actor": actor,
            "from_generation": before.number,
            "from_encoder": before.encoder,
            "to_generation": now.number,
            "to_encoder": now.encoder,
            "to_digest": now.digest,
            "facts": dict(facts),
        }
        with self._database.transaction() as connection:
            now_s, last_s = self._database.clock(connection), 0.0 if last is None else last.at
            line["at"] = max(now_s, last_s + _TICK_S)  # the last one stays the last, should the clock be put back
            connection.execute(insert(switches).values(line))

    def intend(self, before: GenerationInfo, encoder: str, actor: str) -> None:
        """Note what is live right before a switch to `encoder`: should nobody live to note the switch itself."""
        value = {"number": before.number, "encoder": before.encoder, "to": encoder}
        line = {"value": value, "at": self._database.now(), "actor": actor}
        name = _intention(before.collection)
        with self._database.transaction() as connection:
            if not connection.execute(update(choices).where(choices.c.name == name).values(line)).rowcount:
                connection.execute(insert(choices).values(name=name, **line))

    def intended(self, collection: str) -> Mapping[str, Any] | None:
        """What was live before the last switch that was begun: its number and encoder, and the one to switch to."""
        with self._database.transaction() as connection:
            wanted = select(choices.c.value).where(choices.c.name == _intention(collection))
            found: Mapping[str, Any] | None = connection.execute(wanted).scalar()
            return found

    def last(self, collection: str) -> Switch | None:
        """The last switch of a collection."""
        return next(iter(self.newest(collection, 1)), None)

    def newest(self, collection: str, limit: int = 50) -> list[Switch]:
        """The switches of a collection, newest first."""
        wanted = select(switches).where(switches.c.collection == collection)
        with self._database.transaction() as connection:
            rows = connection.execute(wanted.order_by(switches.c.at.desc(), switches.c.id).limit(limit))
            return [Switch(**{name: getattr(row, name) for name in Switch.__dataclass_fields__}) for row in rows]


def _intention(collection: str) -> str:
    return f"switch.{collection}"
