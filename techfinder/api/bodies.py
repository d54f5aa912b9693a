"""Bodies of requests: read strictly, and every fault in them pointed to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast, get_type_hints

from flask import Response, g, request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from werkzeug.exceptions import UnsupportedMediaType

from techfinder.errors import cut
from techfinder.findings import expectation, true_findings
from techfinder.wire.problems import Fault

__all__ = ["MOST_FAULTS", "BadBody", "question", "reading_body", "summary", "take_as_it_comes"]

MOST_FAULTS = 50
"""How many are pointed to."""

_LONGEST_KEY = 80

View = TypeVar("View", bound=Callable[..., Response])


class BadBody(Exception):
    """The body cannot be used.

    Attributes:
        kind: Name of the kind of problem.
        faults: What is wrong, each with its place.
    """

    def __init__(self, kind: str, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.kind, self.faults = kind, faults


def question() -> BaseModel | None:
    """What the body of this request says, once it was read."""
    return cast("BaseModel | None", g.get("question"))


def reading_body(view: View) -> View:
    """The view, called with ``body`` read from the request into the model that it is annotated with.

    What flask-openapi would do by itself is laxer: it takes "5" for 5, and JSON within a JSON text.
    """
    model: type[BaseModel] = get_type_hints(view)["body"]

    @wraps(view)
    def read_and_view(**path: str) -> Response:
        g.question = _read(model)
        return view(body=g.question, **path)

    take_as_it_comes(read_and_view)
    return read_and_view  # type: ignore[return-value]


def take_as_it_comes(view: Callable[..., Response]) -> None:
    """Tell flask-openapi to hand the view what Flask does, and to read nothing by itself."""
    view.__delay_validate_request__ = True  # type: ignore[attr-defined]


def _read(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != "application/json":
        got = cut(request.mimetype) if request.mimetype else "none"
        raise UnsupportedMediaType(f"The body must have content type application/json, this one has {got}.")
    body = request.get_data(cache=False)
    try:
        found = model.model_validate_json(body, strict=True)
    except ValidationError as error:
        findings = true_findings(error)
        if findings[0]["type"] == "json_invalid":
            raise BadBody("bad-json", f"The body is no JSON: {findings[0]['ctx']['error']}.") from error
        sent = from_json(body)
        faults = tuple(_fault(f, sent) for f in findings[:MOST_FAULTS])
        raise BadBody("invalid-request", summary(faults, len(findings)), faults) from error
    json.loads(body, object_pairs_hook=_each_once)
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises BadBody when a key is given twice: pydantic takes the last one of them."""
    found = dict(pairs)
    if len(found) < len(pairs):
        name = Counter(key for key, _ in pairs).most_common(1)[0][0]
        fault = Fault(detail=f"an object gives its key {cut(name)} twice. Give it once")
        raise BadBody("invalid-request", summary([fault], 1), (fault,))
    return found


def summary(faults: Sequence[Fault], count: int) -> str:
    """All faults in one sentence: the first one, and how many there are beside it."""
    more = f" And {count - 1} more." if count > 1 else ""
    return f"{faults[0].pointer}: {faults[0].detail}{more}"


def _fault(finding: Any, body: Any) -> Fault:
    """One finding of pydantic's in words, with a pointer into the body as it was sent."""
    place, here = "#", body
    for part in finding["loc"]:
        if part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int):
            here = here[part]
        elif not (finding["type"] == "missing" and part == finding["loc"][-1]):
            continue  # the name of a variant, which the body does not have
        place += "/" + _shortened(str(part)).replace("~", "~0").replace("/", "~1")
    match finding["type"]:
        case "missing":
            return Fault(pointer=place, detail="is missing")
        case "extra_forbidden":
            return Fault(pointer=place, detail="there is no such key")
        case "value_error":
            return Fault(pointer=place, detail=expectation(finding))
    return Fault(pointer=place, detail=f"{expectation(finding, 'an object')}, got {cut(here)}")


def _shortened(key: str) -> str:
    """The key, cut where no key of ours is as long: a pointer to it is told up to fifty times."""
    return key if len(key) <= _LONGEST_KEY else f"{key[: _LONGEST_KEY - 1]}…"
