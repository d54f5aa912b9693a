"""Signing in and out, one-use links, and one's own account. Offered where people sign in.

Every form is a plain one. That it comes from our own pages the core's gate has seen to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from flask import Blueprint, Response, abort, redirect, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as AnyResponse

from techfinder import AccessError, TechfinderError, TooManyAttempts, needs
from techfinder_webui.gate import access, gate
from techfinder_webui.guard import guard
from techfinder_webui.parts import Banner
from techfinder_webui.rendering import failed, render
from techfinder_webui.second_factor import add_second_factor
from techfinder_webui.signing_contexts import CodePage, LinkPage, SignInPage
from techfinder_webui.signing_pages import account_page, done, me, status_of, why

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from techfinder.access.signing_in import SignedIn
    from techfinder.finder import Finder

__all__ = ["make_signing_blueprint"]

_GONE = "This link was used already, or is too old. Ask whoever sent it for another one."


def make_signing_blueprint(finder: Finder) -> Blueprint:
    """The blueprint ``signing``: ``/sign-in``, ``/sign-out``, ``/link/<secret>``, ``/account/``."""
    blueprint = Blueprint("signing", __name__, template_folder="templates")
    blueprint.after_request(guard)
    blueprint.after_request(_never_kept)
    blueprint.register_error_handler(TechfinderError, lambda error: failed(finder, error))
    _add_password(blueprint)
    _add_single_sign_on(blueprint)
    _add_code(blueprint)
    _add_links(blueprint)
    _add_account(blueprint)
    _add_tokens(blueprint)
    add_second_factor(blueprint)
    return blueprint


def _add_password(blueprint: Blueprint) -> None:
    @blueprint.get("/sign-in")
    @needs("public")
    def sign_in() -> AnyResponse:
        wanted = gate().safe_next(request.args.get("next", ""))
        return redirect(wanted, 303) if gate().identity() else render("sign_in.html", _sign_in_page("", wanted))

    @blueprint.post("/sign-in")
    @needs("public")
    def try_sign_in() -> AnyResponse:
        name, wanted = request.form.get("name", ""), gate().safe_next(request.form.get("next", ""))
        try:
            done = access().signing_in.by_password(name, request.form.get("password", ""), gate().asker())
        except AccessError as error:
            return _refused("sign_in.html", _sign_in_page(name[:200], wanted, why(error)), error)
        return _signed_in(done, wanted)

    @blueprint.post("/sign-out")
    @needs("account")
    def sign_out() -> AnyResponse:
        access().signing_in.out(me(), gate().asker())
        return gate().forget(redirect(url_for("signing.sign_in"), 303))


def _add_single_sign_on(blueprint: Blueprint) -> None:
    @blueprint.get("/sign-in/sso")
    @needs("public")
    def leave() -> AnyResponse:
        wanted = gate().safe_next(request.args.get("next", ""))
        _require_provider()
        try:
            leaving = access().single_sign_on.leave(_back())
        except AccessError as error:
            return _refused("sign_in.html", _sign_in_page("", wanted, why(error)), error)
        return gate().leave(redirect(leaving.url, 303), f"{leaving.kept}.{quote(wanted, safe='')}")

    @blueprint.get("/sign-in/sso/back")
    @needs("public")
    def come_back() -> AnyResponse:
        _require_provider()
        parts = gate().left().split(".", 3)
        kept, wanted = ".".join(parts[:3]), gate().safe_next(unquote(parts[3]) if len(parts) > 3 else "")
        try:
            done = access().single_sign_on.come_back(kept, request.args, _back(), gate().asker())
        except AccessError as error:
            return _refused("sign_in.html", _sign_in_page("", wanted, why(error)), error)
        return _signed_in(done, wanted)


def _add_code(blueprint: Blueprint) -> None:
    @blueprint.get("/sign-in/code")
    @needs("public")
    def code() -> AnyResponse:
        wanted, owing = gate().safe_next(request.args.get("next", "")), access().signing_in.owing(gate().session())
        if owing is None:
            return redirect(url_for("signing.sign_in", next=wanted), 303)
        return render("sign_in_code.html", CodePage(owing.name, wanted))

    @blueprint.post("/sign-in/code")
    @needs("public")
    def try_code() -> AnyResponse:
        wanted, session = gate().safe_next(request.form.get("next", "")), gate().session()
        owing = access().signing_in.owing(session)
        if owing is None:
            return redirect(url_for("signing.sign_in", next=wanted), 303)
        try:
            done = access().signing_in.by_code(session, request.form.get("code", ""), gate().asker())
        except AccessError as error:
            return _refused("sign_in_code.html", CodePage(owing.name, wanted, (why(error),)), error)
        return _signed_in(done, wanted)


def _add_links(blueprint: Blueprint) -> None:
    @blueprint.get("/link/<secret>")
    @needs("public")
    def link(secret: str) -> AnyResponse:
        user = access().signing_in.whose_link(secret)
        if user is None:
            banner = Banner("error", "This link does not work any more", _GONE)
            return render("link.html", LinkPage("", "", access().signing_in.least, (banner,)), 404)
        return render("link.html", _link_page(user.name, secret))

    @blueprint.post("/link/<secret>")
    @needs("public")
    def use_link(secret: str) -> AnyResponse:
        user = access().signing_in.whose_link(secret)
        try:
            _same_twice()
            done = access().signing_in.by_link(secret, request.form.get("password", ""), gate().asker())
        except AccessError as error:
            return _refused("link.html", _link_page(user.name if user else "", secret, why(error)), error)
        return _signed_in(done, "/")


def _add_account(blueprint: Blueprint) -> None:
    @blueprint.get("/account/")
    @needs("account")
    def account() -> AnyResponse:
        text, made = (*gate().told(), "", "")[:2]
        banners = (Banner("info", text),) if text else ()
        return render("account.html", account_page(me(), access(), *banners, made=made))

    @blueprint.post("/account/password")
    @needs("account")
    def change_password() -> AnyResponse:
        def change() -> str:
            _same_twice()
            form = request.form
            access().own.change_password(me(), form.get("old", ""), form.get("password", ""), gate().asker())
            return "The password is changed. All your other sessions have ended."

        return done(change)

    @blueprint.post("/account/sessions")
    @needs("account")
    def end_sessions() -> AnyResponse:
        def end() -> str:
            chosen, owner = request.form.get("session", ""), me()
            if chosen:
                access().own.end_session(owner, chosen, gate().asker())
                return "That session has ended."
            access().people.end_sessions(owner.name, owner.label, gate().asker(), keep=owner.session)
            return "All your other sessions have ended."

        return done(end)


def _add_tokens(blueprint: Blueprint) -> None:
    @blueprint.post("/account/tokens")
    @needs("account")
    def make_token() -> AnyResponse:
        owner, form = me(), request.form
        try:
            made, text = access().tokens.make(
                owner.name, form.get("label", ""), form.getlist("scope"), _days(), owner.label, gate().asker()
            )
        except AccessError as error:
            return render("account.html", account_page(owner, access(), why(error)), status_of(error))
        told = f"The token {made.id} is made. Copy it now: nobody can be shown it again."
        return gate().tell_next(url_for("signing.account"), told, text)

    @blueprint.post("/account/tokens/revoke")
    @needs("account")
    def revoke_token() -> AnyResponse:
        def revoke() -> str:
            owner = me()
            gone = access().tokens.revoke(request.form.get("token", ""), owner.label, gate().asker(), owner=owner.name)
            return f"The token {gone.id} counts no longer."

        return done(revoke)


def _days() -> float:
    text = request.form.get("days", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _same_twice() -> None:
    """Raise AccessError unless the new password was typed the same twice."""
    if request.form.get("password", "") != request.form.get("again", ""):
        raise AccessError("The two passwords differ. Type the same one twice.")


def _require_provider() -> None:
    if not access().single_sign_on.offered:
        abort(404)


def _back() -> str:
    return gate().base_url() + url_for("signing.come_back")


def _sign_in_page(name: str, wanted: str, *banners: Banner) -> SignInPage:
    provider = access().single_sign_on
    return SignInPage(name, wanted, provider.label if provider.offered else "", banners)


def _link_page(name: str, secret: str, *banners: Banner) -> LinkPage:
    return LinkPage(name, url_for("signing.use_link", secret=secret), access().signing_in.least, banners)


def _signed_in(done: SignedIn, wanted: str) -> AnyResponse:
    target = url_for("signing.code", next=wanted) if done.owes_code else wanted
    return gate().keep(redirect(target, 303), done)


def _refused(template: str, page: DataclassInstance, error: AccessError) -> Response:
    answer = render(template, page, status_of(error))
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(round(error.retry_after_s))
    return answer


def _never_kept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
