"""What there is: the schema with its filters, plugins, collections, index runs, kinds of problems."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response

from techfinder.api.answers import coverage_answer
from techfinder.api.describe import answer_with, get, parameter
from techfinder.api.failures import problem
from techfinder.api.schema_answers import schema_answer
from techfinder.api.serving import finder_of
from techfinder.errors import cut, known_names
from techfinder.models import GenerationInfo
from techfinder.runs import RunProgress, list_runs
from techfinder.wire.answers import (
    CollectionAnswer,
    CollectionsAnswer,
    GenerationAnswer,
    PluginAnswer,
    PluginsAnswer,
    RunAnswer,
    RunsAnswer,
)
from techfinder.wire.overviews import CoverageAnswer
from techfinder.wire.problems import KINDS, KindAnswer, uri
from techfinder.wire.schemas import SchemaAnswer

__all__: list[str] = []

_STORE = ("store-unavailable", "store-damaged", "failed")
_LIVE = ("nothing-indexed", "other-build", *_STORE)


@get("/v1/schema", SchemaAnswer, tag="what there is")
def schema() -> Response:
    """Describe what a profile is, and how to ask for it.

    Fields with their kinds, units, values and synonyms; the attributes that conditions and orders name; and the
    filters, each with inputs that it understands.
    """
    finder = finder_of()
    return answer_with(schema_answer(finder.schema, finder.filters.values()))


@get("/v1/coverage", CoverageAnswer, *_LIVE, tag="what there is")
def coverage() -> Response:
    """Tell how full each attribute is over everybody, and how old the data is.

    How many people have a value, how many different values there are, the smallest and the largest. Counts are exact.
    """
    return answer_with(coverage_answer(finder_of().coverage()))


@get("/v1/plugins", PluginsAnswer, tag="what there is")
def plugins() -> Response:
    """List the plugins that were found, failed and disabled ones too."""
    found = tuple(
        PluginAnswer(
            name=p.name,
            distribution=p.distribution,
            version=p.version,
            hooks=p.hooks,
            entries=dict(p.entries),
            failed=bool(p.failure),
            disabled=p.disabled,
        )
        for p in finder_of().plugins.describe()
    )
    return answer_with(PluginsAnswer(plugins=found))


@get("/v1/collections", CollectionsAnswer, *_STORE, tag="what there is")
def collections() -> Response:
    """List the collections, with the generations that are kept of each."""
    finder = finder_of()
    live = {g.collection: g.number for g in finder.store.collections()}
    damaged = finder.store.damaged()
    found = tuple(
        CollectionAnswer(
            name=name,
            searched=name == finder.settings.collection,
            damaged=name in damaged,
            generations=tuple(_generation(g, live.get(name)) for g in finder.store.generations(name)),
        )
        for name in sorted({*live, *damaged})
    )
    return answer_with(CollectionsAnswer(collections=found))


def _generation(found: GenerationInfo, live: int | None) -> GenerationAnswer:
    facts = {name: value for name, value in asdict(found).items() if name != "collection"}
    return GenerationAnswer(**facts, live=found.number == live)


@get("/v1/runs", RunsAnswer, tag="what there is")
def runs() -> Response:
    """List the last index runs, the newest first, with their progress."""
    return answer_with(RunsAnswer(runs=tuple(_run(r) for r in list_runs(finder_of().settings.home))))


@get(
    "/v1/runs/<run>",
    RunAnswer,
    "no-such-run",
    tag="what there is",
    parameters=[parameter("run", {"type": "string", "minLength": 1}, "The run's id.", "path")],
)
def run(run: str) -> Response:
    """Show the progress of one index run."""
    found = list_runs(finder_of().settings.home)
    chosen = next((r for r in found if r.run == run), None)
    if chosen is None:
        return problem("no-such-run", f"There is no index run {cut(run)}. {known_names(run, (r.run for r in found))}")
    return answer_with(_run(chosen))


def _run(progress: RunProgress) -> RunAnswer:
    return RunAnswer(**{name: value for name, value in asdict(progress).items() if name in RunAnswer.model_fields})


@get(
    "/problems/<kind>",
    KindAnswer,
    "no-such-kind",
    tag="what there is",
    parameters=[parameter("kind", {"type": "string", "minLength": 1}, "The last part of a problem's `type`.", "path")],
)
def problem_kind(kind: str) -> Response:
    """Tell what a kind of problem means, and what to do."""
    found = KINDS.get(kind)
    if found is None:
        return problem("no-such-kind", f"No kind of problem is called {cut(kind)}. {known_names(kind, KINDS)}")
    return answer_with(KindAnswer(type=uri(kind), title=found.title, status=found.status, meaning=found.meaning))
