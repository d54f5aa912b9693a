"""Fields that only some roles see: no route tells of them, and whoever asks by them is refused.

Every route is asked as an admin too, whose answers must hold what a viewer's must not: else a test could not fail.
"""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from flask import Blueprint, Flask, Response, stream_with_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import homes
from access_homes import HERE, PASSWORD, with_password
from random_clauses import random_clauses, random_sort
from techfinder import hookimpl, needs
from techfinder.access.access import Access
from techfinder.access.permissions import ROLES, hidden_fields
from techfinder.app import create_app
from techfinder.errors import FieldWithheld, FingerprintMismatch, SettingsError
from techfinder.finder import Finder
from techfinder.interfaces import FacetRequest, ValueWeights
from techfinder.masks import RoleFinders
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.plugins import Plugins
from techfinder.schema import load_schema
from techfinder.service import Asked, Service
from techfinder.settings import load_settings
from techfinder.store.points import point_id
from techfinder.testing.fakes import FakePlugin, HashEncoder, ListSource

QUESTIONS = Path(__file__).parents[2] / "data" / "questions"
MATRIX = Path(__file__).with_name("access_matrix.txt")
OURS = {"Sec-Fetch-Site": "same-origin"}
ROLES_OF = {"annual_income": "editor", "location": "editor", "gender": "analyst"}
"""Viewer: none of the three. Analyst: gender alone. Editor and admin: all."""

TOLD = re.compile(r"91,?7[0-3]\d\d|annual.income|zork|location(_|\b(?!s))|\bMA\b", re.IGNORECASE)
"""Keys, labels and values of income and location, as the people below have them."""

GENDER = re.compile(r"gender|xenial", re.IGNORECASE)
PEOPLE = 30
ENCODER = HashEncoder()


def rows() -> list[Mapping[str, object]]:
    """People whose masked values occur nowhere else, and four who differ in nothing else."""
    twin: dict[str, object] = {"age": 70, "job_sector": "Retail", "tech_interest": "Low", "interests": "Cooking"}
    places = ("Zorkville, MA", "Zorkburg, MA", "Zorkstan, MA", "Zorkholm, MA")
    twins = [
        {"user_id": f"T{n}", **twin, "gender": ("Xenial", "Male")[n % 2], "location": p, "annual_income": 91_730 + n}
        for n, p in enumerate(places)
    ]
    return twins + [
        {
            "user_id": f"P{n:02}",
            "age": 20 + n,
            "gender": "Xenial" if n % 2 else "Female",
            "location": f"Zork{'ville' if n % 3 else 'burg'}, MA",
            "annual_income": 91_700 + n,
            "job_sector": ("Healthcare", "Technology", "Education")[n % 3],
            "tech_interest": ("Low", "High", "Very High")[n % 3],
            "interests": "Gaming, Music" if n % 2 else "Cooking",
        }
        for n in range(PEOPLE)
    ]


class Stranger:
    """A plugin that keeps the Finder it is given, as all do."""

    @hookimpl
    def register_blueprints(self, finder: Finder) -> list[Blueprint]:
        blueprint = Blueprint("stranger", "stranger")

        @blueprint.get("/stranger/<how>")
        @needs("view")
        def everything(how: str) -> Response | dict[str, Any]:
            if how == "bare":
                return Response(json.dumps(dict(found.values)) for found in finder.collection().retrieve(["P01"]))
            if how == "late":
                return Response(_late(finder))
            if how == "streamed":
                return Response(stream_with_context(_late(finder)))
            return {"fields": list(finder.schema.attributes), "one": dict(cast("Any", finder.profile("P01")).values)}

        return [blueprint]


