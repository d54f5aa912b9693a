"""What a register hook may answer: how it is checked, and how its entries are kept from doing harm.

Nothing here knows which plugin is asked or when; the host does.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from techfinder.errors import PluginContractError, QueryError, SchemaError, cut, known_names
from techfinder.interfaces import EncoderEntry, Filter, FilterEntry, FilterOption, GaugeEntry, SourceEntry
from techfinder.lexicons import Lexicon
from techfinder.models import Gauge

if TYPE_CHECKING:
    from techfinder.models import Hit
    from techfinder.plan import AnyOf, Condition
    from techfinder.schema import Schema

__all__ = ["OFFERS", "Offer", "checked_lexicon", "guarded_filter", "guarded_gauge"]

RESERVED = frozenset({"q", "limit", "offset", "sort", "facets"})
"""URL parameters of a search; a filter of that name could not be told from them."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_ENTRY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Report = Callable[[BaseException], None]
"""Tells the plugin host of a fault that showed after the hook had answered."""


_MOST_ENTRIES = 10_000
_FAULTS = (Exception, SystemExit)


@dataclass(frozen=True, slots=True)
class Offer:
    """What one register hook answers.

    Attributes:
        hook: Its name.
        plural: What it offers, as "filters".
        expected: Name of the entries' type.
        fits: Whether something is such an entry.
        problem: What is wrong with an entry, as the rest of a sentence; empty when nothing is.
        names: What must be unique over all plugins, as ``("filter 'age'",)``; the first is its name.
    """

    hook: str
    plural: str
    expected: str
    fits: Callable[[object], bool]
    problem: Callable[[Any], str]
    names: Callable[[Any], tuple[str, ...]]

    def read(self, answers: object) -> list[Any]:
        """The entries in what pluggy brought back from one plugin: a list of its answers.

        Generators are run here, so that their errors belong to the plugin.

        Raises:
            PluginContractError: An answer is no list, or holds what is not a sound entry.
        """
        if not answers:
            raise PluginContractError(
                f"{self.hook} returned None, expected a list of {self.expected}. Return [] for none."
            )
        assert isinstance(answers, list)
        return [self._checked(entry) for answer in answers for entry in self._listed(answer)]

    def _listed(self, answer: object) -> list[object]:
        if isinstance(answer, (list, tuple, Iterator)):
            found = list(islice(answer, _MOST_ENTRIES + 1))
            if len(found) > _MOST_ENTRIES:
                raise PluginContractError(f"{self.hook} returned more than {_MOST_ENTRIES:,} entries. Offer fewer.")
            return found
        raise PluginContractError(
            f"{self.hook} returned {cut(answer)} ({type(answer).__name__}), expected a list of {self.expected}."
        )

    def _checked(self, entry: object) -> object:
        if not self.fits(entry):
            raise PluginContractError(
                f"{self.hook} returned a list holding {cut(entry)} ({type(entry).__name__}), not {self.expected}."
            )
        if problem := self.problem(entry):
            raise PluginContractError(f"{self.hook}: {self.names(entry)[0]} {problem}")
        return entry


def _source_problem(entry: SourceEntry) -> str:
    if not _ENTRY_NAME.fullmatch(entry.name):
        return "has a name that is not made of letters, digits, '.', '_' and '-'."
    wrong = [s for s in entry.suffixes if not s.startswith(".")]
    return f"has suffixes without a leading dot: {cut(wrong)}." if wrong else _uncallable(entry.load, "load")


def _encoder_problem(entry: EncoderEntry) -> str:
    info = entry.info
    if not _ENTRY_NAME.fullmatch(info.name):
        return "has a name that is not made of letters, digits, '.', '_' and '-'."
    if info.dim < 1 or info.max_tokens < 1:
        return f"has dim={info.dim} and max_tokens={info.max_tokens}; both must be at least 1."
    if info.similarity not in ("cosine", "dot"):
        return f"has similarity={cut(info.similarity)}, expected 'cosine' or 'dot'."
    return _uncallable(entry.load, "load")


def _filter_problem(entry: FilterEntry) -> str:
    if not _NAME.fullmatch(entry.name) or entry.name in RESERVED:
        return f"has a name that is not made of letters, digits and underscores, or is one of {sorted(RESERVED)}."
    if entry.control not in ("choice", "range"):
        return f"has control={cut(entry.control)}, expected 'choice' or 'range'."
    return _uncallable(entry.load, "load")


def _gauge_problem(entry: GaugeEntry) -> str:
    if not _NAME.fullmatch(entry.name):
        return "has a name that is not made of letters, digits and underscores."
    return _uncallable(entry.measure, "measure")


def _uncallable(value: object, name: str) -> str:
    return "" if callable(value) else f"has {name}={cut(value)}, expected something to call."


def _is_blueprint(entry: object) -> bool:
    # The core searches without Flask; whoever answers a blueprint has imported it.
    flask = sys.modules.get("flask")
    return flask is not None and isinstance(entry, flask.Blueprint)


