"""What the templates about signing in get: frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from techfinder_webui.parts import Banner, explained

__all__ = ["AccountPage", "CodePage", "FactorPage", "LinkPage", "ScopeOption", "SessionRow", "SignInPage", "TokenRow"]


@dataclass(frozen=True, slots=True)
class SignInPage:
    """Of ``sign_in.html``."""

    name: str = field(metadata=explained("What was typed as the name."))
    next: str = field(metadata=explained("Where to go afterwards; an address of this site."))
    provider: str = field(metadata=explained("What single sign-on is called; empty where there is none."))
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
class ScopeOption:
    """Something that a token may be for."""

    name: str = field(metadata=explained("Of the permission."))
    text: str = field(metadata=explained("What it is, in words."))


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One of one's own tokens."""

    id: str = field(metadata=explained("Its public part."))
    label: str = field(metadata=explained("What it is for."))
    scopes: str = field(metadata=explained("What it may do."))
    until: str = field(metadata=explained("When it ends, in UTC."))
    used: str = field(metadata=explained("When it was last used, in UTC; 'never' before."))
    state: str = field(metadata=explained("'good', 'revoked' or 'ended'."))


@dataclass(frozen=True, slots=True)
class FactorPage:
    """Of ``factor.html``: a key to scan, or the codes to keep."""

    key: str = field(metadata=explained("Of the app; empty once it is switched on."))
    spelt: str = field(metadata=explained("The key in groups of four."))
    picture: str = field(metadata=explained("The key as a QR code, as a data address."))
    codes: tuple[str, ...] = field(metadata=explained("Codes to recover with: they are shown this once."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("Why it did not work."))


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Of ``account.html``."""

    name: str = field(metadata=explained("Who is signed in."))
    role: str = field(metadata=explained("Their role."))
    rights: tuple[str, ...] = field(metadata=explained("What it allows, in words."))
    least: int = field(metadata=explained("How many characters a password has at least."))
    sessions: tuple[SessionRow, ...] = field(metadata=explained("Where one is signed in, the newest first."))
    factor: bool = field(metadata=explained("Whether codes are asked for."))
    recovery: int = field(metadata=explained("How many codes to recover with are left."))
    tokens: tuple[TokenRow, ...] = field(metadata=explained("One's tokens, the newest first."))
    scopes: tuple[ScopeOption, ...] = field(metadata=explained("What a new token may be for."))
    made: str = field(default="", metadata=explained("A token that was just made: it is shown this once."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("What was done, or why not."))