def _late(finder: Finder) -> Iterator[str]:
    """Looked up while the answer is sent: after the request, for whoever does not keep it."""
    yield json.dumps(dict(cast("Any", finder.profile("P01")).values))


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    chosen: dict[str, Any] = {"sign_in": "on", "field_roles": ROLES_OF, "nice": 0}
    settings = load_settings(home=tmp_path_factory.mktemp("masked"), encoder=ENCODER.info.name, **chosen)
    extra = [("stranger", Stranger()), ("test_encoder", FakePlugin(encoders=[ENCODER.entry()]))]
    finder = Finder(settings, Plugins.load(settings, extra=extra))
    access = Access(settings)
    for role in ROLES:
        with_password(access, role, role)
    access.close()
    homes.index(finder, ListSource(rows()))
    finder.load_encoder()
    yield finder
    finder.close()


@pytest.fixture(scope="module")
def app(finder: Finder) -> Iterator[Flask]:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    yield app
    app.extensions["techfinder.access"].close()


@pytest.fixture(scope="module")
def clients(app: Flask) -> dict[str, FlaskClient]:
    """A browser for each role, signed in, and ``nobody``."""
    access: Access = app.extensions["techfinder.access"]
    made = {"nobody": app.test_client()}
    for role in ROLES:
        made[role] = app.test_client()
        made[role].set_cookie("techfinder", access.signing_in.by_password(role, PASSWORD, HERE).session)
    return made


@pytest.fixture(scope="module")
def seen(finder: Finder) -> Finder:
    """The Finder as a viewer sees it."""
    return RoleFinders(finder).of("viewer")


def asked(client: FlaskClient, method: str, address: str, body: Any = None, **headers: str) -> TestResponse:
    return client.open(address, method=method, json=body, headers={**OURS, **headers}, buffered=True)


def text_of(answer: TestResponse) -> str:
    """All that an answer tells, unpacked, without the names of what was asked."""
    told = answer.get_data()
    if answer.mimetype == "application/zip":
        with zipfile.ZipFile(BytesIO(told)) as packed:
            told = b"".join(packed.read(name) for name in packed.namelist())
    return told.decode()


# --- what comes back -------------------------------------------------------------------------------------------------

VIEWED = "viewer"
ANALYSED = "analyst"
POINT = str(point_id("P01"))
WHERE = "/qdrant/collections/people"
PLAN = {"text": "gaming", "meaning": "gaming", "conditions": [{"field": "age", "op": "range", "gte": 20}]}

