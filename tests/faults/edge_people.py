"""The collection that tests of the embedded store's faults break, and looks at it."""

from __future__ import annotations

import psutil

from techfinder.interfaces import FacetRequest
from techfinder.store.edge.collection import EdgeCollection
from techfinder.testing.store_samples import any_of, make_spec, vector_of

SPEC = make_spec("people")
SIZE = 40


def answers(people: EdgeCollection) -> list[object]:
    """What a reader says to one question of each kind."""
    where = [any_of("sector", "Arts", "Legal")]
    return [
        people.browse([], [], 1000),
        [(h.profile.id, round(h.score, 6)) for h in people.search(vector_of(3), where, 1000, exact=True)],
        [(h.profile.id, round(h.score, 6)) for h in people.search(vector_of(4), [], 1000)],
        people.facets([FacetRequest("sector", (), "sector"), FacetRequest("tags", tuple(where), "tags")]),
    ]


def gone(pid: int) -> bool:
    """Whether a process has ended (or is a zombie that no one has looked at yet)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
