"""What the pages about one's own account show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from techfinder_webui.parts import Banner
from techfinder_webui.signing_contexts import AccountPage, ScopeOption, SessionRow, TokenRow

if TYPE_CHECKING:
    from techfinder.access.access import Access
    from techfinder.access.permissions import Identity
    from techfinder.access.sessions import Session
    from techfinder.access.tokens import Token

__all__ = ["account_page", "told_time"]


def account_page(me: Identity, access: Access, *banners: Banner, made: str = "") -> AccountPage:
    """One's own account; `made` is a token that is shown this once."""
    now = access.clock()
    return AccountPage(
        name=me.name,
        role=me.role,
        rights=me.rights,
        least=access.signing_in.least,
        sessions=tuple(_session(s, me.session) for s in access.own.sessions(me)),
        tokens=tuple(_token(t, now) for t in access.tokens.of(me.name)),
        scopes=tuple(ScopeOption(name, text) for name, text in me.scopes_to_give),
        made=made,
        banners=banners,
    )


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