READ: tuple[tuple[str, str, str, Any], ...] = (
    ("GET /", VIEWED, "/?q=gaming+in+healthcare", None),
    ("GET /", VIEWED, "/?q=gaming&sort=-age", None),
    ("GET /", VIEWED, "/?age=20..99&job_sector=Healthcare", None),
    ("GET /", VIEWED, "/?q=teachers+under+21+who+like+gaming+and+cooking+and+music", None),
    ("GET /schema", VIEWED, "/schema", None),
    ("GET /people/<path:profile_id>", VIEWED, "/people/P01", None),
    ("GET /compare", VIEWED, "/compare?ids=P01&ids=P02", None),
    ("GET /audience", VIEWED, "/audience?job_sector=Healthcare", None),
    ("GET /lookalike", VIEWED, "/lookalike?like=P01&like=P02", None),
    ("GET /export/<any(csv,jsonl,ids):kind>", ANALYSED, "/export/csv?q=gaming", None),
    ("GET /api/v1/schema", VIEWED, "/api/v1/schema", None),
    ("GET /api/v1/coverage", VIEWED, "/api/v1/coverage", None),
    ("GET /api/v1/search", VIEWED, "/api/v1/search?q=gaming&near=20", None),
    ("GET /api/v1/facets", VIEWED, "/api/v1/facets?q=gaming", None),
    ("GET /api/v1/audience", VIEWED, "/api/v1/audience?job_sector=Healthcare", None),
    ("GET /api/v1/explain/<path:profile_id>", VIEWED, "/api/v1/explain/P01?q=gaming+nurses", None),
    ("GET /api/v1/profiles/<path:profile_id>", VIEWED, "/api/v1/profiles/P01", None),
    ("GET /api/v1/standing/<path:profile_id>", VIEWED, "/api/v1/standing/P01", None),
    ("GET /api/v1/export/<kind>", ANALYSED, "/api/v1/export/csv", None),
    ("GET /api/v1/export/<kind>", ANALYSED, "/api/v1/export/jsonl.zip?q=gaming", None),
    ("POST /api/v1/search", VIEWED, "/api/v1/search", {**PLAN, "cursor": "*", "limit": 5}),
    ("POST /api/v1/search", VIEWED, "/api/v1/search", {**PLAN, "near": 20}),
    ("POST /api/v1/facets", VIEWED, "/api/v1/facets", PLAN),
    ("POST /api/v1/audience", VIEWED, "/api/v1/audience", PLAN),
    ("POST /api/v1/explain", VIEWED, "/api/v1/explain", {**PLAN, "id": "P01"}),
    ("POST /api/v1/similar", VIEWED, "/api/v1/similar", {"like": ["P01"]}),
    ("POST /api/v1/lookalike", VIEWED, "/api/v1/lookalike", {"like": ["P01", "P02"], "sensitive": True}),
    ("POST /api/v1/compare", VIEWED, "/api/v1/compare", {"ids": ["P01", "P02"]}),
    ("POST /api/v1/export/<kind>", ANALYSED, "/api/v1/export/csv", PLAN),
    ("GET /qdrant/collections/<name>", ANALYSED, WHERE, None),
    ("GET /qdrant/collections/<name>/points/<point>", ANALYSED, f"{WHERE}/points/{POINT}", None),
    ("POST /qdrant/collections/<name>/points", ANALYSED, f"{WHERE}/points", {"ids": [POINT], "with_payload": True}),
    ("POST /qdrant/collections/<name>/points/query", ANALYSED, f"{WHERE}/points/query", {"with_payload": True}),
    (
        "POST /qdrant/collections/<name>/points/query/batch",
        ANALYSED,
        f"{WHERE}/points/query/batch",
        {"searches": [{"query": POINT, "with_payload": {"exclude": []}}]},
    ),
    (
        "POST /qdrant/collections/<name>/points/search",
        ANALYSED,
        f"{WHERE}/points/search",
        {"vector": [1.0] * ENCODER.info.dim, "with_payload": True},
    ),
    ("POST /qdrant/collections/<name>/points/scroll", ANALYSED, f"{WHERE}/points/scroll", {}),
)
"""Route, least role, address, body: everything that tells of people or of the schema."""

TELLS_NOTHING = frozenset(
    {
        *(
            "GET /live",
            "GET /call",
            "GET /api/openapi.json",
            "GET /api/docs",
            "GET /api/v1/runs",
            "GET /api/v1/runs/<run>",
        ),
        *("POST /api/v1/encode", "GET /qdrant", "GET /qdrant/", "GET /qdrant/aliases", "GET /qdrant/collections"),
        *("GET /qdrant/collections/<name>/exists", "GET /qdrant/collections/<name>/aliases"),
        *("POST /qdrant/collections/<name>/points/count", "POST /qdrant/collections/<name>/facet"),
        *("ANY /qdrant", "ANY /qdrant/<anything:rest>", "POST /sign-out"),
    }
)
"""Routes for viewers and analysts that tell nothing of fields unless they are asked for them, which is refused."""


def test_every_route_is_looked_at_here() -> None:
    lines = [line.split(None, 2) for line in MATRIX.read_text().splitlines() if line.startswith(("viewer", "analyst"))]
    known = {f"{method} {address}" for _, method, address in lines if not address.startswith("/account/")}
    assert known == {route for route, *_ in READ} | TELLS_NOTHING


@pytest.mark.parametrize(("route", "least", "address", "body"), READ, ids=[f"{r[0]} {r[2]}"[:90] for r in READ])
def test_no_route_tells_of_a_masked_field(
    clients: dict[str, FlaskClient], route: str, least: str, address: str, body: Any
) -> None:
    method = route.split()[0]
    answers = {role: asked(clients[role], method, address, body) for role in (least, "admin")}
    assert {a.status_code for a in answers.values()} == {200}
    told = {role: text_of(answer) for role, answer in answers.items()}
    assert TOLD.findall(told["admin"]), "an admin's answer tells nothing, so nothing is tested"
    assert TOLD.findall(told[least]) == []
    if least == VIEWED:
        assert GENDER.findall(told[VIEWED]) == []
        assert TOLD.findall(text_of(asked(clients["analyst"], method, address, body))) == []
        assert TOLD.findall(text_of(asked(clients["editor"], method, address, body)))


