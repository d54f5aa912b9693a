"""Addresses of the pages beside the search: what the search has, and names of their own, each with a dot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from flask import url_for

from techfinder import QueryPlan
from techfinder_webui.address import PAGE, Address

__all__ = ["FIRST_ORDER", "ORDERS", "GlanceAddress", "LookalikeAddress", "audience_url", "lookalike_url"]

ORDERS = ("field", "value", "count", "share", "base", "lift", "low")
"""What the table of all numbers can be sorted by."""

_TABLE, _LOOK = "table.", "look."

FIRST_ORDER = "-lift"
"""How that table is sorted at first."""


@dataclass(frozen=True, slots=True)
class GlanceAddress:
    """What one URL of the audience page asks for.

    Attributes:
        asked: As on the search page.
        order: What the table of all numbers is sorted by, with a leading ``-`` for highest first.
        whole: Whether that table is shown to its end.
    """

    asked: Address
    order: str = FIRST_ORDER
    whole: bool = False

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> GlanceAddress:
        """The address in URL parameters. Never fails."""
        own, rest = _parted(pairs, _TABLE)
        order = next((v for n, v in own if n == "sort" and v.removeprefix("-") in ORDERS), FIRST_ORDER)
        return cls(Address.read(rest), order, ("whole", "yes") in own)

    def url(self, path: str) -> str:
        """This address on the page at `path`."""
        pairs = self.asked.pairs()
        pairs += [(f"{_TABLE}sort", self.order)] if self.order != FIRST_ORDER else []
        pairs += [(f"{_TABLE}whole", "yes")] if self.whole else []
        return _url(path, pairs)


@dataclass(frozen=True, slots=True)
class LookalikeAddress:
    """What one URL of the lookalike page asks for.

    Attributes:
        asked: As on the search page: whom to be like, and conditions.
        not_like: Ids of people not to be like.
        off: Names of attributes that do not rank.
        sensitive: Whether sensitive fields rank.
    """

    asked: Address = field(default_factory=Address)
    not_like: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    sensitive: bool = False

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> LookalikeAddress:
        """The address in URL parameters. Never fails."""
        own, rest = _parted(pairs, _LOOK)

        def values(name: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(v.strip() for n, v in own if n == name and v.strip()))

        asked = Address.read(rest)
        # The form's own inputs have names of their own: an empty one would take its namesakes with it.
        asked = replace(asked, like=tuple(dict.fromkeys((*asked.like, *values("like")))))
        not_like = tuple(dict.fromkeys((*values("not"), *values("unlike"))))
        return cls(asked, not_like, values("off"), ("sensitive", "yes") in own)

    def pairs(self) -> list[tuple[str, str]]:
        """URL parameters."""
        made = self.asked.pairs()
        made += [(f"{_LOOK}not", i) for i in self.not_like] + [(f"{_LOOK}off", name) for name in self.off]
        return made + ([(f"{_LOOK}sensitive", "yes")] if self.sensitive else [])

    def url(self, path: str) -> str:
        """This address on the page at `path`."""
        return _url(path, self.pairs())

    def first_page(self) -> LookalikeAddress:
        """The same from the beginning."""
        return replace(self, asked=replace(self.asked, limit=PAGE, offset=0))

    def liking(self, like: Iterable[str], not_like: Iterable[str]) -> LookalikeAddress:
        """The first page with other people to be like and not to be like."""
        asked = replace(self.asked, like=tuple(dict.fromkeys(like)))
        return replace(self, asked=asked, not_like=tuple(dict.fromkeys(not_like))).first_page()

    def switched(self, name: str) -> LookalikeAddress:
        """The first page with one attribute switched."""
        off = tuple(n for n in self.off if n != name) if name in self.off else (*self.off, name)
        return replace(self, off=off).first_page()


def audience_url(asked: Address) -> str:
    """The audience at a glance, of what an address finds."""
    return GlanceAddress(asked.first_page()).url(url_for("webui.audience"))


def lookalike_url(asked: Address, plan: QueryPlan) -> str:
    """What the people share whom a plan is to be like."""
    look = LookalikeAddress(replace(asked.first_page(), like=plan.like, sort=()), plan.not_like)
    return look.url(url_for("webui.lookalike"))


def _parted(pairs: Iterable[tuple[str, str]], prefix: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Parameters of one page, without their prefix, and the rest."""
    own, rest = [], []
    for name, value in pairs:
        if name.startswith(prefix):
            own.append((name.removeprefix(prefix), value))
        else:
            rest.append((name, value))
    return own, rest


def _url(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(pairs))
    return f"{path}?{query}" if query else path
