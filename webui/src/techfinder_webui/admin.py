"""The administration: jobs as they go, encoders side by side, promote and roll back, plugins with their failures.

Looking is a GET. What changes something is a POST from one of our own pages, after a page that says what will happen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, redirect, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as AnyResponse

from techfinder import JobError, RegistryError, SettingsError, StoreError, TechfinderError, needs
from techfinder_webui.admin_pages import admin_page, compare_page, log_lines, promote_page, rollback_page
from techfinder_webui.contexts import LogPage, ProblemPage
from techfinder_webui.gate import gate, who
from techfinder_webui.guard import guard, wants_part
from techfinder_webui.parts import Banner
from techfinder_webui.rendering import render

if TYPE_CHECKING:
    from techfinder.finder import Finder
    from techfinder.operations import Operations

__all__ = ["make_admin_blueprint"]

_STATUS = {JobError: 409, RegistryError: 404, SettingsError: 404, StoreError: 409}


def make_admin_blueprint(finder: Finder) -> Blueprint:
    """The blueprint ``admin``, below ``/admin``."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")
    blueprint.after_request(guard)
    blueprint.after_request(_not_stored)
    blueprint.register_error_handler(TechfinderError, _told)
    _add_looking(blueprint, finder)
    _add_promoting(blueprint, finder)
    _add_rolling_back(blueprint, finder)
    _add_job(blueprint, "cancel", lambda operations, job_id: operations.cancel(job_id))
    _add_job(blueprint, "retry", lambda operations, job_id: operations.retry(job_id))
    return blueprint


def _add_looking(blueprint: Blueprint, finder: Finder) -> None:
    @blueprint.get("/")
    @needs("operate")
    def index() -> AnyResponse:
        page = admin_page(finder, _operations())
        return render("_admin.html" if wants_part() else "admin.html", page)

    @blueprint.get("/compare")
    @needs("operate")
    def compare() -> AnyResponse:
        return render("admin_compare.html", compare_page(_operations(), request.args.getlist("version")))

    @blueprint.get("/jobs/<job_id>")
    @needs("operate")
    def log(job_id: str) -> AnyResponse:
        return render("admin_log.html", LogPage(job_id[:8], log_lines(_operations(), job_id)))


def _add_promoting(blueprint: Blueprint, finder: Finder) -> None:
    @blueprint.get("/promote")
    @needs("promote")
    def confirm_promote() -> AnyResponse:
        asked = request.args.get("encoder", "")
        return render("admin_confirm.html", promote_page(finder, _operations(), asked))

    @blueprint.post("/promote")
    @needs("promote")
    def promote() -> AnyResponse:
        encoder, force = request.form.get("encoder", ""), "force" in request.form
        gate().note("promote", encoder, {"forced": force})
        _operations().promote(encoder, force, who())
        return redirect(url_for("admin.index", _anchor="jobs"), 303)


def _add_rolling_back(blueprint: Blueprint, finder: Finder) -> None:
    @blueprint.get("/rollback")
    @needs("promote")
    def confirm_rollback() -> AnyResponse:
        page = rollback_page(finder, _operations())
        if page is None:
            raise StoreError("There is no switch to go back from, or people were changed since the last one.")
        return render("admin_confirm.html", page)

    @blueprint.post("/rollback")
    @needs("promote")
    def rollback() -> AnyResponse:
        gate().note("rollback")
        _operations().roll_back(who())
        return redirect(url_for("admin.index"), 303)


def _add_job(blueprint: Blueprint, name: str, change: Callable[[Operations, str], object]) -> None:
    @needs("operate")
    def changed(job_id: str) -> AnyResponse:
        gate().note(f"job.{name}", job_id)
        change(_operations(), job_id)
        return redirect(url_for("admin.index", _anchor="jobs"), 303)

    blueprint.add_url_rule(f"/jobs/<job_id>/{name}", name, changed, methods=["POST"])


def _operations() -> Operations:
    return cast("Operations", current_app.extensions["techfinder.operations"])


def _not_stored(answer: Response) -> Response:
    """What an administrator sees stays in no cache, not even in the browser's own."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _told(error: TechfinderError) -> AnyResponse:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 503)
    return render("problem.html", ProblemPage(Banner("error", "Nothing was changed", str(error))), status)