@pytest.mark.parametrize("first", ["admin", "viewer"])
def test_the_document_has_the_filters_that_who_asks_may_see(finder: Finder, seen: Finder, first: str) -> None:
    app = create_app(finder=finder)
    access: Access = app.extensions["techfinder.access"]
    told: dict[str, set[str]] = {}
    for role in (first, "admin", "viewer"):
        client = app.test_client()
        client.set_cookie("techfinder", access.signing_in.by_password(role, PASSWORD, HERE).session)
        document = asked(client, "GET", "/api/openapi.json").get_json()
        told[role] = {p["name"] for p in document["paths"]["/api/v1/search"]["get"]["parameters"]} & set(finder.filters)
    access.close()
    assert told == {"admin": set(finder.filters), "viewer": set(seen.filters)}
    assert told["viewer"] < told["admin"]


@pytest.mark.parametrize("how", ["now", "bare", "late", "streamed"])
def test_a_plugin_is_given_what_who_asks_may_see(clients: dict[str, FlaskClient], how: str) -> None:
    assert TOLD.findall(text_of(asked(clients["viewer"], "GET", f"/stranger/{how}"))) == []
    for_admin = TOLD.findall(text_of(asked(clients["admin"], "GET", f"/stranger/{how}")))
    assert bool(for_admin) is (how != "late")  # after the request nobody is known: the least role's view


def test_pages_that_nobody_signs_in_for_tell_as_little_as_the_least_role_sees(clients: dict[str, FlaskClient]) -> None:
    for address in ("/schema.css", "/sign-in", "/healthz", "/api/problems/bad-plan"):
        assert TOLD.findall(text_of(asked(clients["nobody"], "GET", address))) == []
    assert asked(clients["nobody"], "GET", "/stranger/now").status_code == 401


def test_a_token_sees_what_its_owner_sees(app: Flask, clients: dict[str, FlaskClient]) -> None:
    access: Access = app.extensions["techfinder.access"]
    for owner, hidden in (("viewer", True), ("analyst", True), ("editor", False), ("admin", False)):
        _, token = access.tokens.make(owner, "test", ["view", "search"], 1, "test")
        bearer = {"Authorization": f"Bearer {token}"}
        answer = asked(clients["nobody"], "GET", "/api/v1/profiles/P01", None, **bearer)
        assert answer.status_code == 200
        assert (TOLD.findall(text_of(answer)) == []) is hidden, owner
        assert ("gender" in text_of(answer)) is (owner != "viewer")
        refused = asked(clients["nobody"], "GET", "/api/v1/search?annual_income=%3E1", None, **bearer)
        assert refused.status_code == (403 if hidden else 200)


def test_another_role_counts_at_the_next_request(app: Flask, clients: dict[str, FlaskClient]) -> None:
    access: Access = app.extensions["techfinder.access"]
    with_password(access, "mover", "admin")
    client = app.test_client()
    client.set_cookie("techfinder", access.signing_in.by_password("mover", PASSWORD, HERE).session)
    seen = []
    for role in ("admin", "viewer", "editor", "analyst"):
        access.people.set_role("mover", role, "test")
        seen.append(bool(TOLD.findall(text_of(asked(client, "GET", "/api/v1/search?q=gaming")))))
    assert seen == [True, False, True, False]


# --- asking by them --------------------------------------------------------------------------------------------------

