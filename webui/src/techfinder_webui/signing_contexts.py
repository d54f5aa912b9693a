"""What the templates about signing in get: frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from techfinder_webui.parts import Banner, explained

__all__ = ["AccountPage", "CodePage", "LinkPage", "SessionRow", "SignInPage"]


@dataclass(frozen=True, slots=True)
class SignInPage:
    """Of ``sign_in.html``."""

    name: str = field(metadata=explained("What was typed as the name."))
    next: str = field(metadata=explained("Where to go afterwards; an address of this site."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("Why it did not work."))


@dataclass(frozen=True, slots=True)
class CodePage:
    """Of ``sign_in_code.html``: the second factor."""

    name: str = field(metadata=explained("Who is signing in."))
    next: str = field(metadata=explained("Where to go afterwards; an address of this site."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("Why it did not work."))


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Of ``link.html``: a one-use link, by which a password is set."""

    name: str = field(metadata=explained("Whose link it is; empty where it does not count any more."))
    url: str = field(metadata=explained("Where the form is sent."))
    least: int = field(metadata=explained("How many characters a password has at least."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("Why it did not work."))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Somewhere one is signed in."""

    id: str = field(metadata=explained("Stands for it in the form that ends it."))
    begun: str = field(metadata=explained("When, in UTC."))
    seen: str = field(metadata=explained("Last request, in UTC."))
    where: str = field(metadata=explained("Address and browser."))
    here: bool = field(metadata=explained("Whether it is the one that asks."))


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Of ``account.html``."""

    name: str = field(metadata=explained("Who is signed in."))
    role: str = field(metadata=explained("Their role."))
    rights: tuple[str, ...] = field(metadata=explained("What it allows, in words."))
    least: int = field(metadata=explained("How many characters a password has at least."))
    sessions: tuple[SessionRow, ...] = field(metadata=explained("Where one is signed in, the newest first."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("What was done, or why not."))
