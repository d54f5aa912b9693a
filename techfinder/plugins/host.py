"""The plugin host: what the plugins of one app offer, checked, by name.

What one plugin does wrong costs nobody else their results. It becomes a
:class:`~techfinder.plugins.PluginFailure`, which says whose it is, at which stage, and why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from techfinder import __version__, defaults
from techfinder.errors import FieldWithheld, PluginContractError, PluginLoadError, SettingsError, known_names
from techfinder.plan import Notice, QueryPlan
from techfinder.plugins.deadline import Overdue
from techfinder.plugins.discovery import Candidate, installed
from techfinder.plugins.offers import OFFERS, checked_lexicon, guarded_filter, guarded_gauge
from techfinder.plugins.roster import Member, Roster

if TYPE_CHECKING:
    from flask import Blueprint

    from techfinder.finder import Finder
    from techfinder.interfaces import EncoderEntry, FilterEntry, GaugeEntry, SourceEntry
    from techfinder.lexicons import Lexicon
    from techfinder.plugins.failures import PluginFailure
    from techfinder.schema import Schema
    from techfinder.settings import Settings

__all__ = ["BUILTIN", "PARSE_TIMEOUT_S", "PluginInfo", "Plugins"]

BUILTIN = "builtin"
"""Name of the plugin that holds the core's own answers."""

PARSE_TIMEOUT_S = 1.0
"""Longest time a plugin may take to read a question; somebody is typing."""

_MOST_KEPT = 8

