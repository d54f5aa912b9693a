"""The Flask application: wiring, nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request
from flask_openapi.openapi import OpenAPI
from werkzeug.exceptions import BadRequest, RequestURITooLarge
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import PathConverter

from techfinder.access.access import Access
from techfinder.api import BLUEPRINTS, register_errors
from techfinder.errors import PluginContractError
from techfinder.finder import Finder
from techfinder.gateway import PREFIX, Gateway, gateway
from techfinder.guarding import Guard, check_marks, require_admin, seen_finder
from techfinder.metrics import Metrics, metrics
from techfinder.operations import Operations
from techfinder.requests import watch_requests
from techfinder.settings import LOOPBACK, Settings, load_settings
from techfinder.traces import Traces

__all__ = ["create_app"]

_MAX_BODY_BYTES = 1_000_000
_MAX_QUERY_BYTES = 16_000
_MAX_PARAMETERS = 200
_OWN_PATHS = ("/api/", f"{PREFIX}/", "/healthz", "/readyz", "/metrics")


def create_app(settings: Settings | None = None, finder: Finder | None = None) -> Flask:
    """The web application.

    Args:
        settings: None reads them from the environment and the file.
        finder: None makes one from the settings. It is found again as
            ``app.extensions["techfinder"]``, as who asks may see it, and what administrators do with it as
            ``app.extensions["techfinder.operations"]``; whoever made the app closes it, and
            ``app.extensions["techfinder.access"]``, where people and tokens are looked up.

    Raises:
        SettingsError, SchemaError, PluginError: Something selected cannot be used; or people sign in, and there is no
            admin.
        DatabaseError: People sign in, and the application database does not answer.
    """
    if finder is None:
        finder = Finder(settings or load_settings())
    require_admin(finder.settings)
    app = OpenAPI("techfinder", static_folder=None, doc_ui=False)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    app.config["TRUSTED_HOSTS"] = _trusted_hosts(finder.settings)
    if proxies := finder.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    watch_requests(app)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # an id may begin with one
    app.url_map.converters["path"] = _AnyPath
    app.extensions["techfinder"] = seen = seen_finder(finder)
    app.extensions["techfinder.operations"] = operations = Operations(finder)
    app.extensions["techfinder.gateway"] = Gateway(finder)
    app.extensions["techfinder.access"] = access = Access(finder.settings)
    Metrics(finder, operations).install(app)
    if finder.settings.otlp_endpoint:
        Traces(finder.settings.otlp_endpoint).install(app, finder)
    app.before_request(_refuse_endless_addresses)
    Guard(finder.settings, access).install(app)
    app.after_request(_guard)
    for blueprint in (*BLUEPRINTS, metrics, *((gateway,) if finder.settings.gateway != "off" else ())):
        app.register_blueprint(blueprint)
    register_errors(app)
    for name, blueprint in finder.plugins.blueprints(seen):
        try:
            _rehearse(blueprint, app)
        except Exception as error:  # a plugin's blueprint may do anything while it is registered
            finder.plugins.report(name, "register_blueprints", error)
        else:
            app.register_blueprint(blueprint)
    return app


class _AnyPath(PathConverter):
    """The rest of an address, whatever it holds; an id may begin with a slash, and Werkzeug's paths may not."""

    regex = "(?s:.+?)"
    part_isolating = False


def _trusted_hosts(settings: Settings) -> list[str] | None:
    """The names that requests may carry; None for any. A page elsewhere must not come in by a name it controls."""
    public = urlsplit(settings.public_url).hostname
    if settings.allowed_hosts or settings.host in LOOPBACK or public:
        return ["127.0.0.1", "localhost", "[::1]", *settings.allowed_hosts, *((public,) if public else ())]
    return None


def _refuse_endless_addresses() -> None:
    """Every link of a page carries its address: a long one makes a page of megabytes."""
    if len(request.query_string) > _MAX_QUERY_BYTES:
        raise RequestURITooLarge(f"The address has more than {_MAX_QUERY_BYTES:,} bytes of parameters. Ask for less.")
    if sum(len(values) for _, values in request.args.lists()) > _MAX_PARAMETERS:
        raise BadRequest(f"The address has more than {_MAX_PARAMETERS} parameters. Ask for less.")


def _guard(answer: Response) -> Response:
    """Answers of the API are about people: nobody on the way may keep them, or take them for a page."""
    if request.path.startswith(_OWN_PATHS):
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer


def _rehearse(blueprint: Blueprint, app: Flask) -> None:
    """Register on a scratch app, which has only the names of what `app` has: Flask cannot take a blueprint out again.

    Raises:
        PluginContractError: It takes a path of the core's, or a route does not say who may ask it.
        ValueError, AssertionError: Its name, or an endpoint of its own making, is one that `app` has.
    """
    scratch = Flask("scratch", static_folder=None)
    scratch.blueprints |= app.blueprints
    scratch.view_functions |= app.view_functions
    scratch.register_blueprint(blueprint)
    new = list(scratch.url_map.iter_rules())
    for rule in new:
        if rule.rule.startswith(_OWN_PATHS):
            raise PluginContractError(f"Its route {rule.rule} is the core's. Move it out of {', '.join(_OWN_PATHS)}.")
    check_marks({rule.rule: scratch.view_functions[rule.endpoint] for rule in new})
