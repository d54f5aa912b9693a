"""What stands around a word that applies to something said: whether it leads, trails, answers or ends a list."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from techfinder.parser.nodes import Atom, Mark

__all__ = ["ends_here", "ends_with_people", "is_answer", "is_mark", "is_trailing", "leads"]

_FAR = 40
"""Nodes beyond which nothing is looked for."""


def is_mark(node: Atom | Mark, kind: str) -> bool:
    """Whether a node is a mark of this kind."""
    return isinstance(node, Mark) and node.kind == kind


def leads(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether what is said to be optional comes behind: "if possible on Reddit"."""
    for node in nodes[place + 1 : place + 1 + _FAR]:
        if isinstance(node, Atom) or node.kind in ("comma", "stop", "but", "and", "or"):
            return isinstance(node, Atom)
    return False


def is_answer(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether a "no" answers what stands before it: "iPhone? No, thanks.", "headset: no"."""
    before = place - 1
    while before > 0 and isinstance(node := nodes[before], Mark) and node.kind == "stop" and node.word != "?":
        before -= 1  # "?!"
    asked = nodes[before] if before >= 0 else None
    if not isinstance(asked, Mark) or (asked.kind != "colon" and asked.word != "?"):
        return False
    after = next((n for n in nodes[place + 1 :] if not (isinstance(n, Mark) and n.kind == "open")), None)
    return after is None or (isinstance(after, Mark) and after.kind in ("comma", "stop", "but", "and"))


def is_trailing(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether nothing comes after a "not" that it could be about, as in "price does not"."""
    before = place - 1
    while before > 0 and isinstance(node := nodes[before], Mark) and node.kind == "open":
        before -= 1
    if before < 0 or not isinstance(nodes[before], Atom):
        return False
    for node in nodes[place + 1 : place + 1 + _FAR]:
        if isinstance(node, Atom):
            return False
        if node.kind in ("stop", "but", "comma"):
            return True
        if node.kind == "unknown":
            return False
    return True


def ends_here(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether what joins or ends parts comes right behind, or nothing."""
    if place + 1 == len(nodes):
        return True
    after = nodes[place + 1]
    return isinstance(after, Mark) and after.kind in ("and", "or", "comma", "slash", "stop", "but")


def ends_with_people(nodes: Sequence[Atom | Mark], place: int) -> bool:
    """Whether the list goes on to "and those who": "omit the over-70s, beginners and those without a phone"."""
    for before, node in pairwise(nodes[place : place + _FAR]):
        if isinstance(node, Mark) and node.kind in ("stop", "but", "instead"):
            return False
        if isinstance(node, Mark) and node.kind == "whoever" and isinstance(before, Mark):
            return before.kind in ("and", "or")
    return False
