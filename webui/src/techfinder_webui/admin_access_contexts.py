"""What the administration's pages about people and the audit log get: frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from techfinder_webui.parts import Banner, Link, explained

__all__ = ["AuditPage", "EntryRow", "PeoplePage", "RoleOption", "UserRow"]


@dataclass(frozen=True, slots=True)
class RoleOption:
    """A role to choose."""

    name: str = field(metadata=explained("Of the role."))
    selected: bool = field(metadata=explained("Whether it is the one that somebody has."))


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who may sign in."""

    name: str = field(metadata=explained("What they sign in with."))
    roles: tuple[RoleOption, ...] = field(metadata=explained("All roles, theirs selected."))
    remarks: str = field(metadata=explained("Whether they are disabled, have a password, a second factor."))
    since: str = field(metadata=explained("When they were added, in UTC."))
    disabled: bool = field(metadata=explained("Whether they may not sign in."))
    has_factor: bool = field(metadata=explained("Whether codes are asked of them."))
    reads: bool = field(metadata=explained("Whether a token of theirs reads Qdrant's REST API."))
    log_url: str = field(metadata=explained("What they did, in the audit log."))


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Of ``admin_people.html``."""

    users: tuple[UserRow, ...] = field(metadata=explained("Everybody, by name."))
    roles: tuple[RoleOption, ...] = field(metadata=explained("Roles for somebody new."))
    made: str = field(default="", metadata=explained("A link or token that was just made: it is shown this once."))
    made_label: str = field(default="", metadata=explained("Which of them it is."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("What was done, or why not."))


@dataclass(frozen=True, slots=True)
class EntryRow:
    """Something that happened."""

    number: int = field(metadata=explained("Of the entry."))
    when: str = field(metadata=explained("In UTC."))
    actor: Link = field(metadata=explained("Who did it; the link shows only what they did."))
    action: str = field(metadata=explained("What they did, in words."))
    subject: str = field(metadata=explained("To whom or what."))
    address: str = field(metadata=explained("Where they were."))
    detail: str = field(metadata=explained("What else there is to know."))


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Of ``admin_audit.html``."""

    entries: tuple[EntryRow, ...] = field(metadata=explained("The newest first."))
    actions: tuple[tuple[str, str, bool], ...] = field(metadata=explained("Name, words, selected: what to look for."))
    actor: str = field(metadata=explained("Only what this one did."))
    subject: str = field(metadata=explained("Only what was done to this one."))
    older_url: str = field(metadata=explained("Entries before these; empty where there are none."))
    newest_url: str = field(metadata=explained("The newest entries; empty where these are."))
