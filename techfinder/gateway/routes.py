"""The list of what may be asked, each with its view; whatever else comes is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, current_app, g, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Rule

from techfinder.errors import TechfinderError
from techfinder.finder import Finder
from techfinder.gateway.authorising import note_call
from techfinder.gateway.bodies import Parts, point_name, read_json
from techfinder.gateway.fields import Fields
from techfinder.gateway.questions import Order, Retrieval, Search
from techfinder.gateway.reading import Gateway, Opened
from techfinder.gateway.refusals import Refused, refusal, wrong
from techfinder.gateway.shapes import aliases, collection, record, records, scored
from techfinder.guarding import NotAllowed, NotSignedIn, OtherSite
from techfinder.sensitivity import withheld

__all__ = ["OPERATIONS", "PREFIX", "VERSION", "gateway"]

PREFIX = "/qdrant"
VERSION = "1.17.0"
"""The version of Qdrant's API that is spoken here, whichever store answers."""

gateway = Blueprint("gateway", __name__, url_prefix=PREFIX)

Result = dict[str, Any] | list[Any]
View = Callable[..., Result]


# --- what there is --------------------------------------------------------------------------------


def root() -> Response:
    """Title and version, as clients look at them before anything else."""
    return _json({"title": "techfinder gateway - qdrant - vector search engine", "version": VERSION})


def list_collections() -> Result:
    """The live generation, under its own name."""
    return {"collections": [{"name": _gateway().names()[1]}]}


def describe_collection(name: str) -> Result:
    """Size, vectors and payload of a collection."""
    opened = _opened(name)
    return collection(opened.info, opened.fields, opened.fills())


def collection_exists(name: str) -> Result:
    """Whether there is a collection of that name."""
    return {"exists": name in _gateway().names()}


def list_aliases() -> Result:
    """The alias of the live generation."""
    return aliases(*_gateway().names())


def collection_aliases(name: str) -> Result:
    """The alias of the live generation, asked by either of its names."""
    _opened(name)
    return aliases(*_gateway().names())


# --- points ---------------------------------------------------------------------------------------


def query(name: str) -> Result:
    """Points by similarity, by a number, or by id."""
    opened = _opened(name)
    return _found(opened, [opened.questions().query(_body())])[0]


def query_batch(name: str) -> Result:
    """Several queries, all answered by one generation."""
    opened = _opened(name)
    return _found(opened, opened.questions().batch(_body()))


def search(name: str) -> Result:
    """Points by similarity, in the older form."""
    opened = _opened(name)
    found = _found(opened, [opened.questions().search(_body())])[0]
    return cast("Result", found["points"])


def scroll(name: str) -> Result:
    """Points page by page."""
    opened = _opened(name)
    asked = opened.questions().scroll(_body())
    found = opened.scroll(asked)
    points = records(found.points, opened.fields, asked.shown, asked.order)
    return {"points": points, "next_page_offset": found.following}


def count(name: str) -> Result:
    """How many points match."""
    opened = _opened(name)
    return {"count": opened.count(opened.questions().count(_body()))}


def facet(name: str) -> Result:
    """How many points have each value of a field."""
    opened = _opened(name)
    hits = opened.facet(opened.questions().facet(_body()))
    return {"hits": [{"value": value, "count": n} for value, n in hits]}


def retrieve(name: str) -> Result:
    """Points by their ids."""
    opened = _opened(name)
    asked = opened.questions().retrieval(_body())
    return records(opened.retrieve(asked).points, opened.fields, asked.shown)


def retrieve_one(name: str, point: str) -> Result:
    """One point by its id."""
    opened = _opened(name)
    try:
        wanted = int(point) if point.isascii() and point.isdigit() else point_name(point, "id")
    except Refused:
        raise wrong(f'Can not recognize "{point[:80]}" as point id') from None
    everything = opened.fields.shown(True, "with_payload", True)
    ids = (wanted,) if isinstance(wanted, str) else ()
    found = opened.retrieve(Retrieval(ids, everything, _gateway().limits.vectors)).points
    if not found:
        raise Refused(404, f"Not found: Point with id {wanted} does not exists!")
    return record(found[0], opened.fields, everything)


def _found(opened: Opened, searches: list[Search]) -> list[dict[str, Any]]:
    answers = opened.search(searches)
    return [{"points": _scored(opened, s, found.points)} for s, found in zip(searches, answers, strict=True)]


def _scored(opened: Opened, asked: Search, points: Any) -> list[dict[str, Any]]:
    order = asked.wanted if isinstance(asked.wanted, Order) else None
    return scored(points, opened.fields, asked.shown, asked.wanted is not None and order is None, order)


# --- the list -------------------------------------------------------------------------------------

