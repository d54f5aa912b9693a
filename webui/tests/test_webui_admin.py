"""The administration: who may see it, what it shows, and that only its own pages change anything."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import template_rendered
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from techfinder.access.access import Access
from techfinder.access.over import Asker
from techfinder.app import create_app
from techfinder.database import open_database
from techfinder.finder import Finder
from techfinder.jobs.queue import JobQueue
from techfinder.jobs.worker import Worker
from techfinder.models import GenerationInfo
from techfinder.operations import Operations, Registered
from techfinder.registry import EncoderVersion
from techfinder.store.folders import copy_sparse
from techfinder.testing.fakes import HashEncoder
from techfinder.work import handlers
from techfinder_webui.admin_contexts import AdminPage, ComparePage, ConfirmPage
from techfinder_webui.contexts import ProblemPage

CROSS_SITE: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
]
CHANGES = ("/admin/promote", "/admin/rollback", "/admin/jobs/00/cancel", "/admin/jobs/00/retry")


def version(name: str, number: int, **figures: float) -> EncoderVersion:
    info = HashEncoder(name=name).info
    return EncoderVersion(
        name, number, f"{number}", info.fingerprint, "t", "float32", ("challenger",), "2026-01-01", "r", figures
    )


def with_another(made: Finder) -> Finder:
    """The finder, with another encoder beside the one that answers."""
    other = HashEncoder(name="other").entry()
    offered = {**made.plugins.encoders(), "other": other}
    made.plugins.encoders = lambda: offered
    known = made.plugins.encoder
    made.plugins.encoder = lambda name: offered[name] if name in offered else known(name)
    return made


@pytest.fixture(scope="module")
def shared(shared_finder_of: Any, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """A finder with another encoder, over a home that nothing changes."""
    copy_sparse(home, own := tmp_path_factory.mktemp("shared") / "home")
    return with_another(shared_finder_of(own, HashEncoder().entry()))


@pytest.fixture
def two(finder_of: Any, home: Path, tmp_path: Path) -> Finder:
    """The same over a home of its own."""
    copy_sparse(home, own := tmp_path / "home")
    return with_another(finder_of(own, HashEncoder().entry()))


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's answer is given."""
    found = Registered((version("hash", 1, query_ms=2.0), version("other", 1, query_ms=1.0)))
    monkeypatch.setattr(Operations, "registered", lambda self, wait_s=0.0: found)


@pytest.fixture
def onlooker(shared: Finder, registered: None) -> FlaskClient:
    """A client of the app over the home that nothing changes."""
    return create_app(finder=shared).test_client()


@pytest.fixture
def admin(two: Finder, registered: None) -> FlaskClient:
    """A client of the app over a home of its own."""
    return create_app(finder=two).test_client()


def press(client: FlaskClient, confirm: str, url: str, **more: str) -> TestResponse:
    """What the button on a confirming page does."""
    assert client.get(confirm).status_code == 200
    return client.post(url, data=more, headers={"Sec-Fetch-Site": "same-origin"})


def work(finder: Finder) -> None:
    """Do what waits, as a worker does."""
    database = open_database(finder.settings)
    job = Worker(JobQueue(database), handlers(finder, database)).run_one()
    database.close()
    assert job is not None
    assert job.state == "done", job.message


def test_everything_is_on_the_page(onlooker: FlaskClient) -> None:
    answer = onlooker.get("/admin/")
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.text
    assert "Generation 1 answers: 60 people, encoder hash@1+crc32/64." in page
    assert re.search(r"answers now.*challenger", page, re.DOTALL)
    assert '<td class="number-cell">2.0</td>' in page
    assert "/admin/promote?encoder=other@1" in page
    assert "/admin/promote?encoder=hash@1" not in page
    assert "No jobs yet." in page
    assert '<th scope="row">webui</th>' in page
    assert "Roll back" not in page


