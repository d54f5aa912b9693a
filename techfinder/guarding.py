"""One gate before every route: who asks, whether they may, and whether the request comes from one of our own pages.

What a route takes stands in :data:`techfinder.access.permissions.ROUTES` for the core's and is marked with
:func:`techfinder.needs` for a plugin's. A route without either is refused, whoever asks. Where nobody signs in (a
techfinder that only this machine reaches), whoever asks may everything; forms of other sites are refused all the same.

Whoever looks at one person or takes people away is noted in the audit log first: without the note no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import SplitResult, quote, urlsplit

from flask import Flask, Response, after_this_request, current_app, g, has_request_context, redirect, request
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as AnyResponse

from techfinder.access.access import Access
from techfinder.access.over import Asker
from techfinder.access.permissions import AUDITED, LOCAL, PERMISSIONS, ROLES, ROUTES, Identity, Role, decide
from techfinder.access.sessions import DEVICE_S
from techfinder.access.signing_in import SignedIn
from techfinder.access.telling import sealed, unsealed
from techfinder.access.tokens import looks_like_ours
from techfinder.errors import DatabaseError, PluginContractError, SettingsError, known_names
from techfinder.finder import Finder
from techfinder.marks import PUBLIC, needed_by
from techfinder.masks import RoleFinders
from techfinder.settings import Settings

__all__ = [
    "Guard",
    "NotAllowed",
    "NotSignedIn",
    "OtherSite",
    "check_marks",
    "guard_of",
    "require_admin",
    "safe_next",
    "seen_finder",
]

_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a page elsewhere can send without asking the browser first."""

_JSON_ONLY = ("/api/", "/qdrant/")
"""Addresses whose views refuse such bodies themselves, and say what to send instead."""

_SIGN_IN = "/sign-in"
_MOST_TOLD = 1000
_MOST_FROM_ANYBODY = 32_000
"""Bytes of a form that takes no right: a name, a password, and an address to go to."""

_LEAVING_S = 600
_TELLING_S = 60
_ELSEWHERE = "The form came from another page than ours. Go back and try again."


class NotSignedIn(Unauthorized):
    """A program asks, and does not say who it is, or not rightly."""


class NotAllowed(Forbidden):
    """A program asks for what it has no right to."""


class OtherSite(Forbidden):
    """A page of another site sent the request."""


