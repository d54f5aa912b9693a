"""The administration of people and roles, and the audit log. Offered where people sign in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as AnyResponse

from techfinder import AccessError, TechfinderError, cut, needs
from techfinder_webui.admin_access_contexts import AuditPage, EntryRow, PeoplePage, RoleOption, UserRow
from techfinder_webui.gate import access, gate, who
from techfinder_webui.guard import guard
from techfinder_webui.parts import Banner, Link
from techfinder_webui.rendering import failed, render
from techfinder_webui.signing_pages import told_time

if TYPE_CHECKING:
    from techfinder.access.access import Access
    from techfinder.access.accounts import User
    from techfinder.access.audit import Entry
    from techfinder.finder import Finder

__all__ = ["make_admin_access_blueprint"]

_PAGE = 100
_MOST_NUMBER = 15


def make_admin_access_blueprint(finder: Finder) -> Blueprint:
    """The blueprint ``people``: ``/admin/people`` and ``/admin/audit``."""
    blueprint = Blueprint("people", __name__, url_prefix="/admin", template_folder="templates")
    blueprint.after_request(guard)
    blueprint.register_error_handler(TechfinderError, lambda error: failed(finder, error))
    _add_people(blueprint)
    _add_analysts(blueprint)
    _simple(blueprint, "disable", lambda people, *by: people.disable(*by), "{} is disabled.")
    _simple(blueprint, "enable", lambda people, *by: people.enable(*by), "{} is let in again.")
    _simple(blueprint, "sign-out", lambda people, *by: people.end_sessions(*by), "{} is signed out everywhere.")
    _simple(blueprint, "drop-factor", lambda people, *by: people.drop_factor(*by), "No code is asked of {} any more.")

    @blueprint.get("/audit")
    @needs("audit")
    def audit() -> AnyResponse:
        return render("admin_audit.html", _log(access()))

    return blueprint


def _add_people(blueprint: Blueprint) -> None:
    @blueprint.get("/people")
    @needs("users")
    def index() -> AnyResponse:
        text, made = (*gate().told(), "", "")[:2]
        banners = (Banner("info", text),) if text else ()
        return render("admin_people.html", _people(access(), *banners, made=made))

    @blueprint.post("/people/add")
    @needs("users")
    def add() -> AnyResponse:
        def done(name: str) -> tuple[str, str]:
            user, secret = access().people.add(name, request.form.get("role", ""), who(), gate().asker())
            return f"{user.name} is added. Send them this link: it works once, within three days.", _link(secret)

        return _done(done)

    @blueprint.post("/people/link")
    @needs("users")
    def link() -> AnyResponse:
        def done(name: str) -> tuple[str, str]:
            secret = access().people.new_link(name, who(), gate().asker())
            return f"Send {name} this link: it sets a password once, within three days.", _link(secret)

        return _done(done)

    @blueprint.post("/people/role")
    @needs("users")
    def role() -> AnyResponse:
        def done(name: str) -> tuple[str, str]:
            user = access().people.set_role(name, request.form.get("role", ""), who(), gate().asker())
            return f"{user.name} is {user.role} now.", ""

        return _done(done)


def _add_analysts(blueprint: Blueprint) -> None:
    """Whose programs read Qdrant's REST API."""

    @blueprint.post("/people/grant")
    @needs("users")
    def grant() -> AnyResponse:
        def done(name: str) -> tuple[str, str]:
            made, text = access().tokens.grant(name, _days(request.form.get("days", "")), who(), gate().asker())
            until = f"{datetime.fromtimestamp(made.until, UTC):%Y-%m-%d}"
            return f"Give {made.user} this token: it reads /qdrant until {until}.", text

        return _done(done)

    @blueprint.post("/people/withdraw")
    @needs("users")
    def withdraw() -> AnyResponse:
        def done(name: str) -> tuple[str, str]:
            count = access().tokens.withdraw(name, who(), gate().asker())
            return f"{count} {'token' if count == 1 else 'tokens'} of {name} for /qdrant revoked.", ""

        return _done(done)


def _days(text: str) -> float:
    """A number of days as it came. Raises AccessError."""
    try:
        return float(text)
    except ValueError:
        raise AccessError(f"{cut(text)!r} is no number of days. Give one, as 30.") from None


def _simple(blueprint: Blueprint, name: str, change: Callable[..., object], told: str) -> None:
    """A button that takes nobody but a name."""

    @needs("users")
    def view() -> AnyResponse:
        def done(user: str) -> tuple[str, str]:
            change(access().people, user, who(), gate().asker())
            return told.format(user), ""

        return _done(done)

    blueprint.add_url_rule(f"/people/{name}", name.replace("-", "_"), view, methods=["POST"])


def _done(change: Callable[[str], tuple[str, str]]) -> AnyResponse:
    """Go to the page about people, which says what was done to whom the form names; or that page with why not."""
    try:
        told, made = change(request.form.get("name", ""))
    except AccessError as error:
        return render("admin_people.html", _people(access(), Banner("error", "Nothing was changed", str(error))), 400)
    return gate().tell_next(url_for("people.index"), told, made)


def _link(secret: str) -> str:
    return gate().base_url() + url_for("signing.link", secret=secret)


def _people(found: Access, *banners: Banner, made: str = "") -> PeoplePage:
    now = found.clock()
    readers = {t.user for t in found.tokens.of() if "gateway" in t.scopes and t.state(now) == "good"}
    users = tuple(_user(u, found.roles, u.name in readers) for u in found.people.all())
    roles = tuple(RoleOption(name, name == found.roles[0]) for name in found.roles)
    return PeoplePage(users, roles, made, "The link" if "://" in made else "The token", banners)


def _user(user: User, roles: tuple[str, ...], reads: bool) -> UserRow:
    remarks = ["disabled"] if user.disabled else []
    remarks += [] if user.has_password or user.subject else ["no password yet"]
    remarks += ["second factor"] if user.has_second_factor else []
    return UserRow(
        name=user.name,
        roles=tuple(RoleOption(name, name == user.role) for name in roles),
        remarks=", ".join(remarks),
        since=told_time(user.created_at),
        disabled=user.disabled,
        has_factor=user.has_second_factor,
        reads=reads,
        log_url=url_for("people.audit", actor=user.name),
    )


def _log(found: Access) -> AuditPage:
    wanted = {name: request.args.get(name, "").strip()[:200] for name in ("actor", "action", "subject")}
    before = request.args.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= _MOST_NUMBER else None
    entries = found.log.newest(number, _PAGE + 1, **wanted)
    given = {name: value for name, value in wanted.items() if value}
    older = url_for("people.audit", **given, before=entries[_PAGE - 1].number) if len(entries) > _PAGE else ""
    return AuditPage(
        entries=tuple(_entry(e, found.actions) for e in entries[:_PAGE]),
        actions=tuple((name, text, name == wanted["action"]) for name, text in found.actions.items()),
        actor=wanted["actor"],
        subject=wanted["subject"],
        older_url=older,
        newest_url=url_for("people.audit", **given) if number is not None else "",
    )


def _entry(entry: Entry, actions: Mapping[str, str]) -> EntryRow:
    return EntryRow(
        number=entry.number,
        when=f"{datetime.fromtimestamp(entry.at, UTC):%Y-%m-%d %H:%M:%S}",
        actor=Link(entry.actor, url_for("people.audit", actor=entry.actor)),
        action=actions.get(entry.action, entry.action),
        subject=entry.subject,
        address=entry.address,
        detail=json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
    )