BY = {"field": "annual_income", "op": "range", "gte": 91_710}
CITY = {"field": "location_city", "op": "any_of", "values": ["Zorkville"]}
REFUSED: tuple[tuple[str, str, Any], ...] = (
    *(
        ("GET", f"{path}{query}", None)
        for path in (
            "/api/v1/search",
            "/api/v1/facets",
            "/api/v1/explain/P01",
            "/api/v1/audience",
            "/api/v1/export/csv",
        )
        for query in (
            "?annual_income=%3E91710",
            "?annual_income=?",
            "?location_city=Zorkville",
            "?location_state=MA",
            "?q=people+earning+over+91710",
            "?q=ideally+earning+over+91710",
            "?q=not+from+Massachusetts",
            "?q=gamers+or+people+earning+over+91710",
            "?q=gaming&annual_income_bucket=4",
        )
    ),
    *(
        ("GET", f"/api/v1/search{query}", None)
        for query in (
            "?sort=annual_income",
            "?sort=age,-annual_income",
            "?q=richest+first",
            "?facets=annual_income",
            "?facets=age,location_city",
            "?q=income+over+91710&near=20",
        )
    ),
    *(
        ("POST", f"/api/v1/{path}", {"conditions": [by], **more})
        for by in (
            BY,
            CITY,
            {**BY, "required": False},
            {"conditions": [{"field": "age", "op": "present"}, BY]},
            {"field": "annual_income", "op": "missing"},
        )
        for path, more in (
            ("search", {"near": 20}),
            ("search", {"cursor": "*"}),
            ("facets", {}),
            ("explain", {"id": "P01"}),
            ("audience", {}),
            ("similar", {"like": ["P01"]}),
            ("lookalike", {"like": ["P01", "P02"]}),
            ("export/csv", {}),
        )
    ),
    ("POST", "/api/v1/search", {"sort": [{"field": "annual_income", "descending": True}]}),
    ("POST", "/api/v1/search", {"facets": ["annual_income"]}),
    ("POST", "/api/v1/lookalike", {"like": ["P01"], "filters": {"annual_income": [">91710"]}}),
    ("POST", "/api/v1/similar", {"like": ["P01"], "filters": {"location_city": ["Zorkville"]}}),
    ("POST", "/api/v1/lookalike", {"like": ["P01"], "text": "earning over 91710"}),
    *(
        ("POST", f"{WHERE}/{path}", body)
        for path, body in (
            ("points/count", {"filter": {"must": {"key": "annual_income", "range": {"gt": 91_710}}}}),
            ("points/query", {"filter": {"must_not": [{"is_empty": {"key": "location_city"}}]}}),
            ("points/query", {"query": {"order_by": "annual_income"}}),
            ("points/scroll", {"filter": {"should": [{"must": {"key": "location_city", "match": {"value": "x"}}}]}}),
            ("points/scroll", {"order_by": {"key": "annual_income", "start_from": 91_710}}),
            ("points/scroll", {"with_payload": ["annual_income"]}),
            ("points", {"ids": [POINT], "with_payload": {"exclude": ["annual_income"]}}),
            ("facet", {"key": "annual_income_bucket"}),
            ("facet", {"key": "location_city"}),
        )
    ),
)


@pytest.mark.parametrize(("method", "address", "body"), REFUSED, ids=[f"{a} {b or ''}"[:110] for _, a, b in REFUSED])
def test_nobody_asks_by_what_they_do_not_see(
    clients: dict[str, FlaskClient], method: str, address: str, body: Any
) -> None:
    for role in ("viewer", "analyst"):
        answer = asked(clients[role], method, address, body)
        assert answer.status_code == 403, (role, answer.text)
    assert "field_roles" in answer.text  # of the analyst, who may ask everywhere here
    assert asked(clients["admin"], method, address, body).status_code in (200, 400)  # floats are not counted


