"""The JSON API: what comes back, and problem details for what cannot."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.hookspecs import hookimpl
from techfinder.interfaces import EncoderEntry
from techfinder.marks import needs
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.fakes import HashEncoder, ListSource


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("api"), HashEncoder().entry())
    homes.index(made, "synthetic:n=120,seed=5")
    made.generation()
    made.load_encoder()
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def test_search_answers_hits_total_plan_and_facets(client: FlaskClient) -> None:
    answer = client.get("/api/v1/search?q=cheerful&limit=5&age=20..60&tech_interest=>=Moderate")
    body = answer.get_json()
    assert answer.status_code == 200
    assert set(body) == {
        *("hits", "total", "near_misses", "weak", "ranked_by", "notices", "plan", "facets"),
        *("encoder", "generation", "took_ms"),
    }
    assert len(body["hits"]) == 5
    for hit in body["hits"]:
        assert set(hit) == {"id", "score", "shares", "profile"}
        assert 20 <= hit["profile"]["age"] <= 60
        assert hit["profile"]["tech_interest"] in ("Moderate", "High", "Very High")
        assert sum(s["value"] for s in hit["shares"]) == pytest.approx(hit["score"])
    assert body["plan"]["meaning"] == "cheerful"
    assert [c["field"] for c in body["plan"]["conditions"]] == ["age", "tech_interest"]
    assert (body["generation"], body["ranked_by"]) == (1, "meaning")
    facets = {f["name"]: f for f in body["facets"]}
    assert facets["age"]["chosen"] == "20..60"
    assert sum(v["count"] for v in facets["gender"]["values"]) <= body["total"]


def test_filters_may_be_repeated_and_pages_follow_each_other(client: FlaskClient) -> None:
    path = "/api/v1/search?job_sector=Healthcare&job_sector=Retail&limit=1000"
    everyone = [h["id"] for h in client.get(path).get_json()["hits"]]
    pages = [client.get(f"{path.replace('1000', '4')}&offset={o}").get_json()["hits"] for o in (0, 4)]
    assert [h["id"] for page in pages for h in page] == everyone[:8]


def test_sorting(client: FlaskClient) -> None:
    hits = client.get("/api/v1/search?sort=-age&limit=50").get_json()["hits"]
    ages = [h["profile"]["age"] for h in hits]
    assert ages == sorted(ages, reverse=True)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("facets=none", []),
        ("facets=age,gender", ["age", "gender"]),
        ("facets=gender&facets=age", ["age", "gender"]),
    ],
)
def test_facets_are_chosen_by_name(client: FlaskClient, query: str, names: list[str]) -> None:
    body = client.get(f"/api/v1/search?limit=1&{query}").get_json()
    assert [f["name"] for f in body["facets"]] == names
    assert (body["total"], body["plan"]["conditions"]) == (120, [])


def test_without_saying_all_facets_are_counted(client: FlaskClient) -> None:
    said, unsaid, empty = (client.get(f"/api/v1/search?limit=1{q}").get_json() for q in ("&facets=all", "", "&facets="))
    assert said["facets"] == unsaid["facets"] == empty["facets"]
    assert len(said["facets"]) > 20


def test_a_value_that_no_one_has_is_an_answer_with_a_notice(client: FlaskClient) -> None:
    answer = client.get("/api/v1/search?smartphone_product=iPhon&facets=none")
    body = answer.get_json()
    assert (answer.status_code, body["total"], body["hits"]) == (200, 0, [])
    (notice,) = body["notices"]
    assert notice["text"] == "No one has Smartphones: product 'iPhon'. Did you mean 'iPhone'?"
    assert (notice["filter"], notice["words"], notice["suggestions"]) == ("smartphone_product", "iPhon", ["iPhone"])


def test_while_the_encoder_loads_the_answer_says_since_when(tmp_path: Path) -> None:
    go = threading.Event()

    def load() -> HashEncoder:
        assert go.wait(20)
        return HashEncoder()

    eager = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(eager, "synthetic:n=5")
    eager.close()
    slow = homes.open_home(tmp_path, EncoderEntry(HashEncoder().info, "", load), encoder_wait_s=0)
    client = create_app(finder=slow).test_client()
    answer = client.get("/api/v1/search?q=gaming")
    assert (answer.status_code, answer.get_json()["type"]) == (503, "/api/problems/encoder-loading")
    assert re.search(r"Encoder 'hash' has been loading for \d+ s", answer.get_json()["detail"])
    assert int(answer.headers["Retry-After"]) > 0
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["store"], ready.get_json()["encoder"]) == (503, "ready", "loading")
    assert "has been loading for" in ready.get_json()["encoder_detail"]
    assert int(ready.headers["Retry-After"]) > 0
    assert client.get("/api/v1/search?age=0..").status_code == 200
    go.set()
    slow.load_encoder()
    assert client.get("/readyz").get_json() == {
        "status": "ready",
        "store": "ready",
        "generation": 1,
        "encoder": "ready",
    }
    slow.close()


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("facets=genderr", "No facet is named 'genderr'. Did you mean 'gender'"),
        ("facets=none,age", "facets=none cannot be joined with other names"),
        ("facets=none,all", "facets=all cannot be joined with other names"),
        ("facets=location", "No facet is named 'location'"),
        ("limit=0", "limit must be"),
        ("limit=ten", "limit='ten' is not a whole number"),
        ("offset=-1", "offset='-1' is not a whole number"),
        ("limit=99999999999999", "is not a whole number"),
        ("limit=%205", "limit=' 5' is not a whole number"),
        ("offset=5%0A", r"offset='5\n' is not a whole number"),
        ("limit=1&limit=2", "limit is given 2 times. Give it once."),
        ("near=5&near=&near=x", "near is given 3 times"),
        ("q=healthcare&q=finance", "q is given 2 times"),
        ("near=%1D", r"near='\x1d' is not a whole number"),
        ("agee=3", "Did you mean 'age'"),
        ("tech_interest=Enormous", "Enormous"),
        ("sort=size", "No field 'size'"),
        ("sort=age,-gender&sort=" + ",".join(["age"] * 9), "orders by 11 fields; at most 10 are read"),
        ("q=" + "x" * 2001, "at most 2000"),
        ("age=" + "!" * 3000 + "x", "says not twice"),
    ],
)
def test_bad_questions_are_problem_details(client: FlaskClient, query: str, detail: str) -> None:
    answer = client.get(f"/api/v1/search?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    body = answer.get_json()
    assert (body["type"], body["status"]) == ("/api/problems/bad-question", 400)
    assert detail in body["detail"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("facets", ("limit", "offset", "sort", "near")),
        ("audience", ("limit", "offset", "sort", "facets", "near")),
        ("explain/TU0001", ("limit", "offset", "sort", "facets", "near")),
        ("export/ids", ("offset", "facets", "near")),
    ],
)
def test_parameters_of_other_addresses_are_refused(client: FlaskClient, path: str, names: tuple[str, ...]) -> None:
    for name in names:
        answer = client.get(f"/api/v1/{path}?q=&{name}=1")
        body = answer.get_json()
        assert (answer.status_code, body["type"]) == (400, "/api/problems/bad-question")
        assert body["detail"].startswith(f"{name} is not taken here. Leave it out; beside filters there is q")
    document = client.get("/api/openapi.json").get_json()["paths"]
    described = document[f"/api/v1/{path.replace('TU0001', '{profile_id}').replace('ids', '{kind}')}"]["get"]
    assert not {p["name"] for p in described["parameters"]} & set(names)


def test_profiles_by_id(client: FlaskClient) -> None:
    body = client.get("/api/v1/profiles/TU0003").get_json()
    assert body["id"] == "TU0003"
    assert body["profile"]["age"] == int(body["facts"][0]["text"].split()[0])
    missing = client.get("/api/v1/profiles/TU9999")
    assert (missing.status_code, missing.get_json()["type"]) == (404, "/api/problems/no-such-profile")


@pytest.mark.parametrize("path", ["/api/v1/profiles/", "/api/v1/standing/", "/api/v1/explain/", "/people/"])
@pytest.mark.parametrize("spelt", ["%2Flead", "%2F%2F", "new%0Aline", "trail%2F"])
def test_an_id_may_be_any_text(client: FlaskClient, path: str, spelt: str) -> None:
    answer = client.get(path + spelt)
    assert answer.status_code == 404
    assert "There is no profile" in answer.text or "No one here has the id" in answer.text


def test_unknown_paths_and_methods_are_problems_too(client: FlaskClient) -> None:
    missing = client.get("/api/v1/nothing").get_json()
    assert missing["status"] == 404
    assert missing["detail"] == "There is nothing at '/api/v1/nothing'. /api/docs lists what the API has."
    assert client.put("/api/v1/search").get_json()["status"] == 405


@pytest.mark.parametrize(("query", "status"), [("x" * 16_001, 414), ("&".join(["age=1"] * 201), 400)])
def test_endless_addresses_are_refused(client: FlaskClient, query: str, status: int) -> None:
    answer = client.get(f"/api/v1/search?{query}")
    assert (answer.status_code, answer.get_json()["status"]) == (status, status)
    assert "Ask for less" in answer.get_json()["detail"]


def test_foreign_hosts_are_refused(client: FlaskClient) -> None:
    assert client.get("/api/v1/search", headers={"Host": "evil.example"}).status_code == 400


def test_health(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "ready")


def test_before_anything_is_indexed(tmp_path: Path) -> None:
    empty = homes.open_home(tmp_path, HashEncoder().entry())
    client = create_app(finder=empty).test_client()
    answer = client.get("/api/v1/search")
    assert (answer.status_code, answer.get_json()["type"]) == (404, "/api/problems/nothing-indexed")
    assert client.get("/readyz").status_code == 503
    empty.close()


def test_people_of_another_schema_are_not_ready(tmp_path: Path) -> None:
    before = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(before, "synthetic:n=5")
    before.close()
    other = homes.open_home(tmp_path, HashEncoder().entry(), field_roles={"annual_income": "analyst"})
    client = create_app(finder=other).test_client()
    assert client.get("/api/v1/search").status_code == 409
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["store"]) == (503, "other-build")
    assert "TECHFINDER_FIELD_ROLES" in ready.get_json()["store_detail"]
    assert "\ntechfinder_store_up 0.0\n" in client.get("/metrics").text
    homes.index(other, "synthetic:n=5", rebuild=True)
    other.load_encoder()
    assert client.get("/readyz").get_json()["store"] == "ready"
    assert "\ntechfinder_store_up 1.0\n" in client.get("/metrics").text
    other.close()


def test_a_blueprint_of_the_same_name_is_left_out(tmp_path: Path) -> None:
    class Namesake:
        @hookimpl
        def register_blueprints(self) -> list[Blueprint]:
            return [Blueprint("api", "namesake")]

    settings = load_settings(home=tmp_path)
    finder = Finder(settings, Plugins.load(settings, discover=False, extra=[("namesake", Namesake())]))
    create_app(finder=finder)
    assert "'api'" in str(finder.plugins.failures[0].error)
    finder.close()


def test_odd_ids_and_values_come_back_as_they_are(tmp_path: Path) -> None:
    odd = {"user_id": "a/b?c=d <x>", "persona": "<script>alert(1)</script> ☃", "gender": "Nøn"}
    made = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(made, ListSource([odd]))
    client = create_app(finder=made).test_client()
    body = client.get("/api/v1/profiles/a/b%3Fc=d%20%3Cx%3E").get_json()
    assert body["profile"] == {"persona": odd["persona"], "gender": "Nøn"}
    made.close()


@pytest.mark.parametrize("endpoint", ["health.healthz", "shared"])
def test_a_blueprint_that_takes_an_endpoint_is_left_out(tmp_path: Path, endpoint: str) -> None:
    class Taker:
        def __init__(self, name: str) -> None:
            self.name = name

        @hookimpl
        def register_blueprints(self) -> list[Blueprint]:
            blueprint = Blueprint(self.name, self.name)
            view = needs("search")(lambda: self.name)
            blueprint.record(lambda setup: setup.app.add_url_rule(f"/{self.name}", endpoint, view))
            return [blueprint]

    settings = load_settings(home=tmp_path)
    takers = [(name, Taker(name)) for name in ("first", "second")]
    finder = Finder(settings, Plugins.load(settings, discover=False, extra=takers))
    client = create_app(finder=finder).test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    failed = ["second"] if endpoint == "shared" else ["first", "second"]
    assert [f.plugin for f in finder.plugins.failures] == failed
    assert client.get("/second").status_code == 404
    finder.close()


def test_a_blueprint_that_takes_our_paths_is_left_out(tmp_path: Path) -> None:
    class Greedy:
        @hookimpl
        def register_blueprints(self) -> list[Blueprint]:
            blueprint = Blueprint("greedy", "greedy")
            blueprint.add_url_rule("/api/v1/search", view_func=lambda: "mine")
            return [blueprint]

    settings = load_settings(home=tmp_path)
    finder = Finder(settings, Plugins.load(settings, discover=False, extra=[("greedy", Greedy())]))
    client = create_app(finder=finder).test_client()
    assert client.get("/api/v1/search").get_json()["type"] == "/api/problems/nothing-indexed"
    (failure,) = finder.plugins.failures
    assert (failure.plugin, failure.stage) == ("greedy", "register_blueprints")
    assert "Its route /api/v1/search is the core's" in str(failure.error)
    finder.close()
