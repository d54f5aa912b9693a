"""Who is in: plugins are imported, registered and asked here, one at a time.

A plugin fails alone because of what pluggy would do otherwise: it may leave a plugin half
registered, takes a misspelt hook for one of the future, hands generators on unread, and
drops everyone's answers when one implementation raises. So each plugin is registered,
checked for unknown hooks and, if need be, taken out again before the next one comes; and
:meth:`Roster.ask` calls the hook of one plugin, under a deadline, and reads its answer there.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from techfinder import hookspecs
from techfinder.errors import PluginContractError, known_names
from techfinder.hookspecs import PROJECT
from techfinder.plugins.deadline import call_within
from techfinder.plugins.failures import PluginFailure, kind_of, line_of, log

if TYPE_CHECKING:
    from techfinder.plugins.discovery import Candidate
    from techfinder.settings import Settings

__all__ = ["Member", "Roster"]

SAID_AT_MOST = 50
"""Failures logged per plugin; one that fails on every card must not fill the disk."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Member:
    """One plugin, loaded or not.

    Attributes:
        name, distribution, version: As in the candidate.
        root: Top-level module; empty where that is not known.
        target: What is registered; None unless loading went well.
        hooks: Names of the hooks it implements, sorted.
        disabled: A setting keeps it out.
        entries: Names of what it offers by kind, as far as it was asked.
        failures: By stage, the latest of each.
        busy: Thread of a call that was left behind.
    """

    name: str
    distribution: str
    version: str
    root: str = ""
    target: object = None
    hooks: tuple[str, ...] = ()
    disabled: bool = False
    entries: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[str, PluginFailure] = field(default_factory=dict)
    busy: Thread | None = None
    said: set[PluginFailure] = field(default_factory=set)

    @property
    def origin(self) -> str:
        """Name and distribution, for messages."""
        source = " ".join(p for p in (self.distribution, self.version) if p)
        return f"{self.name!r} ({source})" if source else repr(self.name)


class Roster:
    """The plugins of one app, in the order they are asked: as they were admitted."""

    def __init__(self, settings: Settings) -> None:
        """An empty roster."""
        self.members: list[Member] = []
        self._timeout_s = settings.plugin_timeout_s
        self._disabled = frozenset(settings.disabled_plugins)
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._trace = _trace_logger() if settings.trace_hooks else None

    def admit(self, candidate: Candidate) -> None:
        """Import and register one plugin; whatever goes wrong is noted as its failure."""
        root = candidate.target.partition(":")[0].partition(".")[0].strip()
        member = Member(candidate.plugin, candidate.distribution, candidate.version, root)
        self.members.append(member)
        if member.name in self._disabled:
            member.disabled = True
            return
        stage = "import"
        try:
            self._refuse_taken_name(member)
            if self._trace is not None:
                # Before, not after: a plugin that ends the process leaves its name as the last line.
                self._trace.info("import: %s begins", member.name)
            target = call_within(self._timeout_s, candidate.load, f"import of {member.name}")
            stage = "register"
            self._register(member, target)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.fail(member, stage, error)

    def implementers(self, hook: str) -> list[Member]:
        """The plugins that implement `hook`, in the order they are asked."""
        return [m for m in self.members if hook in m.hooks]

    def ask(
        self, member: Member, hook: str, seconds: float, read: Callable[[Any], T], arguments: Mapping[str, object]
    ) -> T:
        """What `read` makes of one plugin's answer.

        Args:
            member: Whom to ask.
            hook: What to ask.
            seconds: How long hook and `read` may take together.
            read: Gets what pluggy brings back: a list of answers, or one for a ``firstresult`` hook.
            arguments: All of the hook's arguments by name.

        Raises:
            Overdue: No answer came in time.
            BaseException: Whatever plugin or `read` raised.
        """
        others = [m.target for m in self.members if m.target is not None and m is not member]
        caller = self._manager.subset_hook_caller(hook, others)
        started, outcome = time.perf_counter(), "failed"
        try:
            answer = call_within(seconds, lambda: read(caller(**arguments)), f"{hook} of {member.name}")
            outcome = "answered"
        finally:
            if self._trace is not None:
                took_ms = (time.perf_counter() - started) * 1000
                self._trace.info("%s: %s %s after %.1f ms", hook, member.name, outcome, took_ms)
        return answer

    def fail(self, member: Member, stage: str, error: BaseException) -> PluginFailure:
        """Note a failure, and log it unless it was logged before."""
        kind = kind_of(error, stage, member.root)
        failure = PluginFailure(member.name, member.distribution, member.version, stage, line_of(error), kind)
        member.failures[stage] = failure
        if failure not in member.said and len(member.said) < SAID_AT_MOST:
            member.said.add(failure)
            log(failure, error)
        return failure

    def _refuse_taken_name(self, member: Member) -> None:
        for other in self.members:
            if other is not member and other.name == member.name:
                raise PluginContractError(
                    f"{other.origin} and {member.origin} have the same name; the first one stays. "
                    "Uninstall or rename one of the two."
                )

    def _register(self, member: Member, target: object) -> None:
        hash(target)  # pluggy puts plugins in sets: one that cannot be hashed would break the calls of all
        try:
            self._manager.register(target, name=member.name)
            self._refuse_unknown_hooks(target)
            member.hooks = self._hooks(target)
        except BaseException:
            if self._manager.has_plugin(member.name):
                self._manager.unregister(name=member.name)
            raise
        member.target = target

    def _refuse_unknown_hooks(self, target: object) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            callers = self._manager.get_hookcallers(target) or []
            known = [c.name for c in vars(self._manager.hook).values() if _specified(c)]
            hints = " ".join(f"{c.name!r}: {known_names(c.name, known)}" for c in callers if not _specified(c))
            raise PluginContractError(f"It implements a hook that does not exist. {hints}") from error

    def _hooks(self, target: object) -> tuple[str, ...]:
        callers = [c for c in self._manager.get_hookcallers(target) or () if _specified(c)]
        for caller in callers:
            if any(i.plugin is target and (i.wrapper or i.hookwrapper) for i in caller.get_hookimpls()):
                raise PluginContractError(
                    f"It wraps {caller.name}, but plugins are asked one at a time: there is nothing to wrap. Answer it."
                )
        if not callers:
            raise PluginContractError("It implements no hook. Mark its functions with @techfinder.hookimpl.")
        return tuple(sorted(c.name for c in callers))


def _specified(caller: object) -> bool:
    return isinstance(caller, pluggy.HookCaller) and caller.has_spec()


def _trace_logger() -> logging.Logger:
    # One of our own, outside the tree of loggers: turning it on changes nobody's logging.
    trace = logging.Logger(f"{PROJECT}.hooks", logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    trace.addHandler(handler)
    return trace