class Guard:
    """Of one app; found again as ``app.extensions["techfinder.guard"]``.

    Attributes:
        asks: Whether people sign in.
    """

    def __init__(self, settings: Settings, access: Access) -> None:
        """Guard nothing yet."""
        self.asks = settings.asks_to_sign_in
        self._access = access
        self._public = urlsplit(settings.public_url)

    def install(self, app: Flask) -> None:
        """Stand before every route of the app, those too that are added later."""
        app.extensions["techfinder.guard"] = self
        app.before_request(self._admit)
        app.after_request(self._seal)

    # --- for views --------------------------------------------------------------------------------

    def identity(self) -> Identity | None:
        """Who asks; None for somebody who is not signed in.

        Raises DatabaseError the first time in a request; what is shown with that is for nobody in particular.
        """
        if "techfinder_identity" not in g:
            g.techfinder_identity = None
            g.techfinder_identity = self._find()
        return cast("Identity | None", g.techfinder_identity)

    def may(self, permission: str) -> bool:
        """Whether who asks may do that."""
        return decide(self.identity(), permission) == "allowed"

    def asker(self) -> Asker:
        """Where the request comes from."""
        return Asker(
            request.remote_addr or "", request.headers.get("User-Agent", ""), request.cookies.get(self._device, "")
        )

    def note(self, action: str, subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
        """Add an entry to the audit log, where people sign in. Raises DatabaseError: then do nothing."""
        identity = self.identity()
        if identity is not None and (self.asks or identity.token):
            self._access.log.note(action, identity.label, self.asker(), subject, detail)

    def session(self) -> str:
        """What the browser has for a session, right or wrong; one that owes the second factor, too."""
        return request.cookies.get(self._cookie, "")

    def keep(self, answer: AnyResponse, signed_in: SignedIn) -> AnyResponse:
        """Send the browser its new session."""
        self._set(answer, self._cookie, signed_in.session, "Lax", None)
        answer.delete_cookie(self._leaving, path="/", secure=self._secure, httponly=True, samesite="Lax")
        if signed_in.device:
            self._set(answer, self._device, signed_in.device, "Strict", int(DEVICE_S))
        return answer

    def forget(self, answer: AnyResponse) -> AnyResponse:
        """Let the browser forget the session, and whatever it kept of the pages."""
        answer.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer

    def base_url(self) -> str:
        """Where people reach us, without a slash at the end."""
        return self._public.geturl() or request.host_url.rstrip("/")

    def leave(self, answer: AnyResponse, kept: str) -> AnyResponse:
        """Let the browser keep something while it is at the provider of single sign-on."""
        self._set(answer, self._leaving, kept, "Lax", _LEAVING_S)
        return answer

    def left(self) -> str:
        """What it kept."""
        return request.cookies.get(self._leaving, "")

    def tell_next(self, address: str, *told: str) -> AnyResponse:
        """Lead to that page, which says something once: loaded again, it changes nothing and says nothing."""
        answer = redirect(address, 303)
        self._set(answer, self._telling, sealed(self.session(), address, *told), "Strict", _TELLING_S)
        return answer

    def told(self) -> tuple[str, ...]:
        """What the page before has to say on this one; it is forgotten with this answer."""
        cookie = request.cookies.get(self._telling, "")
        to, *told = unsealed(self.session(), cookie) or ("",)
        if to != request.script_root + request.path:
            return ()

        @after_this_request
        def forget(answer: Response) -> Response:
            answer.delete_cookie(self._telling, path="/", secure=self._secure, httponly=True, samesite="Strict")
            return answer

        return tuple(told)

    @staticmethod
    def safe_next(text: str) -> str:
        """Where to go after signing in: an address of ours, else the start."""
        return safe_next(text)

    # --- the gate ---------------------------------------------------------------------------------

    def _admit(self) -> AnyResponse | None:
        if request.endpoint is None:  # no such address, or not by this method
            return None
        permission = needed(current_app, request.endpoint)
        if request.method not in _SAFE and self._from_elsewhere():
            raise OtherSite(_ELSEWHERE) if _wants_data() else Forbidden(_ELSEWHERE)
        if permission == PUBLIC:
            request.max_content_length = _MOST_FROM_ANYBODY
            return None
        decision = decide(self.identity(), permission)
        if decision == "unknown":
            return self._sign_in_first()
        if decision == "refused":
            raise _refused(permission)
        self._note_looking(permission or "")
        return None

    def _from_elsewhere(self) -> bool:
        """Whether the browser may have been made to send this by a page of another site.

        Browsers say where a request comes from; a program with a token of its own need not.
        """
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if site is not None and site != "same-origin":
            return True
        if origin is not None:
            sent_by = _split(origin)
            return sent_by is None or sent_by.netloc not in {request.host, self._public.netloc} - {""}
        if site is not None or _given_token():
            return False
        return bool(self.session()) or (request.mimetype in _FORMS and not request.path.startswith(_JSON_ONLY))

    def _find(self) -> Identity | None:
        token = _given_token()
        if token and (self.asks or looks_like_ours(token)):
            return self._access.known.by_token(token, self.asker())
        if not self.asks:
            return LOCAL
        session = self.session()
        return self._access.known.by_session(session) if session else None

    def _sign_in_first(self) -> AnyResponse:
        if request.headers.get("HX-Request"):
            asked = _split(request.headers.get("HX-Current-URL", ""))
            answer = AnyResponse("", 401)
            answer.headers["HX-Redirect"] = _sign_in_address(f"{asked.path}?{asked.query}" if asked else "/")
            return answer
        if _wants_data():
            raise NotSignedIn(
                "Sign in, or send a token as `Authorization: Bearer TOKEN`. One that was sent is wrong, revoked or too "
                "old."
            )
        return redirect(_sign_in_address(request.full_path if request.method in _SAFE else "/"), 303)

    def _note_looking(self, permission: str) -> None:
        action = AUDITED.get(permission)
        if action is None or not self.asks:
            return
        asked = request.query_string or (request.get_data() if request.is_json else b"")
        detail = {"asked": asked[:_MOST_TOLD].decode("utf-8", "replace")} if asked else {}
        subject = " ".join(str(v) for v in (request.view_args or {}).values()) or " ".join(request.args.getlist("ids"))
        self.note(action, subject, {"page": request.endpoint, **detail})

    def _seal(self, answer: Response) -> Response:
        """Nobody keeps an answer that took a right: after signing out, Back shows nothing."""
        if self.asks and request.endpoint and needed(current_app, request.endpoint) != PUBLIC:
            answer.headers["Cache-Control"] = "no-store"
        return answer

    @property
    def _secure(self) -> bool:
        return self._public.scheme == "https" or request.is_secure

    @property
    def _cookie(self) -> str:
        return "__Host-techfinder" if self._secure else "techfinder"

    @property
    def _leaving(self) -> str:
        return f"{self._cookie}-leaving"

    @property
    def _telling(self) -> str:
        return f"{self._cookie}-telling"

    @property
    def _device(self) -> str:
        return f"{self._cookie}-device"

    def _set(self, answer: AnyResponse, name: str, value: str, samesite: str, lasts_s: int | None) -> None:
        answer.set_cookie(name, value, max_age=lasts_s, path="/", secure=self._secure, httponly=True, samesite=samesite)


def guard_of() -> Guard:
    """The guard of the app that answers."""
    return cast("Guard", current_app.extensions["techfinder.guard"])


def seen_finder(finder: Finder) -> Finder:
    """The Finder for views: in each request it is as the role of who asks may see it.

    Who is not known, and whatever runs outside of a request, gets what the least role sees. Where all roles see the
    same it is the one given. Raises SettingsError when settings leave a role without any field.
    """
    finders = RoleFinders(finder)
    return cast("Finder", LocalProxy(lambda: finders.of(_asking_role()))) if finders.differ else finder


def _asking_role() -> Role:
    if not has_request_context():
        return ROLES[0]
    try:
        identity = guard_of().identity()
    except DatabaseError:  # told by the gate; what is shown with that is what anybody may see
        identity = None
    return ROLES[0] if identity is None else identity.role


def needed(app: Flask, endpoint: str) -> str | None:
    """The permission that a route takes; None for one without a rule."""
    found = ROUTES.get(endpoint)
    return found if found is not None else needed_by(app.view_functions[endpoint])


def check_marks(rules: Mapping[str, Callable[..., Any]]) -> None:
    """Refuse views, by the address they are for, that do not say who may ask them. Raises PluginContractError."""
    for rule, view in rules.items():
        permission = needed_by(view)
        known = (*PERMISSIONS, PUBLIC)
        if permission is None:
            raise PluginContractError(
                f"Its route {rule} does not say who may ask it. Put techfinder's @needs(PERMISSION) under it; "
                f"for static files call needs(PERMISSION)(blueprint). {known_names('', known)}"
            )
        if permission not in known:
            raise PluginContractError(
                f"Its route {rule} needs {permission!r}, which nobody has. {known_names(permission, known)}"
            )


def require_admin(settings: Settings) -> None:
    """Where people sign in, somebody must be able to. Raises SettingsError, DatabaseError."""
    if not settings.asks_to_sign_in:
        return
    access = Access(settings)
    try:
        found = access.people.has_admin()
    finally:
        access.close()  # whoever serves may fork
    if not found:
        raise SettingsError(
            f"People sign in here (TECHFINDER_HOST={settings.host}, TECHFINDER_SIGN_IN={settings.sign_in}), and there "
            "is no admin yet. Make one: techfinder user setup-link"
        )


def safe_next(text: str) -> str:
    """Where to go after signing in: an address of ours, else the start."""
    parts = _split(text.replace("\\", "/")) if text.isprintable() and text.startswith("/") else None
    if parts is None or parts.scheme or parts.netloc or text.startswith(("//", "/\\")):
        return "/"
    return "/" if parts.path.startswith((_SIGN_IN, "/sign-out", "/link/")) else text


def _split(text: str) -> SplitResult | None:
    """The parts of an address that a stranger sent; None when it is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return None


def _sign_in_address(asked: str) -> str:
    wanted = safe_next(asked.removesuffix("?"))
    return _SIGN_IN + (f"?next={quote(wanted, safe='/')}" if wanted != "/" else "")


def _given_token() -> str:
    """The token of a program: as OAuth writes it, or as Qdrant's clients do."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else request.headers.get("api-key", "")


def _wants_data() -> bool:
    """Whether a program asks, not somebody in a browser who wants a page."""
    program = request.path.startswith("/api/") and request.path != "/api/docs"
    return program or "text/html" not in request.headers.get("Accept", "")


def _refused(permission: str | None) -> Forbidden:
    known = PERMISSIONS.get(permission or "")
    what = f"to {known.text}" if known else "to this"
    text = f"You have no right {what}. Ask an admin, or use a token that has it."
    return NotAllowed(text) if _wants_data() else Forbidden(text)
