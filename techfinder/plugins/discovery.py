"""Finds the plugins that are installed, without importing any of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions

from techfinder.hookspecs import PROJECT

__all__ = ["Candidate", "installed"]

_GROUP = re.compile(rf"^\s*\[\s*{PROJECT}\s*\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that may be loaded.

    Attributes:
        plugin: Name of its entry point.
        distribution, version: What it was installed from; empty where that is not known.
        target: What the entry point names, as ``"module"`` or ``"module:object"``.
        load: Imports it.
    """

    plugin: str
    distribution: str
    version: str
    target: str
    load: Callable[[], object]


def installed() -> list[Candidate]:
    """The entry points of our group in all installed distributions, by plugin and distribution name.

    A distribution that is found twice on the path counts once, the first one. Broken metadata
    costs its own distribution only: where it concerns us the candidate's ``load`` raises.
    """
    found: dict[tuple[str, str], Candidate] = {}
    for distribution in distributions():
        for candidate in _candidates(distribution):
            found.setdefault((candidate.plugin, _normal(candidate.distribution)), candidate)
    return [found[key] for key in sorted(found)]


def _candidates(distribution: Distribution) -> Iterator[Candidate]:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, UnicodeDecodeError):
        return
    if not _GROUP.search(text):
        return
    name, version = _identity(distribution)
    try:
        points: Iterable[EntryPoint] = [p for p in distribution.entry_points if p.group == PROJECT]
    except Exception as error:  # the parser of the standard library raises what it pleases
        yield Candidate(name, name, version, "", _refusing(error))
        return
    for point in points:
        yield Candidate(point.name, name, version, point.value, point.load)


def _identity(distribution: Distribution) -> tuple[str, str]:
    try:
        return distribution.name or "?", distribution.version or ""
    except Exception:  # metadata missing or damaged; the plugin may work all the same
        return "?", ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


def _refusing(error: Exception) -> Callable[[], object]:
    def load() -> object:
        raise ImportError(f"entry_points.txt cannot be read: {error!r}") from error

    return load