def test_a_refusal_tells_what_was_asked_and_nothing_more(clients: dict[str, FlaskClient]) -> None:
    answer = asked(clients["viewer"], "GET", "/api/v1/search?q=nurses+earning+over+91710").get_json()
    assert answer["type"] == "/api/problems/not-allowed"
    assert "Your role has no right to what" in answer["detail"]
    assert "Annual income" not in json.dumps(answer)
    near = asked(clients["viewer"], "GET", "/api/v1/search?annual_incom=%3E1").get_json()["detail"]
    assert "annual_income" not in near  # no other name is told for one that is misspelt
    unknown = asked(clients["viewer"], "POST", "/api/v1/search", {"sort": [{"field": "ag"}]})
    assert (unknown.status_code, TOLD.findall(unknown.text)) == (422, [])


@pytest.mark.parametrize(
    "address",
    [
        *("/?annual_income=%3E91710", "/?q=earning+over+91710", "/?q=nurses&sort=-annual_income"),
        *(
            "/audience?annual_income=%3E91710",
            "/lookalike?like=P01&annual_income=%3E91710",
            "/call?q=earning+over+91710",
        ),
    ],
)
def test_a_page_says_so_too(clients: dict[str, FlaskClient], address: str) -> None:
    for role in ("viewer", "analyst"):
        answer = asked(clients[role], "GET", address)
        assert "Your role has no right to what" in answer.text
        assert not re.search(r"P\d\d", answer.text.replace("P01", ""))
    assert "Your role has no right" not in asked(clients["admin"], "GET", address).text


def test_the_words_of_a_refused_question_do_not_rank_by_meaning(seen: Finder) -> None:
    with pytest.raises(FieldWithheld):
        seen.plan("people earning over 91710")
    assert seen.plan("people who like gaming").conditions


def test_no_reading_of_any_question_tells_of_a_masked_field(finder: Finder, seen: Finder) -> None:
    """Each fourth that comes with techfinder is refused, or read without the field, notices and suggestions too."""
    lines = [
        line for path in sorted(QUESTIONS.glob("*.jsonl")) for line in path.read_text().splitlines() if line.strip()
    ]
    words = {label.casefold() for f in finder.schema.fields if f.name in ROLES_OF for label in (f.label, f.name)}
    refused = 0
    for text in (json.loads(line)["text"] for line in lines[::4]):
        try:
            plan = seen.plan(text)
        except FieldWithheld:
            refused += 1
            continue
        told = [*plan.notices, *plan.conditions, *plan.sort]
        told_of = json.dumps([part.model_dump() for part in told]).casefold()
        assert not {w for w in words if w in told_of and w not in text.casefold()}, text
    assert refused > 30


def test_live_values_of_a_masked_field_change_no_reading(finder: Finder, seen: Finder) -> None:
    """Else a value that somebody has would be read otherwise than one that nobody has."""
    assert any(c.field.startswith("location") for c in finder.plan("gamers in Zorkville").conditions)  # type: ignore[union-attr]
    there, elsewhere = seen.plan("gamers in Zorkville"), seen.plan("gamers in Quorkvale")
    assert there.model_dump_json().replace("Zorkville", "X") == elsewhere.model_dump_json().replace("Quorkvale", "X")


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.count([Condition(field="annual_income", op="present")]),
        lambda c: c.browse([], [Sort(field="annual_income")], 5),
        lambda c: c.search(np.ones(ENCODER.info.dim, np.float32), [Condition(field="annual_income", op="present")], 5),
        lambda c: c.rank([ValueWeights("location_city", {"Zorkville": 1.0})], [], [], 5),
        lambda c: c.facets([FacetRequest("x", (), "annual_income")]),
        lambda c: c.facets([FacetRequest("x", (), options={"y": (Condition(field="location_city", op="present"),)})]),
        lambda c: c.fills(["age", "annual_income"]),
        lambda c: c.points([]),
    ],
)
def test_the_people_themselves_are_not_asked_by_it(seen: Finder, ask: Callable[[Any], object]) -> None:
    """Whatever a plan was checked by: the reader refuses too."""
    with pytest.raises(FieldWithheld):
        ask(seen.collection())


def test_a_reader_of_ones_own_is_masked_too(seen: Finder) -> None:
    reader = seen.reader()
    (found,) = reader.retrieve(["P01"])
    assert (found.values["age"], set(found.values) & seen.schema.withheld) == (21, set())
    reader.close()


