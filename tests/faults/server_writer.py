"""A process that writes to a collection on a server, for tests that kill it on the way.

Run: python tests/faults/server_writer.py URL GRPC_PORT HOME COLLECTION build|change
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from techfinder.interfaces import Point
from techfinder.settings import Settings
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import make_point, make_points, make_spec

__all__ = ["CHANGED", "GONE", "PEOPLE"]

PEOPLE = 60
CHANGED: list[Point] = [make_point(n, sector="New") for n in (1, 2, 3, 70)]
"""What ``change`` writes: three are there, one is new."""
GONE = ["p50", "p51"]
"""Whom ``change`` removes."""


def main() -> int:
    """Do what the arguments say; 0 when all went well."""
    url, port, home, collection, what = sys.argv[1:]
    settings = Settings(home=Path(home), store="server", qdrant_url=url, qdrant_grpc_port=int(port), nice=0)
    with closing(ServerStore(settings)) as store:
        writer = store.write(make_spec(collection), fresh=what == "build")
        writer.upsert(make_points(PEOPLE) if what == "build" else CHANGED)
        if what == "change":
            writer.delete(GONE)
        writer.seal()
        writer.publish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