def _source_names(entry: SourceEntry) -> tuple[str, ...]:
    return (f"source {entry.name!r}", *(f"suffix {s!r}" for s in entry.suffixes))


OFFERS: Mapping[str, Offer] = {
    offer.hook: offer
    for offer in (
        Offer(
            "register_sources",
            "sources",
            "SourceEntry",
            lambda e: isinstance(e, SourceEntry),
            _source_problem,
            _source_names,
        ),
        Offer(
            "register_encoders",
            "encoders",
            "EncoderEntry",
            lambda e: isinstance(e, EncoderEntry),
            _encoder_problem,
            lambda e: (f"encoder {e.info.name!r}",),
        ),
        Offer(
            "register_filters",
            "filters",
            "FilterEntry",
            lambda e: isinstance(e, FilterEntry),
            _filter_problem,
            lambda e: (f"filter {e.name!r}",),
        ),
        Offer(
            "register_gauges",
            "gauges",
            "GaugeEntry",
            lambda e: isinstance(e, GaugeEntry),
            _gauge_problem,
            lambda e: (f"gauge {e.name!r}",),
        ),
        Offer(
            "register_lexicons",
            "lexicons",
            "Lexicon",
            lambda e: isinstance(e, Lexicon),
            lambda e: "",
            lambda e: (f"lexicon {e.name!r}",),
        ),
        Offer(
            "register_blueprints",
            "blueprints",
            "flask.Blueprint",
            _is_blueprint,
            lambda e: "",
            lambda e: (f"blueprint {e.name!r}",),
        ),
    )
}
"""By hook name."""


def guarded_filter(entry: FilterEntry, schema: Schema, report: Report) -> FilterEntry:
    """The entry with a ``load`` whose filter cannot break a search.

    Its ``options()`` answers () when the plugin's fails, and ``clauses()`` raises QueryError (the
    user's fault) or PluginContractError (the plugin's) and nothing else. Faults go to `report`.

    Raises:
        PluginContractError: ``entry.field`` is not an attribute of `schema`.
    """
    if entry.field and entry.field not in schema.attributes:
        raise PluginContractError(
            f"Filter {entry.name!r} counts the field {cut(entry.field)}. {known_names(entry.field, schema.attributes)}"
        )
    guard = _GuardedFilter(entry, schema, report)
    return replace(entry, load=lambda: guard)


class _GuardedFilter:
    def __init__(self, entry: FilterEntry, schema: Schema, report: Report) -> None:
        self._entry, self._schema, self._report = entry, schema, report
        self._loaded: Filter | None = None
        self._options: tuple[FilterOption, ...] | None = None

    def clauses(self, values: Sequence[str]) -> tuple[Condition | AnyOf, ...]:
        try:
            clauses = tuple(self._filter().clauses(values))
        except QueryError:
            raise
        except _FAULTS as error:
            raise self._fault(f"failed on {cut(list(values))}: {error!r}", error) from error
        try:
            self._schema.resolve(clauses)
        except _FAULTS as error:
            raise self._fault(f"made clauses for {cut(list(values))} that mean nothing here: {error}", error) from error
        return clauses

    def options(self) -> tuple[FilterOption, ...]:
        if self._options is None:
            try:
                self._options = tuple(self._sound(option) for option in self._filter().options())
            except _FAULTS as error:
                self._fault(f"has no usable options: {error!r}", error)
                self._options = ()
        return self._options

    def _filter(self) -> Filter:
        if self._loaded is None:
            self._loaded = self._entry.load()
        return self._loaded

    def _sound(self, option: FilterOption) -> FilterOption:
        if not isinstance(option, FilterOption):
            raise TypeError(f"expected FilterOption, got {cut(option)}")
        self._schema.resolve(option.clauses)
        return option

    def _fault(self, what: str, error: BaseException) -> PluginContractError:
        fault = PluginContractError(f"Filter {self._entry.name!r} {what}")
        fault.__cause__ = error
        self._report(fault)
        return fault


def checked_lexicon(entry: Lexicon, schema: Schema) -> Iterator[Lexicon]:
    """The lexicon, when it is for this schema.

    Raises:
        PluginContractError: It names what the schema lacks.
    """
    if not entry.suits(schema):
        return
    try:
        entry.check(schema)
    except SchemaError as error:
        raise PluginContractError(str(error)) from error
    yield entry


def guarded_gauge(entry: GaugeEntry, report: Report) -> GaugeEntry:
    """The entry with a ``measure`` that answers None, and tells `report`, where the plugin's fails."""

    def measure(hit: Hit) -> Gauge | None:
        try:
            gauge = entry.measure(hit)
            if gauge is not None and not _sound_gauge(gauge):
                raise PluginContractError(f"Gauge {entry.name!r} measured {cut(gauge)}, expected a value from 0 to 1.")
        except _FAULTS as error:
            report(error)
            return None
        return gauge

    return replace(entry, measure=measure)


def _sound_gauge(gauge: object) -> bool:
    return isinstance(gauge, Gauge) and math.isfinite(gauge.value) and 0 <= gauge.value <= 1
