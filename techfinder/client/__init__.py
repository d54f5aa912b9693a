"""A client for the API of a techfinder that runs elsewhere: typed questions, answers and errors.

It needs httpx and pydantic, and loads neither web server nor store nor encoder::

    with Client("http://127.0.0.1:8000") as client:
        plan = client.plan("gaming", {"age": "30..45"})
        for hit in client.hits(plan):
            print(hit.id, hit.score)

Errors are made from the ``type`` of the problem that comes back: see :mod:`techfinder.client.errors`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from techfinder.client.errors import (
    ApiError,
    BadRequest,
    ChangedMeanwhile,
    NotAllowed,
    NotFound,
    NothingIndexed,
    OtherBuild,
    Unavailable,
    error_of,
)
from techfinder.errors import cut
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.wire.analyses import AudienceAnswer, LookalikeAnswer
from techfinder.wire.answers import (
    CollectionsAnswer,
    CompareAnswer,
    EncodeAnswer,
    ExplainAnswer,
    FacetsAnswer,
    HitAnswer,
    PluginsAnswer,
    ProfileAnswer,
    RunAnswer,
    RunsAnswer,
    SearchAnswer,
    SearchPage,
    SimilarAnswer,
)
from techfinder.wire.overviews import CoverageAnswer, StandingAnswer
from techfinder.wire.schemas import SchemaAnswer

__all__ = [
    "ApiError",
    "BadRequest",
    "ChangedMeanwhile",
    "Client",
    "NotAllowed",
    "NotFound",
    "NothingIndexed",
    "OtherBuild",
    "Unavailable",
]

Filters = Mapping[str, str | Sequence[str]]
Facets = str | Sequence[str]
_Model = TypeVar("_Model", bound=BaseModel)


class Client:
    """Asks the API at one address. Safe to use from many threads; close it, or use it in a ``with`` block.

    Every method raises ApiError, or the kind of it that fits.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            url: Where techfinder is, as ``"http://127.0.0.1:8000"``.
            token: Sent as a bearer token.
            timeout_s: Longest wait for one answer.
            transport: How to get there, where httpx's own way does not do (a certificate, a test).
        """
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    # --- searching ---------------------------------------------------------------------------

    def search(
        self,
        text: str = "",
        filters: Filters | None = None,
        *,
        limit: int | None = None,
        offset: int = 0,
        sort: Sequence[str] = (),
        facets: Facets = "none",
        near: int = 0,
    ) -> SearchAnswer:
        """The people that a sentence and filters find, best first; `filters` are inputs by name.

        Without `limit` as many come as the sentence says, else 20. Where fewer than `near` fulfil everything, near
        misses make up for it.
        """
        own = {"q": text, "offset": offset, "sort": list(sort), "facets": _joined(facets), "near": near}
        own |= {} if limit is None else {"limit": limit}
        return self._get(SearchAnswer, "v1/search", {**_texts(filters), **own})

    def plan(self, text: str = "", filters: Filters | None = None) -> QueryPlan:
        """The question as techfinder understands it: to look at, to change, to page through."""
        return self._get(FacetsAnswer, "v1/facets", {**_texts(filters), "q": text, "facets": "none"}).plan

    def search_plan(
        self, plan: QueryPlan, *, facets: Facets = "none", cursor: str | None = None, near: int = 0
    ) -> SearchPage:
        """The people that a plan finds; with the cursor ``"*"`` the first page of all, without near misses."""
        asked = {**_plain(plan), "facets": _listed(facets), "cursor": cursor, "near": near}
        return self._post(SearchPage, "v1/search", asked)

    def pages(self, plan: QueryPlan, *, size: int = 1000, facets: Facets = "none") -> Iterator[SearchPage]:
        """Everybody that a plan finds, `size` people a page, all from one state of the people.

        Raises ChangedMeanwhile when they change before the last page.
        """
        asked, cursor = plan.model_copy(update={"limit": size}), "*"
        while True:
            page = self.search_plan(asked, facets=facets, cursor=cursor)
            yield page
            if page.next is None:
                return
            cursor = page.next

    def hits(self, plan: QueryPlan, *, size: int = 1000) -> Iterator[HitAnswer]:
        """Everybody that a plan finds, one by one; raises as :meth:`pages`."""
        for page in self.pages(plan, size=size):
            yield from page.hits

    def facets(self, plan: QueryPlan, names: Facets = "all") -> FacetsAnswer:
        """The counts of a plan, without hits."""
        return self._post(FacetsAnswer, "v1/facets", {**_plain(plan), "facets": _listed(names)})

    def explain(self, profile_id: str, plan: QueryPlan) -> ExplainAnswer:
        """Why somebody is found by a plan, or is not. Raises NotFound."""
        return self._post(ExplainAnswer, "v1/explain", {**_plain(plan), "id": profile_id})

    # --- people ------------------------------------------------------------------------------

    def similar(
        self,
        like: Sequence[str],
        not_like: Sequence[str] = (),
        *,
        filters: Filters | None = None,
        conditions: Sequence[Condition | AnyOf] = (),
        limit: int = 20,
    ) -> SimilarAnswer:
        """People like those with the ids `like`, and not like those with the ids `not_like`."""
        asked = {
            "like": list(like),
            "not_like": list(not_like),
            "filters": _texts(filters),
            "conditions": [c.model_dump(mode="json") for c in conditions],
            "limit": limit,
        }
        return self._post(SimilarAnswer, "v1/similar", asked)

    def lookalike(
        self,
        like: Sequence[str],
        not_like: Sequence[str] = (),
        *,
        text: str = "",
        filters: Filters | None = None,
        off: Sequence[str] = (),
        sensitive: bool = False,
        limit: int = 20,
        offset: int = 0,
    ) -> LookalikeAnswer:
        """People who share what sets those with the ids `like` apart, and what that is.

        Attributes named in `off` do not rank, sensitive fields only when they are let.
        """
        asked: dict[str, Any] = {"like": list(like), "not_like": list(not_like), "text": text}
        asked |= {
            "filters": _texts(filters),
            "off": list(off),
            "sensitive": sensitive,
            "limit": limit,
            "offset": offset,
        }
        return self._post(LookalikeAnswer, "v1/lookalike", asked)

    def encode(self, text: str) -> EncodeAnswer:
        """A sentence as the vector that it is searched with, for Qdrant's REST API at ``/qdrant``."""
        return self._post(EncodeAnswer, "v1/encode", {"text": text})

    def audience(self, plan: QueryPlan) -> AudienceAnswer:
        """The people whom a plan finds, against everybody."""
        return self._post(AudienceAnswer, "v1/audience", _plain(plan))

    def compare(self, ids: Sequence[str]) -> CompareAnswer:
        """Two to ten people side by side."""
        return self._post(CompareAnswer, "v1/compare", {"ids": list(ids)})

    def profile(self, profile_id: str) -> ProfileAnswer:
        """One person. Raises NotFound."""
        return self._get(ProfileAnswer, f"v1/profiles/{quote(profile_id, safe='')}")

    def standing(self, profile_id: str) -> StandingAnswer:
        """Where one person stands among everybody. Raises NotFound."""
        return self._get(StandingAnswer, f"v1/standing/{quote(profile_id, safe='')}")

    # --- what there is -----------------------------------------------------------------------

    def schema(self) -> SchemaAnswer:
        """What a profile is: fields, values, and filters with inputs to try."""
        return self._get(SchemaAnswer, "v1/schema")

    def coverage(self) -> CoverageAnswer:
        """How full each attribute is over everybody, and how old the data is."""
        return self._get(CoverageAnswer, "v1/coverage")

    def plugins(self) -> PluginsAnswer:
        """The plugins that were found."""
        return self._get(PluginsAnswer, "v1/plugins")

    def collections(self) -> CollectionsAnswer:
        """The collections, with the generations that are kept."""
        return self._get(CollectionsAnswer, "v1/collections")

    def runs(self) -> RunsAnswer:
        """The last index runs, the newest first."""
        return self._get(RunsAnswer, "v1/runs")

    def run(self, run: str) -> RunAnswer:
        """Where one index run stands. Raises NotFound."""
        return self._get(RunAnswer, f"v1/runs/{quote(run, safe='')}")

    def wait_for_run(self, run: str, *, timeout_s: float = 3600.0, every_s: float = 0.5) -> RunAnswer:
        """The run once it is over, whatever its ``state`` is then; asks every `every_s` seconds.

        Raises TimeoutError when it still goes on after `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while (found := self.run(run)).state == "running":
            if time.monotonic() + every_s > deadline:
                raise TimeoutError(f"Index run {cut(run)} still goes on after {timeout_s:g} s ({found.phase}).")
            time.sleep(every_s)
        return found

    # --- asking ------------------------------------------------------------------------------

    def _get(self, model: type[_Model], path: str, parameters: Mapping[str, Any] | None = None) -> _Model:
        return self._ask(model, self._http.build_request("GET", f"/api/{path}", params=parameters))

    def _post(self, model: type[_Model], path: str, body: Mapping[str, Any]) -> _Model:
        return self._ask(model, self._http.build_request("POST", f"/api/{path}", json=body))

    def _ask(self, model: type[_Model], request: httpx.Request) -> _Model:
        try:
            answer = self._http.send(request)
        except httpx.TransportError as error:
            raise Unavailable(f"No answer from {request.url.copy_with(query=None)}: {error or repr(error)}.") from error
        if not answer.is_success:
            raise error_of(answer)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise ApiError(
                f"{request.url.copy_with(query=None)} answered what is no {model.__name__}: {cut(answer.text)}. "
                "Is it techfinder, and of this version?"
            ) from error


def _plain(plan: QueryPlan) -> dict[str, Any]:
    return plan.model_dump(mode="json")


def _texts(filters: Filters | None) -> dict[str, list[str]]:
    return {name: [texts] if isinstance(texts, str) else list(texts) for name, texts in (filters or {}).items()}


def _listed(facets: Facets) -> str | list[str]:
    return facets if isinstance(facets, str) else list(facets)


def _joined(facets: Facets) -> str:
    """For an address, where an empty list cannot be written."""
    return facets if isinstance(facets, str) else ",".join(facets) or "none"