def test_only_what_was_measured_has_columns_and_a_comparison(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = admin.get("/admin/").text
    assert re.findall(r'<th scope="col" class="number-cell">([^<]+)<', page) == ["ms a question"]
    assert page.count('name="version"') == 2
    assert ">Compare</button>" in page
    assert "encoders register" not in page

    monkeypatch.setattr(Operations, "registered", lambda self, wait_s=0.0: Registered((version("hash", 1),)))
    page = admin.get("/admin/").text
    assert 'class="number-cell"' not in page
    assert 'name="version"' not in page
    assert ">Compare</button>" not in page
    assert "<code>techfinder encoders register other</code>" in page


@pytest.mark.slow
def test_an_encoder_is_promoted_and_taken_back_without_a_script(admin: FlaskClient, two: Finder) -> None:
    def live() -> GenerationInfo:
        return next(g for g in two.store.collections())

    done = press(admin, "/admin/promote?encoder=other", "/admin/promote", encoder="other", force="on")
    assert (done.status_code, done.location) == (303, "/admin/#jobs")
    assert re.search(r"promote other.*waiting", admin.get("/admin/").text, re.DOTALL)
    assert live().number == 1
    work(two)
    assert (live().number, live().encoder[:6]) == (2, "other@")
    shown = admin.get("/admin/").text
    assert "promote" in shown
    assert "web page" in shown
    assert "Then generation 1 answers: 60 people" in admin.get("/admin/rollback").text
    assert press(admin, "/admin/rollback", "/admin/rollback").status_code == 303
    assert live().number == 1
    assert "Then generation 2 answers" in admin.get("/admin/rollback").text


def test_a_job_is_cancelled_tried_again_and_its_log_read(admin: FlaskClient, two: Finder) -> None:
    press(admin, "/admin/promote?encoder=other", "/admin/promote", encoder="other")
    page = admin.get("/admin/").text
    found = re.search(r'action="(/admin/jobs/[0-9a-f]+)/cancel"', page)
    assert found
    assert press(admin, "/admin/promote?encoder=other", f"{found[1]}/cancel").status_code == 303
    assert "Try again" in admin.get("/admin/").text
    assert press(admin, "/admin/promote?encoder=other", f"{found[1]}/cancel").status_code == 409
    assert press(admin, "/admin/promote?encoder=other", f"{found[1]}/retry").status_code == 303
    assert "waiting" in admin.get("/admin/").text
    assert "It said nothing." in admin.get(found[1]).text
    assert admin.get("/admin/jobs/ffff").status_code == 409


def test_versions_side_by_side(onlooker: FlaskClient) -> None:
    page = onlooker.get("/admin/compare?version=hash@1&version=other@1").text
    assert re.search(r'<th scope="row">query ms</th>.*2\.0.*<strong>1\.0</strong>', page, re.DOTALL)
    assert onlooker.get("/admin/compare?version=nope@7").status_code == 404


@pytest.mark.parametrize("url", CHANGES)
@pytest.mark.parametrize("headers", CROSS_SITE)
def test_a_form_of_another_page_changes_nothing(
    onlooker: FlaskClient, shared: Finder, url: str, headers: dict[str, str]
) -> None:
    answer = onlooker.post(url, data={"encoder": "other"}, headers={"Accept": "text/html", **headers})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert not (shared.settings.home / "techfinder.db").exists()


@pytest.mark.parametrize("url", CHANGES)
def test_nothing_changes_by_looking(onlooker: FlaskClient, shared: Finder, url: str) -> None:
    assert onlooker.get(url, query_string={"encoder": "other"}).status_code in (200, 405, 409)
    assert not (shared.settings.home / "techfinder.db").exists()


@pytest.mark.parametrize(("settings", "offered"), [({}, True), ({"admin": "off"}, False)])
def test_who_may_see_it(two: Finder, settings: dict[str, str], offered: bool) -> None:
    two.settings = two.settings.model_copy(update=settings)
    client = create_app(finder=two).test_client()
    assert (client.get("/admin/promote?encoder=other").status_code == 200) is offered
    assert ("/admin/" in client.get("/").text) is offered


@pytest.mark.parametrize("name", ["nope", "", "other@"])
def test_what_cannot_be_promoted_is_told(onlooker: FlaskClient, name: str) -> None:
    done = press(onlooker, "/admin/promote?encoder=other", "/admin/promote", encoder=name)
    assert done.status_code == 404
    assert "Nothing was changed" in done.text


def test_mlflow_away_is_told_and_the_rest_is_there(onlooker: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Registered(problem="MLflow at http://x does not answer.")
    monkeypatch.setattr(Operations, "registered", lambda self, wait_s=0.0: away)
    page = onlooker.get("/admin/").text
    assert "MLflow does not answer" in page
    assert "/admin/promote?encoder=other" in page
    assert onlooker.get("/admin/compare?version=hash@1").status_code == 404


@pytest.mark.parametrize(
    ("url", "headers", "template", "context"),
    [
        ("/admin/", {}, "admin.html", AdminPage),
        ("/admin/", {"HX-Request": "true", "HX-Request-Type": "partial"}, "_admin.html", AdminPage),
        ("/admin/compare?version=hash@1", {}, "admin_compare.html", ComparePage),
        ("/admin/promote?encoder=other", {}, "admin_confirm.html", ConfirmPage),
        ("/admin/rollback", {}, "problem.html", ProblemPage),
    ],
)
def test_a_template_gets_exactly_its_context(
    onlooker: FlaskClient, url: str, headers: dict[str, str], template: str, context: type
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def record(sender: object, template: Any, context: dict[str, Any], **_: object) -> None:
        seen.append((template.name, context))

    with template_rendered.connected_to(record, onlooker.application):
        onlooker.get(url, headers=headers)
    [(name, variables)] = seen
    injected = {"g", "request", "session", "config", "htmx"}
    assert name == template
    assert variables.keys() - injected == {f.name for f in fields(context)}


def test_an_editor_sees_it_and_promotes_nothing(two: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Registered((version("hash", 1, query_ms=2.0), version("other", 1, query_ms=1.0)))
    monkeypatch.setattr(Operations, "registered", lambda self, wait_s=0.0: found)
    two.settings = two.settings.model_copy(update={"sign_in": "on"})
    people = Access(two.settings)
    people.people.set_up_admin("root", "test")
    secret = people.people.add("edith", "editor", "test")[1]
    session = people.signing_in.by_link(secret, "four plain words here", Asker()).session
    app = create_app(finder=two)
    client = app.test_client()
    client.set_cookie("techfinder", session)
    page = client.get("/admin/").text
    assert "other@1" in page
    assert "/admin/promote" not in page
    assert "/admin/people" not in page
    assert "/admin/promote" not in client.get("/admin/compare?version=hash@1&version=other@1").text
    assert client.post("/admin/promote", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 403
    people.close()
    app.extensions["techfinder.access"].close()
