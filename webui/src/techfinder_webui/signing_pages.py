"""What the pages about one's own account show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import url_for
from werkzeug.wrappers import Response as AnyResponse

from techfinder import AccessError, TooManyAttempts
from techfinder_webui.gate import access, gate
from techfinder_webui.parts import Banner
from techfinder_webui.rendering import render
from techfinder_webui.signing_contexts import AccountPage, ScopeOption, SessionRow, TokenRow

if TYPE_CHECKING:
    from techfinder.access.access import Access
    from techfinder.access.permissions import Identity
    from techfinder.access.sessions import Session
    from techfinder.access.tokens import Token

__all__ = ["account_page", "done", "me", "status_of", "told_time", "why"]


def account_page(who: Identity, found: Access, *banners: Banner, made: str = "") -> AccountPage:
    """One's own account; `made` is a token that is shown this once."""
    now = found.clock()
    return AccountPage(
        name=who.name,
        role=who.role,
        rights=who.rights,
        least=found.signing_in.least,
        sessions=tuple(_session(s, who.session) for s in found.own.sessions(who)),
        factor=found.own.has_factor(who),
        recovery=found.own.recovery_left(who),
        tokens=tuple(_token(t, now) for t in found.tokens.of(who.name)),
        scopes=tuple(ScopeOption(name, text) for name, text in who.scopes_to_give),
        made=made,
        banners=banners,
    )


def done(change: Callable[[], str]) -> AnyResponse:
    """Go to the account page, which says what was done; or that page with the reason why not."""
    try:
        text = change()
    except AccessError as error:
        return render("account.html", account_page(me(), access(), why(error)), status_of(error))
    return gate().tell_next(url_for("signing.account"), text)


def me() -> Identity:
    """Who is signed in; the gate has seen to it that somebody is."""
    identity = gate().identity()
    assert identity is not None
    return identity


def why(error: AccessError) -> Banner:
    """Why something did not work."""
    return Banner("error", "That did not work", str(error))


def status_of(error: AccessError) -> int:
    """The HTTP status of something that did not work."""
    return 429 if isinstance(error, TooManyAttempts) else 400


def told_time(seconds: float) -> str:
    """A time in UTC, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _token(token: Token, now: float) -> TokenRow:
    return TokenRow(
        id=token.id,
        label=token.label,
        scopes=", ".join(token.scopes),
        until=told_time(token.until),
        used=told_time(token.used_at) if token.used_at else "never",
        state=token.state(now),
    )


def _session(session: Session, mine: str) -> SessionRow:
    return SessionRow(
        id=session.digest,
        begun=told_time(session.begun_at),
        seen=told_time(session.seen_at),
        where=" · ".join(part for part in (session.address, session.browser) if part),
        here=session.digest == mine,
    )
