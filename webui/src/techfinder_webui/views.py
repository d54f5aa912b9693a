"""The pages: read the request, ask the finder, fill a context, render."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    stream_with_context,
    url_for,
)
from htmx_flask import Htmx, request
from markupsafe import Markup
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from techfinder import DatabaseError, TechfinderError, needs
from techfinder_webui.address import Address, history_step
from techfinder_webui.calling import add_calling
from techfinder_webui.contexts import LivePart, ProblemPage, variables
from techfinder_webui.exporting import add_export
from techfinder_webui.gate import gate
from techfinder_webui.glance_views import add_glances
from techfinder_webui.guard import guard, wants_part
from techfinder_webui.live import LiveEvents
from techfinder_webui.overview_views import add_overviews
from techfinder_webui.pages import not_found_page, search_page
from techfinder_webui.parts import Banner, PanelGroup
from techfinder_webui.profiles import profile_page
from techfinder_webui.rendering import failed, render
from techfinder_webui.tones import schema_css

if TYPE_CHECKING:
    from flask.sansio.blueprints import BlueprintSetupState

    from techfinder.finder import Finder

__all__ = ["make_blueprint"]

_PANELS_KEPT = 64


def make_blueprint(finder: Finder) -> Blueprint:
    """The blueprint ``webui``: ``/``, ``/people/<id>``, ``/schema``, ``/live``, ``/schema.css``, ``/assets/...``."""
    blueprint = Blueprint(
        "webui", __name__, static_folder="static", static_url_path="/assets", template_folder="templates"
    )
    blueprint.record_once(_enable_htmx)
    # Kept, because most letters that are typed change no count.
    blueprint.add_app_template_global(lru_cache(_PANELS_KEPT)(_panel_html), "panel_html")
    blueprint.add_app_template_global(lambda: finder.settings.offers_admin and gate().may("operate"), "offers_admin")
    blueprint.add_app_template_global(lambda permission: gate().may(permission), "may")
    blueprint.add_app_template_global(lambda: gate().identity() if gate().asks else None, "signed_in")
    needs("public")(blueprint)
    blueprint.after_request(guard)
    blueprint.register_error_handler(DatabaseError, lambda error: failed(finder, error))
    blueprint.app_errorhandler(Forbidden)(_not_allowed)
    blueprint.after_app_request(_no_such_page)

    _add_search(blueprint, finder)
    _add_profile(blueprint, finder)
    _add_live(blueprint, finder)
    _add_style(blueprint, finder)
    add_export(blueprint, finder)
    add_calling(blueprint, finder)
    add_glances(blueprint, finder)
    add_overviews(blueprint, finder)
    return blueprint


def _add_search(blueprint: Blueprint, finder: Finder) -> None:
    @blueprint.get("/")
    @needs("search")
    def search() -> AnyResponse:
        asked, path = Address.read(request.args.items(multi=True)), url_for("webui.search")
        if not request.htmx and sorted(asked.pairs()) != sorted(request.args.items(multi=True)):
            return redirect(asked.url(path))
        shown = search_page(finder, asked, path)
        if not wants_part():
            return render("search.html", shown.page, shown.status)
        return _with_history(render("_update.html", shown.page, shown.status), shown.asked, path)


def _add_profile(blueprint: Blueprint, finder: Finder) -> None:
    @blueprint.get("/people/<path:profile_id>")
    @needs("view")
    def profile(profile_id: str) -> AnyResponse:
        try:
            found = finder.profile(profile_id)
            page = profile_page(finder, found, url_for("webui.search"), request.host_url.rstrip("/")) if found else None
        except TechfinderError as error:
            return failed(finder, error)
        if page is None:
            text = f"No one here has the id {profile_id}. It may have been removed since."
            return render("problem.html", not_found_page(text), 404)
        return render("profile.html", page)


def _add_live(blueprint: Blueprint, finder: Finder) -> None:
    events = LiveEvents(finder)

    @blueprint.get("/live")
    @needs("search")
    def live() -> AnyResponse:
        seen = request.headers.get("Last-Event-ID") or request.args.get("seen", "")
        stream = stream_with_context(events.stream(seen, _live_html))
        answer = Response(stream, mimetype="text/event-stream")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Accel-Buffering"] = "no"  # a proxy that collects an answer would tell nothing for minutes
        return answer


def _add_style(blueprint: Blueprint, finder: Finder) -> None:
    @blueprint.get("/schema.css")
    @needs("public")
    def schema_style() -> AnyResponse:
        answer = Response(schema_css(finder.schema), mimetype="text/css")
        answer.add_etag()
        answer.headers["Cache-Control"] = "no-cache"
        return answer.make_conditional(request)


def _no_such_page(answer: AnyResponse) -> AnyResponse:
    """A page of ours for an address that nobody answers, instead of the bare one; APIs tell it themselves."""
    if answer.status_code != 404 or request.url_rule is not None or answer.mimetype != "text/html":
        return answer
    return guard(render("problem.html", not_found_page("There is no page at this address."), 404))


def _not_allowed(error: Forbidden) -> AnyResponse:
    title = "This is not for you to see" if request.method == "GET" else "Nothing was changed"
    banner = Banner("error", title, error.description or "")
    return render("problem.html", ProblemPage(banner), 403)


def _enable_htmx(state: BlueprintSetupState) -> None:
    Htmx().init_app(state.app)


def _panel_html(panel: tuple[PanelGroup, ...], hidden: tuple[tuple[str, str], ...]) -> Markup:
    """The filter panel."""
    template = current_app.jinja_env.get_template("_panel.html")
    return Markup(template.render(panel=panel, hidden=hidden))  # noqa: S704 (a template escapes)


def _live_html(part: LivePart) -> str:
    return render_template("_live.html", **variables(part))


def _with_history(answer: Response, asked: Address, path: str) -> Response:
    """Say what the browser's URL becomes: the short form of what was asked."""
    step = history_step(request.htmx.current_url or "", asked)
    if step != "none":
        answer.headers["HX-Push-Url" if step == "push" else "HX-Replace-Url"] = asked.url(path)
    return answer