def test_vectors_hold_no_trace_of_it(finder: Finder, seen: Finder) -> None:
    """People who differ in nothing else are equally near to every question."""
    twins = seen.collection().retrieve([f"T{n}" for n in range(4)])
    assert len(twins) == 4
    assert len({json.dumps(dict(p.values), sort_keys=True) for p in twins}) == 1
    vectors = [v.tobytes() for v in seen.collection().vectors([p.id for p in twins]).values()]
    assert len(set(vectors)) == 1
    assert len({p.values["annual_income"] for p in finder.collection().retrieve([p.id for p in twins])}) == 4


def test_other_settings_need_another_index(finder: Finder) -> None:
    """What was encoded with a field that is masked now must not answer."""
    live = finder.generation()
    other = finder.settings.model_copy(update={"field_roles": {"age": "admin"}})
    again = Finder(other, finder.plugins)
    with pytest.raises(FingerprintMismatch, match="--rebuild"):
        again.require_readable(live)
    same_fields = finder.settings.model_copy(update={"field_roles": dict.fromkeys(ROLES_OF, "admin")})
    Finder(same_fields, finder.plugins).require_readable(live)


def touched(plan: QueryPlan) -> set[str]:
    """The attributes that a plan names."""
    parts = [c for clause in plan.conditions for c in (clause.conditions if isinstance(clause, AnyOf) else (clause,))]
    return {*(c.field for c in parts), *(s.field for s in plan.sort)}


ASKS: tuple[Callable[[Finder, QueryPlan], Any], ...] = (
    lambda f, p: [(h.profile, h.score, h.shares, h.fails) for h in f.search(p).hits],
    lambda f, p: [(h.profile, h.fails) for h in f.search(p, near=10).near_misses],
    lambda f, p: [(h.profile, h.score) for h in f.page(p, "*", names=())[0].result.hits],
    lambda f, p: [(x.name, x.values, x.low, x.high, x.bars) for x in f.facets(p, bars=True)],
    lambda f, p: f.relaxations(p),
    lambda f, p: [replace(f.explain(p, i).hit, fails=()) for i in ("P01", "T2")],
    lambda f, p: b"".join(f.export(p, "jsonl").chunks()),
    lambda f, p: f.audience(p).fields,
)
ALIKE: tuple[Callable[[Finder, QueryPlan], Any], ...] = (
    lambda f, p: f.similar(["P03"], plan=p).hits,
    lambda f, p: f.similar(["P03"], ["T1"], plan=p).total,
)


@pytest.mark.parametrize("steps", [120, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3_000)])])
def test_whatever_is_asked_the_answer_is_the_whole_one_without_the_fields(
    finder: Finder, seen: Finder, steps: int
) -> None:
    """Any plan, any way of asking: refused where it names a masked field, else like the whole one but for that."""
    people, rng = finder.collection().retrieve([f"P{n:02}" for n in range(PEOPLE)]), random.Random(4)
    hidden, refused = seen.schema.withheld, 0
    for _ in range(steps):
        ask = rng.choice((*ASKS, *ALIKE))
        sort = tuple(random_sort(finder.schema, rng)) if ask in ASKS and rng.random() < 0.5 else ()
        plan = QueryPlan(conditions=tuple(random_clauses(finder.schema, people, rng)), sort=sort, limit=10)
        if touched(plan) & hidden:
            refused += 1
            with pytest.raises(FieldWithheld):
                ask(seen, plan)
            continue
        told, whole = ask(seen, plan), ask(finder, plan)
        assert not [key for key in hidden if key in repr(told)], plan
        assert _without(whole, hidden) == _without(told, hidden), plan
    assert steps / 10 < refused < steps * 9 / 10