logger = logging.getLogger("techfinder.plugins")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin, as ``techfinder plugins`` lists it.

    Attributes:
        name: Of its entry point.
        distribution, version: What it was installed from; empty where that is not known.
        hooks: Names of the hooks it implements, sorted.
        entries: Names of what it offers, by kind (``"filters"``); kinds that were asked for so far.
        failure: Everything that went wrong, a line each; empty when nothing did.
        disabled: True when a setting keeps it out.
    """

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]
    entries: Mapping[str, tuple[str, ...]]
    failure: str
    disabled: bool = False


class Plugins:
    """The plugins of one app. Make one per app with :meth:`load` and hand it on.

    The methods named after what plugins offer are called at start, from one thread; ``parse``
    and the entries from any.
    """

    def __init__(self, settings: Settings) -> None:
        """A host without plugins; :meth:`load` makes a full one."""
        self._settings = settings
        self._roster = Roster(settings)
        self._kept: dict[str, list[tuple[object, Mapping[str, Any]]]] = {}

    @classmethod
    def load(cls, settings: Settings, *, discover: bool = True, extra: Iterable[tuple[str, object]] = ()) -> Plugins:
        """The plugins that are installed, and what they offer without knowing a schema.

        Args:
            settings: Says which plugins to leave out, how long to wait, and whether to be strict.
            discover: False loads only the core's own plugin and `extra`.
            extra: Name and object (a module, or anything that holds hook implementations) of
                further plugins.

        Raises:
            PluginLoadError: ``strict_plugins`` is on and something failed; all of it is listed.
        """
        host = cls(settings)
        candidates = [Candidate(name, "", "", "", _constant(target)) for name, target in extra]
        if discover:
            candidates += installed()
        host._roster.admit(Candidate(BUILTIN, "techfinder", __version__, "techfinder.defaults", _constant(defaults)))
        for candidate in sorted(candidates, key=lambda c: (c.plugin, c.distribution)):
            host._roster.admit(candidate)
        host._warn_of_unknown_switches()
        host.sources()
        host.encoders()
        host._stop_if_strict()
        return host

    @property
    def failures(self) -> tuple[PluginFailure, ...]:
        """Everything that went wrong so far, by plugin in the order of asking."""
        return tuple(f for m in self._roster.members for f in list(m.failures.values()))

    def report(self, plugin: str, stage: str, error: BaseException) -> None:
        """Note that what `plugin` offered turned out not to work, at `stage` (a hook's name)."""
        for member in self._roster.members:
            if member.name == plugin:
                self._roster.fail(member, stage, error)

    def describe(self) -> list[PluginInfo]:
        """Every plugin found, failed and disabled ones too: the core's own, then by name."""
        return [
            PluginInfo(
                m.name,
                m.distribution,
                m.version,
                m.hooks,
                dict(m.entries),
                "\n".join(f"{f.stage}: {f.error}" for f in list(m.failures.values())),
                m.disabled,
            )
            for m in self._roster.members
        ]

    def sources(self) -> Mapping[str, SourceEntry]:
        """Source entries by name."""
        return self._offered("register_sources", self._settings, settings=self._settings)

    def encoders(self) -> Mapping[str, EncoderEntry]:
        """Encoder entries by name."""
        return self._offered("register_encoders", self._settings, settings=self._settings)

    def encoder(self, name: str) -> EncoderEntry:
        """The encoder that a setting selects; no name selects the one with the lowest rank.

        Raises:
            SettingsError: No plugin offers it; the message names those that are offered and the
                plugins that failed, one of which may have been meant to.
        """
        known = self.encoders()
        if name in known:
            return known[name]
        if known and not name:
            return min(known.values(), key=lambda e: (e.rank, e.info.name))
        failed = "".join(f"\n  failed: {f}" for f in self.failures)
        wanted = f"the encoder {name!r}. {known_names(name, known)}" if name else "an encoder: install one."
        raise SettingsError(f"No plugin offers {wanted}{failed}")

    def filters(self, schema: Schema) -> Mapping[str, FilterEntry]:
        """Filter entries by name, in panel order: by rank, then name.

        Their filters are guarded: ``options()`` never raises, ``clauses()`` only QueryError and
        PluginContractError. Asks the plugins once per schema.

        Raises:
            PluginLoadError: ``strict_plugins`` is on and a plugin failed.
        """
        found = self._offered("register_filters", schema, settings=self._settings, schema=schema)
        self._stop_if_strict()
        return found

    def gauges(self, schema: Schema) -> Mapping[str, GaugeEntry]:
        """Gauge entries by name, by rank, then name. Their ``measure`` never raises.

        Raises:
            PluginLoadError: ``strict_plugins`` is on and a plugin failed.
        """
        found = self._offered("register_gauges", schema, settings=self._settings, schema=schema)
        self._stop_if_strict()
        return found

    def lexicons(self, schema: Schema) -> Mapping[str, Lexicon]:
        """Lexicons for the schema by name. Each names only what the schema has.

        Raises:
            PluginLoadError: ``strict_plugins`` is on and a plugin failed.
        """
        found = self._offered("register_lexicons", schema, settings=self._settings, schema=schema)
        self._stop_if_strict()
        return found

    def blueprints(self, finder: Finder) -> list[tuple[str, Blueprint]]:
        """Plugin name and Flask blueprint, by plugin name. Asks the plugins each time.

        Raises:
            PluginLoadError: ``strict_plugins`` is on and a plugin failed.
        """
        found = [(member.name, entry) for member, entry in self._collect("register_blueprints", finder=finder)]
        self._stop_if_strict()
        return found

    def parse(self, text: str, finder: Finder, as_typed: Sequence[str] = ()) -> QueryPlan:
        """The first valid reading of a question; the core's own is asked last.

        A plugin that raises, does not answer within a second, or answers a plan that names what
        the schema does not have is passed over with a notice. Never raises for what a plugin does. `as_typed` are words
        that are not to be put right.

        Raises:
            FieldWithheld: The question asks for a field that whoever asks has no right to.
        """
        notices: list[Notice] = []
        for member in sorted(self._roster.implementers("parse_query"), key=lambda m: m.name == BUILTIN):
            plan = self._reading(member, {"text": text, "finder": finder, "as_typed": as_typed}, notices)
            if plan is not None:
                return plan.model_copy(update={"text": text, "notices": (*notices, *plan.notices)})
        return QueryPlan(text=text, meaning=text.strip(), notices=tuple(notices))

    def _reading(self, member: Member, asked: Mapping[str, Any], notices: list[Notice]) -> QueryPlan | None:
        """One plugin's plan, or None, with a notice where that is for a fault."""
        if member.busy is not None and member.busy.is_alive():
            # Else a plugin that hangs would leave one more thread behind for every key pressed.
            notices.append(Notice(code="plugin-busy", text=f"{member.name} still reads an earlier question."))
            return None
        seconds = min(PARSE_TIMEOUT_S, self._settings.plugin_timeout_s)
        try:
            answer = self._roster.ask(member, "parse_query", seconds, _same, asked)
            return _checked_plan(answer, asked["finder"])
        except (KeyboardInterrupt, FieldWithheld):
            raise
        except BaseException as error:
            member.busy = error.thread if isinstance(error, Overdue) else None
            failure = self._roster.fail(member, "call", error)
            notices.append(Notice(code="plugin-failed", text=f"{member.name} could not read this: {failure.error}"))
            return None

    def _offered(self, hook: str, key: Any, **arguments: object) -> Mapping[str, Any]:
        """What all plugins answer, by name, kept for the last few objects that `key` was.

        What they offer for a part of a schema is not what they are listed with.
        """
        kept = self._kept.setdefault(hook, [])
        known = next((offered for of, offered in kept if of is key), None)
        if known is None:
            listed = {m.name: dict(m.entries) for m in self._roster.members}
            found = [g for m, e in self._collect(hook, **arguments) for g in self._guarded(hook, m, e, key)]
            if getattr(key, "withheld", None):
                for member in self._roster.members:
                    member.entries = listed[member.name]
            by_rank = sorted(found, key=lambda e: (getattr(e, "rank", 0), _name(e)))
            known = {_name(e): e for e in by_rank}
            kept[:] = [*kept, (key, known)][-_MOST_KEPT:]
        return known

    def _collect(self, hook: str, **arguments: object) -> list[tuple[Member, Any]]:
        """Plugin and entry for all that the plugins offer, in the order of asking.

        Where two offer the same name, the one asked first (the core, then by plugin name) keeps
        it: names stand in URLs and settings, and must not change hands with what else is
        installed. The other plugin loses that one entry and is listed as failed.
        """
        offer, found = OFFERS[hook], []
        owners: dict[str, Member] = {}
        for member in self._roster.implementers(hook):
            member.failures.pop(hook, None)
            member.entries[offer.plural] = ()
            try:
                entries = self._roster.ask(member, hook, self._settings.plugin_timeout_s, offer.read, arguments)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._roster.fail(member, hook, error)
                continue
            kept, clashes = _divide(entries, offer.names, owners, member)
            member.entries[offer.plural] = tuple(_name(e) for e in kept)
            found += [(member, entry) for entry in kept]
            if clashes:
                self._roster.fail(member, hook, PluginContractError(" ".join(clashes)))
        return found

    def _guarded(self, hook: str, member: Member, entry: Any, key: Any) -> Iterator[Any]:
        def report(error: BaseException) -> None:
            self._roster.fail(member, "call", error)

        try:
            if hook == "register_filters":
                yield guarded_filter(entry, key, report)
            elif hook == "register_gauges":
                yield guarded_gauge(entry, report)
            elif hook == "register_lexicons":
                yield from checked_lexicon(entry, key)
            else:
                yield entry
        except PluginContractError as error:
            plural = OFFERS[hook].plural
            member.entries[plural] = tuple(n for n in member.entries[plural] if n != _name(entry))
            self._roster.fail(member, hook, error)

    def _warn_of_unknown_switches(self) -> None:
        names = {m.name for m in self._roster.members}
        for name in sorted(set(self._settings.disabled_plugins) - names):
            logger.warning("disabled_plugins names %r, which is not installed. %s", name, known_names(name, names))

    def _stop_if_strict(self) -> None:
        # A question that could not be read is told with its answer, and must not stop the next one.
        failed = [f for f in self.failures if f.stage != "call"]
        if self._settings.strict_plugins and failed:
            lines = "".join(f"\n  {f}" for f in failed)
            raise PluginLoadError(
                f"Plugins failed, and strict_plugins is on:{lines}\n"
                "Mend or uninstall them, name them in disabled_plugins, or turn strict_plugins off."
            )


def _checked_plan(answer: object, finder: Finder) -> QueryPlan | None:
    if answer is None:
        return None
    if not isinstance(answer, QueryPlan):
        raise PluginContractError(f"parse_query returned {type(answer).__name__}, expected a QueryPlan or None.")
    plan = QueryPlan.model_validate(answer.model_dump(warnings=False))
    finder.schema.check(plan)
    return plan


def _divide(
    entries: Iterable[Any], names: Callable[[Any], tuple[str, ...]], owners: dict[str, Member], member: Member
) -> tuple[list[Any], list[str]]:
    """The entries whose names are free (entered in `owners`), and a sentence for each other one."""
    kept, clashes = [], []
    for entry in entries:
        taken = [n for n in names(entry) if n in owners]
        if taken:
            clashes.append(
                f"The {taken[0]} is offered by {owners[taken[0]].origin} and by {member.origin}; the first one keeps "
                "it. Rename it, or name one of the two in disabled_plugins."
            )
        else:
            owners.update(dict.fromkeys(names(entry), member))
            kept.append(entry)
    return kept, clashes


def _name(entry: Any) -> str:
    name: str = entry.info.name if hasattr(entry, "info") else entry.name
    return name


def _same(answer: object) -> object:
    return answer


def _constant(target: object) -> Callable[[], object]:
    return lambda: target