OPERATIONS: tuple[tuple[str, str, Callable[..., Result | Response]], ...] = (
    ("GET", "/", root),
    ("GET", "/collections", list_collections),
    ("GET", "/collections/<name>", describe_collection),
    ("GET", "/collections/<name>/exists", collection_exists),
    ("GET", "/collections/<name>/aliases", collection_aliases),
    ("GET", "/aliases", list_aliases),
    ("GET", "/collections/<name>/points/<point>", retrieve_one),
    ("POST", "/collections/<name>/points", retrieve),
    ("POST", "/collections/<name>/points/query", query),
    ("POST", "/collections/<name>/points/query/batch", query_batch),
    ("POST", "/collections/<name>/points/search", search),
    ("POST", "/collections/<name>/points/scroll", scroll),
    ("POST", "/collections/<name>/points/count", count),
    ("POST", "/collections/<name>/facet", facet),
)
"""Method, path and view of everything that may be asked. A test holds it against the whole API of Qdrant."""


def refused(rest: str = "") -> Result:
    """Everything that is not in the list."""
    raise Refused(403, f"Forbidden: {request.method} /{rest[:80]} is not among the operations that may be asked here")


def _answering(view: Callable[..., Result | Response]) -> Callable[..., Response]:
    def answer(**path: str) -> Response:
        g.started = time.perf_counter()
        note_call(request)
        with _gateway().place():
            result = view(**path)
        if isinstance(result, Response):
            return result
        return _json({"result": result, "status": "ok", "time": _seconds()})

    answer.__doc__ = view.__doc__
    return answer


class _Anything(BaseConverter):
    """The rest of a path, whatever it holds: slashes at its beginning too."""

    regex = ".*?"
    part_isolating = False


def _register() -> None:
    for method, rule, view in OPERATIONS:
        answer = _answering(view)
        for spelt in ("", "/") if rule == "/" else (rule,):
            gateway.add_url_rule(spelt, view.__name__, answer, methods=[method], provide_automatic_options=False)


_register()


@gateway.record
def _refuse_the_rest(state: BlueprintSetupState) -> None:
    endpoint = f"{gateway.name}.{refused.__name__}"
    state.app.url_map.converters["anything"] = _Anything
    for rule in ("", "/<anything:rest>"):
        # By way of Flask a rule would be for methods that are listed; this one is for every method there may be.
        state.app.url_map.add(Rule(f"{PREFIX}{rule}", endpoint=endpoint))
    state.app.view_functions[endpoint] = _answering(refused)


@gateway.errorhandler(Refused)
def not_answered(error: Refused) -> Response:
    """In Qdrant's form."""
    answer = _json({"status": {"error": str(error)}, "time": _seconds()}, error.status)
    if error.status in (429, 503):
        answer.headers["Retry-After"] = "1"
    return answer


@gateway.errorhandler(TechfinderError)
def failed(error: TechfinderError) -> Response:
    """Expected errors; the rest of what they say is for the log."""
    told = refusal(error)
    if told.status >= 500:
        current_app.logger.warning("gateway: %s: %s", type(error).__name__, error)
    return not_answered(told)


@gateway.errorhandler(NotSignedIn)
@gateway.errorhandler(NotAllowed)
@gateway.errorhandler(OtherSite)
@gateway.errorhandler(HTTPException)
def unreadable(error: HTTPException) -> Response:
    """What Flask refuses: bodies and addresses that are too long."""
    return not_answered(Refused(error.code or 500, f"{error.name}: {error.description}"))


# --- parts ----------------------------------------------------------------------------------------


def _gateway() -> Gateway:
    return cast("Gateway", current_app.extensions["techfinder.gateway"])


def _opened(name: str) -> Opened:
    finder = cast("Finder", current_app.extensions["techfinder"])  # as who asks may see it
    fields = Fields.of(finder.schema, withheld(finder.schema, finder.settings))
    return _gateway().opened(name, fields, _timeout())


def _timeout() -> float:
    """The time for this request: the setting's, or less where it says so. Raises Refused."""
    for key in request.args:
        if key != "timeout":
            raise Refused(400, f"Bad request: parameter {key[:80]!r} is not supported here")
    given, most = request.args.get("timeout"), _gateway().limits.timeout_s
    if given is None:
        return most
    if not (given.isascii() and given.isdigit() and int(given[:9]) > 0 and len(given) < 10):
        raise Refused(400, "Bad request: timeout must be a whole number of seconds, at least 1")
    return min(float(given), most)


def _body() -> Parts:
    if request.mimetype != "application/json":
        raise Refused(415, "Bad request: the content type must be application/json")
    return read_json(request.get_data())


def _seconds() -> float:
    started: float = g.get("started", time.perf_counter())
    return round(time.perf_counter() - started, 6)


def _json(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False), status, mimetype="application/json")