def _without(told: Any, hidden: frozenset[str]) -> Any:
    """The same, without masked values and what is told of masked fields."""
    if isinstance(told, Profile):
        return told.id, {k: v for k, v in told.values.items() if k not in hidden}
    if isinstance(told, bytes):
        return [{k: v for k, v in json.loads(line).items() if k not in _COLUMNS} for line in told.splitlines()]
    if isinstance(told, (tuple, list)):
        kept = [part for part in told if not _is_of(part, hidden)]
        return [_without(part, hidden) for part in kept]
    if is_dataclass(told) and not isinstance(told, type):
        return {f.name: _without(getattr(told, f.name), hidden) for f in fields(told)}
    return told


_COLUMNS = frozenset(c for c, (field, _) in load_schema().columns.items() if field.name in ROLES_OF)


def _is_of(part: Any, hidden: frozenset[str]) -> bool:
    """Whether it is a facet or the like of a masked field."""
    name = getattr(part, "name", part[0] if isinstance(part, tuple) and part else "")
    return isinstance(name, str) and name in hidden


# --- who shares what -------------------------------------------------------------------------------------------------


def test_roles_that_see_the_same_share_a_finder(finder: Finder) -> None:
    finders = RoleFinders(finder)
    assert finders.of("editor") is finders.of("admin") is finder
    viewer, analyst = finders.of("viewer"), finders.of("analyst")
    assert viewer.schema.withheld - analyst.schema.withheld == {"gender"}
    assert viewer.schema.template == finder.schema.template
    assert analyst.plan("women").conditions
    with pytest.raises(FieldWithheld):
        viewer.plan("women")


def test_what_was_remembered_for_one_is_not_told_to_another(finder: Finder, seen: Finder) -> None:
    plan = QueryPlan(text="gaming", meaning="gaming")
    for who in (finder, seen, finder, seen):
        answer = who.answer(plan)
        shows = "annual_income" in answer.result.hits[0].profile.values
        assert shows is (who is finder)
        assert any(f.name == "annual_income" for f in answer.facets) is (who is finder)


def test_what_plugins_are_listed_with_is_what_they_offer_for_the_whole_schema(finder: Finder) -> None:
    RoleFinders(finder)
    builtin = next(p for p in finder.plugins.describe() if p.name == "builtin")
    assert "annual_income" in builtin.entries["filters"]


def test_a_served_model_answers_as_the_least_role_sees(seen: Finder) -> None:
    service = Service(seen, lambda: None)
    found = service.answer(["people who like gaming"], Asked(top_n=5, explain=True))
    assert len(found) == 5
    assert TOLD.findall(json.dumps(found)) == []
    with pytest.raises(FieldWithheld):
        service.answer(["gaming"], Asked(filters=("annual_income>91710",)))


# --- the setting -----------------------------------------------------------------------------------------------------


def test_by_default_everybody_sees_everything(finder: Finder) -> None:
    assert load_settings().field_roles == {}
    assert all(hidden_fields(role, {}) == frozenset() for role in ROLES)
    assert [sorted(hidden_fields(role, ROLES_OF)) for role in ROLES] == [  # type: ignore[arg-type]
        ["annual_income", "gender", "location"],
        ["annual_income", "location"],
        [],
        [],
    ]


def test_it_is_written_as_pairs_or_as_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "techfinder.toml").write_text('[field_roles]\nannual_income = "analyst"\n')
    assert load_settings(home=tmp_path).field_roles == {"annual_income": "analyst"}
    monkeypatch.setenv("TECHFINDER_FIELD_ROLES", "annual_income=editor, gender = admin")
    assert load_settings(home=tmp_path).field_roles == {"annual_income": "editor", "gender": "admin"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("annual_income=boss", "field_roles"),
        ("annual_income", "as in TECHFINDER_FIELD_ROLES=salary=analyst. "),
        ("income=analyst", "field_roles names 'income', which is no field. Did you mean"),
        (",".join(f"{f.name}=admin" for f in load_schema().fields), "leaves no field for the role viewer"),
    ],
)
def test_what_cannot_be_meant_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str
) -> None:
    monkeypatch.setenv("TECHFINDER_FIELD_ROLES", given)
    with pytest.raises(SettingsError, match=told):
        create_app(load_settings(home=tmp_path))
