"""Finder: settings, plugins, schema, store and encoder as one object. No web server in it.

Views, commands and hooks receive a Finder and need nothing else. It is safe to use from many
threads; it opens the store on first use and loads the encoder when asked to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from collections.abc import Collection as AnyCollection
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

import numpy as np

from techfinder import cursors
from techfinder.analyses import Audience, Lookalikes
from techfinder.audience import look_at
from techfinder.batches import encodes, run_plans
from techfinder.compare import compare
from techfinder.corrections import LiveValues
from techfinder.coverage import CoverageMemory
from techfinder.distributions import BaseCounts, BaseMemory
from techfinder.edits import EditedPlan, Edits
from techfinder.encoding import CheckedEncoder, Encoded
from techfinder.errors import (
    CollectionNotFound,
    FingerprintMismatch,
    ProfileNotFound,
    QueryError,
    TechfinderError,
)
from techfinder.exporting import Export, format_of
from techfinder.exporting.batches import alike_batches, cut_off
from techfinder.facets import FacetMemory, facets
from techfinder.histograms import Spans
from techfinder.interfaces import Collection, FilterEntry, GaugeEntry
from techfinder.likeness import besides, check_likeness, likeness_share, run_likeness, wanted_vector
from techfinder.lookalikes import find_alike
from techfinder.models import (
    Answer,
    Explanation,
    Facet,
    Fact,
    Gauge,
    GenerationInfo,
    Hit,
    LiveState,
    Profile,
    Relaxation,
    SearchResult,
    Share,
)
from techfinder.opened import Opened
from techfinder.overviews import Comparison, Coverage, Standing
from techfinder.paging import Paged, Windows
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.planning import MAX_TEXT, Planner
from techfinder.plugins import Plugins
from techfinder.qdrant_calls import QdrantCall, call_of
from techfinder.relaxing import relaxations, values_instead
from techfinder.remembering import RememberedAnswers, asked
from techfinder.runs import latest_run, list_runs
from techfinder.schema import Schema
from techfinder.search import explain, holding, ranked_by, run_plan
from techfinder.settings import Settings
from techfinder.standing import standing
from techfinder.steady import steadily
from techfinder.understanding import Understanding
from techfinder.words import describe, facts

__all__ = ["Finder"]

_NO_EDITS = Edits()

_CALL_S = 30.0
_BATCH = 1000
"""People that an export looks up at once."""


class Finder(Opened):
    """Everything needed to search one collection.

    Attributes:
        filters: Every filter by name, in panel order.
        searched: Called after each search with the milliseconds that its parts took, for whoever counts them.
    """

    def __init__(self, settings: Settings, plugins: Plugins | None = None, schema: Schema | None = None) -> None:
        """Prepare. Reads the schema, unless it is given, and asks the plugins; opens neither store nor weights.

        Raises:
            SchemaError, SettingsError, PluginLoadError: Something selected cannot be used.
        """
        super().__init__(settings, plugins, schema)
        self.filters: Mapping[str, FilterEntry] = self.plugins.filters(self.schema)
        self._gauge_entries: Mapping[str, GaugeEntry] = self.plugins.gauges(self.schema)
        self.searched: Callable[[Mapping[str, float]], None] = lambda took_ms: None
        self._live_values = LiveValues()
        self._facet_memory = FacetMemory(Spans(), self._live_values)
        self._base_memory = BaseMemory()
        self._coverage = CoverageMemory()
        self._windows = Windows()
        self._answers = RememberedAnswers()
        self._understanding = Understanding(
            self.schema, lambda: self.plugins.lexicons(self.schema.whole).values(), self._live_values
        )
        self._planner = Planner(settings, self.schema, self.filters, self._readable_collection, self._live_values)

    # --- what there is --------------------------------------------------------------------

    def live_state(self) -> LiveState:
        """What answers now and how indexing goes, to tell an open page. Never raises; takes about a millisecond."""
        try:
            generation = self.generation()
        except TechfinderError:
            generation = None
        return LiveState(generation, latest_run(self.settings.home, self.settings.collection))

    # --- asking ---------------------------------------------------------------------------

    def plan(
        self,
        text: str = "",
        filters: Mapping[str, Sequence[str]] | None = None,
        *,
        edits: Edits = _NO_EDITS,
        limit: int | None = None,
        offset: int = 0,
        sort: Sequence[Sort] = (),
    ) -> QueryPlan:
        """The question, the filters' inputs, and what was changed in the reading of the question, as one plan.

        Where the schema does not list every value of a field, what is asked for is compared with the
        people who are live: another letter case is put right, and a value that no one has is told in
        a notice, with the nearest that somebody has.

        Raises:
            QueryError: The text is too long, a filter does not exist or does not understand its
                input, an edit does not fit, or a number is out of range.
            StoreUnavailable: Values had to be looked up, and the store did not answer.
        """
        return self.edited_plan(text, filters, edits=edits, limit=limit, offset=offset, sort=sort).plan

    def edited_plan(
        self,
        text: str = "",
        filters: Mapping[str, Sequence[str]] | None = None,
        *,
        edits: Edits = _NO_EDITS,
        limit: int | None = None,
        offset: int = 0,
        sort: Sequence[Sort] = (),
    ) -> EditedPlan:
        """What :meth:`plan` answers, with each clause of the sentence as it was read and as it is asked for."""

        def parse(stripped: str) -> QueryPlan:
            self._understanding.parser(self._readable_collection)  # not while a plugin's time runs
            return self.plugins.parse(stripped, self, edits.as_typed)

        return self._planner.plan(text, filters or {}, edits, parse, limit=limit, offset=offset, sort=sort)

    def understand(self, text: str, as_typed: Sequence[str] = ()) -> QueryPlan:
        """The sentence as the deterministic parser reads it, without plugins and filters.

        Words in `as_typed` are not put right.

        Raises:
            StoreUnavailable: Live values had to be looked up, and the store did not answer.
        """
        today = self.settings.today or datetime.now(UTC).date()
        return self._understanding.parser(self._readable_collection).parse(
            text, today, known=self._known, as_typed=as_typed
        )

    def _known(self, ids: Sequence[str]) -> frozenset[str]:
        """Which of the ids somebody has."""
        try:
            return frozenset(p.id for p in self._readable_collection().retrieve(ids))
        except (CollectionNotFound, FingerprintMismatch):
            return frozenset()  # whoever searches is told

    def search(self, plan: QueryPlan, *, wait_s: float = 0.0, paged: bool = False, near: int = 0) -> SearchResult:
        """The plan's answer, best first.

        While the encoder is loading this waits up to `wait_s` seconds (at most an hour) for it, unless
        half as many searches as ``settings.threads`` wait already; then the hits come in stored order
        and ``ranked_by`` is "warming". With `paged` every vector is compared, instead of those that a graph
        leads to, so that the pages of one question fit together. `near` is how many people to answer at least:
        where fewer fulfil everything, near misses make up for it.

        Raises:
            QueryError, CollectionNotFound, StoreUnavailable: See their names.
            EncoderError: A text is asked for and the encoder failed to load.
            FingerprintMismatch: The collection was made by another encoder or text template.
        """
        self._planner.refuse_hidden(plan)
        if plan.like:
            alike = run_likeness(plan, self.schema, self._readable_collection())
            self.searched(alike.took_ms)
            return alike

        def ask(live: Collection, encoder: CheckedEncoder | None) -> tuple[SearchResult, GenerationInfo]:
            collection = Paged(live, self._windows, cursors.digest(plan)) if paged else live
            result = run_plan(plan, self.schema, collection, encoder, near)
            return result, result.generation

        found = self._encoders.answer(self._readable_collection, encodes(plan), wait_s, ask)
        self.searched(found.took_ms)
        return found

    def search_all(self, plans: Sequence[QueryPlan], *, wait_s: float = 0.0, near: int = 0) -> list[SearchResult]:
        """The answers of many plans, all of one generation; their texts are encoded together.

        Arguments and errors are those of :meth:`search`.
        """
        for plan in plans:
            self._planner.refuse_hidden(plan)

        def ask(live: Collection, encoder: CheckedEncoder | None) -> tuple[list[SearchResult], GenerationInfo]:
            return steadily(live.info, lambda: run_plans(plans, self.schema, live, encoder, near))

        return self._encoders.answer(self._readable_collection, any(map(encodes, plans)), wait_s, ask) if plans else []

    def qdrant_call(self, plan: QueryPlan) -> QdrantCall:
        """The plan as a call of Qdrant's REST API, which returns the same people in the same order.

        Near misses are not among them. No encoder is needed.

        Raises:
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: As :meth:`search`.
        """
        self._planner.refuse_hidden(plan)
        live = self._readable_collection()
        if plan.like:
            check_likeness(plan)
        made = self._encoders.made(live.info())
        return call_of(
            plan,
            self.schema,
            live,
            name=self.settings.collection,
            model=made.info.name if made else self.settings.encoder,
            most_rows=self.settings.analyst_max_rows,
            wanted=wanted_vector(plan, live) if plan.like else None,
            page=lambda: [hit.profile.id for hit in self.search(plan, wait_s=_CALL_S).hits],
        )

    def encode(self, text: str, *, wait_s: float = 0.0) -> Encoded | None:
        """The vector that a text is searched with; None when the encoder is not ready after `wait_s` seconds.

        Raises:
            QueryError: There is no text, or it is too long.
            EncoderError: The encoder failed.
            CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        if not text.strip():
            raise QueryError("The text holds nothing besides blanks. Write what is meant.")
        if len(text) > MAX_TEXT:
            raise QueryError(f"The text has {len(text)} characters; at most {MAX_TEXT} are encoded. Shorten it.")

        def ask(live: Collection, encoder: CheckedEncoder | None) -> tuple[Encoded | None, GenerationInfo]:
            generation = live.info()
            if encoder is None:
                return None, generation
            return Encoded(encoder.encode_query(text), encoder.info.name, generation), generation

        return self._encoders.answer(self._readable_collection, True, wait_s, ask)

    def facets(
        self,
        plan: QueryPlan,
        filters: Mapping[str, Sequence[str]] | None = None,
        names: AnyCollection[str] | None = None,
        *,
        bars: bool = False,
    ) -> tuple[Facet, ...]:
        """Counts for the panel, each over the set filtered by everything but its own filter.

        Args:
            plan: The plan that is searched.
            filters: The inputs that :meth:`plan` got, to mark what is selected.
            names: Of the facets to count; None counts all.
            bars: Whether ranges and dates get a histogram.

        Raises:
            ProfileNotFound: Some of those whom the plan is to be like do not exist, or not like.
            FingerprintMismatch: The schema was changed since the collection was indexed.
        """
        self._planner.refuse_hidden(plan)
        collection = self._readable_collection()
        shown = [e for e in self.filters.values() if e.facet and (names is None or e.name in names)]
        return facets(plan, filters or {}, shown, self.schema, collection, self._facet_memory, bars)

    def answer(
        self,
        plan: QueryPlan,
        filters: Mapping[str, Sequence[str]] | None = None,
        *,
        names: AnyCollection[str] | None = None,
        wait_s: float = 0.0,
        paged: bool = False,
        near: int = 0,
        bars: bool = False,
    ) -> Answer:
        """Hits and facets together, from one generation even while another one goes live.

        What was asked before, of the same people, is answered from memory. Arguments and errors are those of
        :meth:`search` and :meth:`facets`.
        """
        started = time.perf_counter()
        question = asked(plan, filters, names, near, bars)
        known = None if paged else self._answers.of(question, self._readable_collection().info())
        if known is not None:
            took_ms = {"encode": 0.0, "store": 0.0, "total": (time.perf_counter() - started) * 1000}
            return replace(known, result=replace(known.result, took_ms=took_ms))
        while True:
            result = self.search(plan, wait_s=wait_s, paged=paged, near=near)
            counted = self.facets(plan, filters, names, bars=bars)
            if self.generation() == result.generation:
                answer = Answer(result, counted)
                if not paged:
                    self._answers.keep(question, answer)
                return answer

    def page(
        self, plan: QueryPlan, cursor: str, *, names: AnyCollection[str] | None = None, wait_s: float = 0.0
    ) -> tuple[Answer, str | None]:
        """One page of a question that is paged through, and the cursor of the next one (None after the last).

        The pages together hold every match once, in the order of one big page: vectors are compared exactly,
        and all pages come from one state of one generation.

        Args:
            plan: The same for each page; its limit is the size of the page.
            cursor: ``"*"`` for the first page, then what came back with the page before.
            names, wait_s: As in :meth:`answer`.

        Raises:
            CursorError: The cursor was altered, or is of another question.
            CursorExpired: The people have changed since the page before.
            QueryError, CollectionNotFound, StoreUnavailable, EncoderError, FingerprintMismatch: As in
                :meth:`search`.
        """
        if plan.like:
            raise QueryError("People who are ranked by likeness come without a cursor; use offset.")
        while True:
            live = self.generation()
            turned = cursors.resume(plan, cursor, live)
            answer = self.answer(turned, names=names, wait_s=wait_s, paged=True)
            if answer.result.generation == live:
                return answer, cursors.following(turned, answer.result)

    def export(self, plan: QueryPlan, kind: str, *, most: int | None = None, wait_s: float = 0.0) -> Export:
        """Everybody whom the plan finds, in its order, to be streamed as a file; `plan.limit` does not count.

        The first people are looked up at once. Whatever fails later breaks the stream off: all people come from one
        state of one generation.

        Args:
            plan: What is asked for. Of people who are ranked by likeness, only the first 10,000 are exported.
            kind: ``csv``, ``jsonl`` or ``ids``.
            most: How many people, at most; None for everybody.
            wait_s: As in :meth:`search`; ``Export.ranked_by`` is "warming" when the encoder was not ready.

        Raises:
            QueryError, CollectionNotFound, StoreUnavailable, EncoderError, FingerprintMismatch: As in
                :meth:`search`; the stream raises CursorExpired too, when the people change meanwhile.
        """
        made = format_of(kind)
        results = self._batches(plan, wait_s)
        first = next(results)
        return Export(plan, self.schema, made, first, cut_off(chain([first], results), most))

    def _batches(self, plan: QueryPlan, wait_s: float) -> Iterator[SearchResult]:
        """Everybody whom a plan finds, one result after the other."""
        asked = plan.model_copy(update={"limit": _BATCH, "offset": 0})
        if plan.like:
            yield from alike_batches(asked, self.search)
            return
        cursor: str | None = cursors.START
        while cursor is not None:
            answer, cursor = self.page(asked, cursor, names=(), wait_s=wait_s)
            yield answer.result

    def similar(self, like: Sequence[str], not_like: Sequence[str] = (), plan: QueryPlan | None = None) -> SearchResult:
        """People like those with the ids `like` and not like those with the ids `not_like`, best first.

        They themselves never come back. The encoder is not needed; see :mod:`techfinder.likeness`.

        Args:
            like: One to a hundred ids.
            not_like: At most a hundred ids.
            plan: Conditions to fulfil, and how many hits; None is everybody, 20 hits.

        Raises:
            ProfileNotFound: Some ids do not exist; they are named.
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        changes = {"like": tuple(like), "not_like": tuple(not_like)}
        return self.search((plan or QueryPlan()).model_copy(update=changes))

    def lookalikes(self, plan: QueryPlan, *, off: AnyCollection[str] = (), sensitive: bool = False) -> Lookalikes:
        """People who share what sets those in `plan.like` apart, and not those in `plan.not_like`, best first.

        They fulfil the plan's conditions; they themselves never come back. See :mod:`techfinder.lookalikes`.

        Args:
            plan: Whom to be like and not to be like, conditions, limit and offset.
            off: Names of attributes that do not rank.
            sensitive: Whether sensitive fields rank.

        Raises:
            ProfileNotFound: Some ids do not exist; they are named.
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        self._planner.refuse_hidden(plan)
        if sensitive and self.settings.sensitive_fields == "block":
            raise QueryError(
                "Sensitive fields do not rank here. Ask whoever runs techfinder (setting sensitive_fields)."
            )
        live = self._readable_collection()
        found, _ = steadily(
            live.info,
            lambda: find_alike(plan, self.schema, self._base(live), live, off=off, sensitive=sensitive),
        )
        return found

    def audience(self, plan: QueryPlan) -> Audience:
        """The people who fulfil the plan's required conditions, against everybody. See :mod:`techfinder.audience`.

        Raises:
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        self._planner.refuse_hidden(plan)
        live, shown = self._readable_collection(), self.settings.sensitive_fields != "block"
        found, _ = steadily(live.info, lambda: look_at(plan, self.schema, self._base(live), live, sensitive=shown))
        return found

    def _base(self, live: Collection) -> BaseCounts:
        """Counts over everybody."""
        return self._base_memory.of(self.filters.values(), self.schema, live, self._facet_memory.spans)

    def explain(self, plan: QueryPlan, profile_id: str, *, wait_s: float = 0.0) -> Explanation:
        """That profile as an answer to the plan, with what it fulfils and what it fails, whether it is found or not.

        Raises:
            ProfileNotFound: There is no such profile.
            QueryError, CollectionNotFound, StoreUnavailable, EncoderError, FingerprintMismatch: As in :meth:`search`.
        """
        self.schema.check(plan)
        self._planner.refuse_hidden(plan)

        def ask(live: Collection, encoder: CheckedEncoder | None) -> tuple[Explanation, GenerationInfo]:
            (profile, nearness), generation = steadily(live.info, lambda: self._one(plan, profile_id, live, encoder))
            hit = explain(self.schema, plan, profile, nearness)
            explanation = Explanation(
                hit=replace(hit, fails=(*hit.fails, *besides(plan, profile_id))),
                holds=holding(self.schema, plan, profile),
                ranked_by="likeness" if plan.like else ranked_by(plan, encoder is not None),
                generation=generation,
            )
            return explanation, generation

        return self._encoders.answer(self._readable_collection, encodes(plan), wait_s, ask)

    def _one(
        self, plan: QueryPlan, profile_id: str, live: Collection, encoder: CheckedEncoder | None
    ) -> tuple[Profile, Share | None]:
        """That profile, and how near it is to the plan's text."""
        found = live.retrieve([profile_id])
        if not found:
            raise ProfileNotFound([profile_id])
        if plan.like:
            stored, wanted = live.vectors([profile_id])[profile_id].astype(float), wanted_vector(plan, live)
            return found[0], likeness_share(plan, float(stored @ wanted / (np.linalg.norm(stored) or 1.0)))
        if encoder is None:
            return found[0], None
        stored = live.vectors([profile_id])[profile_id].astype(float)
        similarity = float(stored @ encoder.encode_query(plan.meaning).astype(float))
        return found[0], Share("meaning", "Meaning", encoder.info.closeness(similarity))

    def relaxations(self, plan: QueryPlan) -> tuple[Relaxation, ...]:
        """What the plan requires, each with how many people leaving it out would find; the most people first.

        Raises:
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        self._planner.refuse_hidden(plan)
        return relaxations(plan, self.schema, self._readable_collection())

    def values_instead(self, plan: QueryPlan, parts: Sequence[Sequence[Condition]]) -> tuple[dict[str, int], ...]:
        """What could be asked instead of each part of the plan: how many people each value would find.

        Args:
            plan: What is searched.
            parts: Required conditions, those of one part all on the same attribute, whose values are counted.

        Raises:
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        self._planner.refuse_hidden(plan)
        return values_instead(plan, parts, self.schema, self._readable_collection())

    def compare(self, ids: Sequence[str]) -> Comparison:
        """Two to ten people side by side: what they have in common, where they differ, how near they are.

        Raises:
            ProfileNotFound: Some ids do not exist; they are named.
            QueryError, CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        return compare(ids, self.schema, self._readable_collection())

    def standing(self, profile_id: str) -> Standing:
        """Where somebody stands among everybody, in each attribute whose values have an order.

        Raises:
            ProfileNotFound: There is no such profile.
            CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        return standing(profile_id, self.schema, self._readable_collection(), self._facet_memory.spans)

    def coverage(self) -> Coverage:
        """How full each attribute is over everybody, and where they came from.

        Raises:
            CollectionNotFound, StoreUnavailable, FingerprintMismatch: See their names.
        """
        counted = self._coverage.of(self.schema, self._readable_collection(), self._facet_memory.spans)
        live = counted.generation
        made = (
            r for r in list_runs(self.settings.home) if (r.collection, r.generation) == (live.collection, live.number)
        )
        return replace(counted, source=next((r.source for r in made), ""))

    def describe(self, clause: Condition | AnyOf) -> str:
        """What a clause asks for, in words."""
        return describe(self.schema, clause)

    def gauges(self, hit: Hit) -> tuple[Gauge, ...]:
        """The match gauge, then those that plugins offer and that have a value for this hit."""
        match = Gauge("match", "Match", hit.score, f"{hit.score:.0%}")
        made = (entry.measure(hit) for entry in self._gauge_entries.values())
        return (match, *(g for g in made if g is not None))

    def facts(self, profile: Profile, keys: Container[str] | None = None) -> tuple[Fact, ...]:
        """Every known value in words, in the schema's order; with `keys`, those of these attributes only."""
        return facts(self.schema, profile, keys)

    def profile(self, profile_id: str) -> Profile | None:
        """The profile of that id, or None."""
        found = self.collection().retrieve([profile_id])
        return found[0] if found else None
