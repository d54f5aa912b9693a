"""The one table of rights: what may be done, from which role on, and what each route of the core takes.

Routes of plugins say it themselves, with :func:`techfinder.needs`. What is in neither place is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from techfinder.errors import AccessError, cut, known_names
from techfinder.marks import PUBLIC

__all__ = [
    "LOCAL",
    "PERMISSIONS",
    "ROLES",
    "ROUTES",
    "Identity",
    "Permission",
    "Role",
    "decide",
    "hidden_fields",
    "role_named",
    "scopes_named",
]

Role = Literal["viewer", "analyst", "editor", "admin"]

ROLES: tuple[Role, ...] = ("viewer", "analyst", "editor", "admin")
"""From least to most: each may do what those before it may."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that may be done.

    Attributes:
        least: The least role that may.
        text: What it is, in a few words.
        by_token: Whether a token may carry it; what concerns accounts takes a person who signed in.
    """

    least: Role
    text: str
    by_token: bool = True


PERMISSIONS: Mapping[str, Permission] = {
    "search": Permission("viewer", "search, count, and see audiences"),
    "view": Permission("viewer", "see one person"),
    "account": Permission("viewer", "see and change one's own account and tokens", by_token=False),
    "export": Permission("analyst", "take people away as a file"),
    "encode": Permission("analyst", "have texts encoded"),
    "gateway": Permission("analyst", "read the Qdrant gateway"),
    "operate": Permission("editor", "see jobs, encoders and plugins; cancel jobs and try them again"),
    "import": Permission("editor", "bring people in"),
    "promote": Permission("admin", "let another encoder answer, or go back"),
    "erase": Permission("admin", "erase people"),
    "users": Permission("admin", "add people, change roles, disable", by_token=False),
    "audit": Permission("admin", "read the audit log"),
    "metrics": Permission("admin", "read metrics"),
}
"""By name."""

AUDITED: Mapping[str, str] = {"view": "profile.view", "export": "export"}
"""What is noted in the audit log of whoever uses a permission, every time, before the answer."""

ROUTES: Mapping[str, str] = {
    "health.healthz": PUBLIC,
    "health.readyz": PUBLIC,
    "metrics.show": "metrics",
    "docs.page": "search",
    "docs.asset": PUBLIC,
    "docs.openapi": "search",
    "api.search": "search",
    "api.search_by_plan": "search",
    "api.facets": "search",
    "api.facets_by_plan": "search",
    "api.audience": "search",
    "api.audience_by_plan": "search",
    "api.similar": "search",
    "api.lookalike": "search",
    "api.schema": "search",
    "api.coverage": "search",
    "api.encode": "encode",
    "api.runs": "search",
    "api.run": "search",
    "api.problem_kind": PUBLIC,
    "api.explain": "view",
    "api.explain_by_plan": "view",
    "api.compare": "view",
    "api.profile": "view",
    "api.standing": "view",
    "api.export": "export",
    "api.export_by_plan": "export",
    "api.plugins": "operate",
    "api.collections": "operate",
    "gateway.root": "gateway",
    "gateway.list_collections": "gateway",
    "gateway.describe_collection": "gateway",
    "gateway.collection_exists": "gateway",
    "gateway.list_aliases": "gateway",
    "gateway.collection_aliases": "gateway",
    "gateway.query": "gateway",
    "gateway.query_batch": "gateway",
    "gateway.search": "gateway",
    "gateway.scroll": "gateway",
    "gateway.count": "gateway",
    "gateway.facet": "gateway",
    "gateway.retrieve": "gateway",
    "gateway.retrieve_one": "gateway",
    "gateway.refused": "gateway",
}
"""What each route of the core takes, by endpoint."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks.

    Attributes:
        name: As one signs in with.
        role: What it allows is in :data:`PERMISSIONS`.
        user: The id; empty for whoever uses a techfinder of their own, without signing in.
        session: Digest of the session; empty for tokens.
        token: Id of the token; empty for sessions.
        scopes: What the token is limited to; None without one.
    """

    name: str
    role: Role
    user: str = ""
    session: str = ""
    token: str = ""
    scopes: frozenset[str] | None = None

    @property
    def label(self) -> str:
        """For the audit log: the name, and the token that stood in for it."""
        return f"{self.name} (token {self.token})" if self.token else self.name

    @property
    def rights(self) -> tuple[str, ...]:
        """What they may, in words."""
        return tuple(p.text for name, p in PERMISSIONS.items() if self.may(name))

    @property
    def scopes_to_give(self) -> tuple[tuple[str, str], ...]:
        """What a token of theirs may be for: names, and what they mean in words."""
        return tuple((name, p.text) for name, p in PERMISSIONS.items() if p.by_token and self.may(name))

    def may(self, permission: str) -> bool:
        """Whether they may do that; nobody may what is in no table."""
        known = PERMISSIONS.get(permission)
        if known is None or ROLES.index(self.role) < ROLES.index(known.least):
            return False
        return self.scopes is None or (known.by_token and permission in self.scopes)


LOCAL = Identity("local", "admin")
"""Whoever uses a techfinder that only this machine reaches: a personal tool asks nobody to sign in."""


def decide(identity: Identity | None, permission: str | None) -> Literal["allowed", "unknown", "refused"]:
    """Whether a route that takes `permission` is answered; ``unknown`` is who must sign in first.

    Args:
        identity: None for somebody who did not sign in.
        permission: None for a route without a rule: nobody gets an answer there.
    """
    if permission == PUBLIC:
        return "allowed"
    if identity is None:
        return "unknown"
    return "allowed" if permission is not None and identity.may(permission) else "refused"


def hidden_fields(role: Role, field_roles: Mapping[str, Role]) -> frozenset[str]:
    """The fields that a role does not see: those whose least role (setting ``field_roles``) is above it."""
    return frozenset(name for name, least in field_roles.items() if ROLES.index(role) < ROLES.index(least))


def role_named(name: str) -> Role:
    """The role of that name. Raises AccessError."""
    for role in ROLES:
        if role == name:
            return role
    raise AccessError(f"There is no role {cut(name)}. {known_names(name, ROLES)}")


def scopes_named(names: Iterable[str]) -> tuple[str, ...]:
    """What a token is to be limited to, checked, in the table's order. Raises AccessError."""
    wanted = set(names)
    known = [name for name, p in PERMISSIONS.items() if p.by_token]
    for name in sorted(wanted - set(known)):
        raise AccessError(f"A token cannot be for {cut(name)}. {known_names(name, known)}")
    if not wanted:
        raise AccessError("Choose what the token may do: at least one of what its owner may.")
    return tuple(name for name in known if name in wanted)
