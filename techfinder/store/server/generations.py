"""The generations of a collection on a server: which there are, which is live, how one goes live.

Each is a Qdrant collection of its own, ``<collection>.<schema>.<encoder>.<tag>.<number>``: the tag
is the beginning of the build's id, so that no name comes twice. It is noted there what
we know of it; an alias with the collection's name points to the live one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError, StoreUnavailable, cut
from techfinder.models import GenerationInfo
from techfinder.store.names import check_name, place_of
from techfinder.store.retention import dropped

if TYPE_CHECKING:
    from techfinder.interfaces import CollectionSpec
    from techfinder.store.server.connection import Server
    from techfinder.store.server.control import Control

__all__ = ["ServerGenerations", "Stored", "builds_on", "live_everywhere"]

_log = logging.getLogger(__name__)

_FORMAT = 1
_STORAGES = frozenset({"keyword", "keywords", "integer", "float"})
_NUMBERS = ("number", "points", "dim", "revision")
_TEXTS = ("collection", "similarity", "encoder", "template", "schema", "created_at", "digest")


_WAY_OUT = "Make another generation live (`techfinder store info` lists them), or index again with --rebuild."


@dataclass(frozen=True, slots=True)
class Stored:
    """A sealed generation on a server.

    Attributes:
        info: What the world knows of it.
        attributes: Storage by attribute key.
        build: Differs from that of every other build, wherever it was made.
        place: The name of its Qdrant collection.
    """

    info: GenerationInfo
    attributes: Mapping[str, str]
    build: str
    place: str

    def facts(self) -> dict[str, Any]:
        """What is noted on its Qdrant collection."""
        return _facts(self.info.collection, self.build) | {
            "state": "sealed",
            "info": asdict(self.info),
            "attributes": dict(self.attributes),
        }


class ServerGenerations:
    """The generations of one collection."""

    def __init__(self, server: Server, control: Control, collection: str) -> None:
        """Ask nothing yet. Raises StoreError on a wrong name."""
        check_name(collection)
        self.collection = collection
        self._server, self._control = server, control

    def live(self) -> Stored | None:
        """The live generation, None when there is none.

        Raises:
            StoreDamaged: Its Qdrant collection is gone, or what is noted on that cannot be read.
            StoreError: Something else has its name.
        """
        place = self._server.aliases().get(self.collection)
        if place is None:
            self._refuse_foreigner()
            return None
        return self.at(place)

    def opened(self) -> Stored:
        """The live generation. Raises CollectionNotFound when there is none."""
        found = self.live()
        if found is None:
            raise CollectionNotFound(
                f"Collection {self.collection!r} does not exist on {self._server.url}. "
                "Index something first: techfinder index SOURCE."
            )
        return found

    def unchanged(self, stored: Stored) -> bool:
        """Whether techfinder has changed nothing in a generation since `stored` was read, and is not about to.

        Where it has not, what is found there and does not fit was done by something else.
        """
        # In this order: a change that ends between the two has another revision by then.
        under_way = self._control.unfinished(stored.build) is not None
        try:
            return not under_way and self.at(stored.place).info == stored.info
        except StoreDamaged:
            return False

    def kept(self) -> list[Stored]:
        """All sealed generations that can be read, oldest first."""
        return sorted(self._sealed(), key=lambda s: s.info.number)

    def begin(self, spec: CollectionSpec, copy_of: str = "") -> tuple[int, str, dict[str, Any]]:
        """Number, name and facts of the next generation; `copy_of` names the content of a copy."""
        # Of those whose notes cannot be read, the name tells the number.
        tails = (place.rpartition(".")[2] for place in self._places())
        number = max([0, *(int(t) for t in tails if t.isascii() and t.isdigit())]) + 1
        build = uuid4().hex
        # A reader of a dropped collection must not take what is built later under its number for its own.
        place = place_of(spec.name, spec.schema, spec.encoder, number, build[:6])
        return number, place, _facts(spec.name, build) | {"state": "building", "copy_of": copy_of}

    def unfinished(self, copy_of: str) -> tuple[int, str, dict[str, Any]] | None:
        """Number, name and facts of what a killed builder has left of a copy; None when there is nothing."""
        for place, facts in self._ours():
            number = place.rpartition(".")[2]
            if facts.get("state") == "building" and facts.get("copy_of") == copy_of and number.isdecimal():
                return int(number), place, facts
        return None

    def sweep(self, copy_of: str = "") -> None:
        """Remove what killed builders left, but for a part of this copy. For whoever holds the lease."""
        for place, facts in self._ours():
            if facts.get("state") == "building" and not (copy_of and facts.get("copy_of") == copy_of):
                self._server.delete(place)

    def seal(self, stored: Stored) -> None:
        """Note that a build is whole."""
        self._server.note(stored.place, stored.facts())

    def publish(self, stored: Stored, keep: int, base: Stored | None) -> list[str]:
        """Make a sealed generation live and drop what is too old. Returns the builds that were dropped.

        Raises StoreError when it was made from `base`, and another one is live now.
        """
        if base is not None:
            self._require_live(base)
        before = self._server.aliases().get(self.collection)
        self._server.point(self.collection, stored.place)
        removed: list[str] = []
        try:
            kept = {s.info.number: s for s in self.kept()}
            live_before = next((n for n, s in kept.items() if s.place == before), None)
            for number in dropped(list(kept), stored.info.number, live_before, keep):
                self._remove(kept[number])
                removed.append(kept[number].build)
        except StoreError as error:  # the new one is live all the same
            _log.warning("%s An old generation was left. The next one that goes live removes it.", error)
        return removed

    def _require_live(self, base: Stored) -> None:
        live = self.live()
        if live is None or live.build != base.build:
            now = "it is dropped" if live is None else f"generation {live.info.number} is live"
            raise StoreError(
                f"Collection {self.collection!r}: the new generation was made from generation {base.info.number}, "
                f"but now {now}, and what that holds would be lost. Nothing went live. Run the same command again."
            )

    def activate(self, number: int) -> Stored:
        """Make a kept generation live. Raises StoreError when it is not kept."""
        kept = self.kept()
        chosen = next((s for s in kept if s.info.number == number), None)
        if chosen is None:
            numbers = [s.info.number for s in kept]
            raise StoreError(f"Collection {self.collection!r} keeps no generation {number}. Kept: {numbers or 'none'}.")
        self._server.point(self.collection, chosen.place)
        return chosen

    def remove(self) -> list[str]:
        """Remove the collection: first what makes it live, then everything. Returns its builds.

        Raises StoreError when something else has its name.
        """
        with suppress(StoreDamaged):
            self.live()
        self._server.unpoint(self.collection)
        removed = []
        for place, facts in self._ours():
            self._server.delete(place)
            removed.append(str(facts.get("build")))
            self._control.forget(removed[-1])
        return removed

    def _remove(self, old: Stored) -> None:
        self._server.delete(old.place)
        self._control.forget(old.build)

    def _ours(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for place in self._places():
            try:
                facts = self._server.facts(place)
            except CollectionNotFound:
                continue  # dropped just now
            if facts and facts.get("collection") == self.collection:
                found.append((place, facts))
        return found

    def _places(self) -> list[str]:
        return [p for p in self._server.names() if p.startswith(f"{self.collection}.")]

    def _sealed(self) -> Iterator[Stored]:
        for place, facts in self._ours():
            if facts.get("state") != "building":
                try:
                    yield _stored(place, facts)
                except StoreDamaged as error:
                    _log.warning("%s", error)

    def at(self, place: str) -> Stored:
        """The generation in a Qdrant collection; raises as :meth:`live` does."""
        try:
            facts = self._server.facts(place)
        except CollectionNotFound as error:
            raise StoreDamaged(
                f"Collection {self.collection!r}: what is live, {place!r}, is gone from {self._server.url}. {_WAY_OUT}"
            ) from error
        if facts is None or facts.get("collection", self.collection) != self.collection:
            raise self._foreign(f"points to collection {place!r}")
        return _stored(place, facts)

    def _refuse_foreigner(self) -> None:
        if self.collection in self._server.names():
            raise self._foreign("is a collection")

    def _foreign(self, what: str) -> StoreError:
        return StoreError(
            f"On {self._server.url}, {self.collection!r} {what} that techfinder did not make, or whose metadata was "
            "removed; it was left alone. Choose another name, TECHFINDER_COLLECTION=NAME, or remove that collection "
            "from the server."
        )


def live_everywhere(server: Server, control: Control) -> tuple[list[Stored], dict[str, str]]:
    """The live generations that can be read, sorted by name, and what is wrong with others, by collection.

    What others made on the same server is left out.
    """
    found: list[Stored] = []
    damaged: dict[str, str] = {}
    for alias, place in sorted(server.aliases().items()):
        if place.startswith(f"{alias}."):
            try:
                found.append(ServerGenerations(server, control, alias).at(place))
            except StoreUnavailable:
                raise
            except StoreDamaged as error:
                damaged[alias] = str(error)
            except StoreError as error:  # it is not ours
                _log.debug("%s", error)
    return found, damaged


def builds_on(server: Server) -> set[str]:
    """The builds of all generations that a server keeps, of every collection; unfinished ones too."""
    found = set()
    for place in server.names():
        if "." in place:
            with suppress(CollectionNotFound):  # dropped just now
                found.add(str((server.facts(place) or {}).get("build")))
    return found


def _facts(collection: str, build: str) -> dict[str, Any]:
    return {"format": _FORMAT, "collection": collection, "build": build}


def _stored(place: str, facts: Mapping[str, Any]) -> Stored:
    try:
        if facts["format"] != _FORMAT:
            raise ValueError(f"format {facts['format']!r}, this version reads {_FORMAT}")
        info, attributes, build = GenerationInfo(**facts["info"]), facts["attributes"], facts["build"]
        _require_kinds(info, attributes, build)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreDamaged(
            f"What is noted on the Qdrant collection {cut(place)} cannot be read ({type(error).__name__}: {error}). "
            f"{_WAY_OUT}"
        ) from error
    return Stored(info, attributes, build, place)


def _require_kinds(info: GenerationInfo, attributes: Mapping[str, str], build: str) -> None:
    """Raise ValueError when a note has a value of another kind than ours."""
    wrong = [n for n in _NUMBERS if type(getattr(info, n)) is not int or getattr(info, n) < 0]
    wrong += [n for n in _TEXTS if not isinstance(getattr(info, n), str)]
    wrong += [k for k, v in attributes.items() if v not in _STORAGES]
    wrong += ["exact"] if not isinstance(info.exact, bool) else []
    wrong += ["build"] if not isinstance(build, str) else []
    wrong += ["digest"] if not re.fullmatch("[0-9a-f]{32}", str(info.digest)) else []
    if wrong:
        raise ValueError(f"of another kind: {', '.join(dict.fromkeys(wrong))}")
