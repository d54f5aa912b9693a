"""Where profiles and their vectors live, behind the :class:`techfinder.interfaces.Store` contract.

``edge``, ``server``  the two adapters: embedded Qdrant Edge, and a Qdrant server
``conditions``        clauses to the filter language that both speak
``points``            what a stored point looks like: id, payload, vector, digest
``columns``           exact counts, facets and order, from NumPy columns beside each generation
                      (``column_files`` writes them, ``layered`` adds the changes since)
``ranking``           one order for hits with equal scores; ``tally`` the digest of what is stored
``copying``           a collection from one store to another; ``copy_spool`` keeps what was read

Importing this package loads no back end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder.restored import require_restored

if TYPE_CHECKING:
    from techfinder.interfaces import Store
    from techfinder.settings import Settings

__all__ = ["open_store"]


def open_store(settings: Settings, restoring: bool = False) -> Store:
    """The store that the settings name. Opens no collection, starts no process and connects to nothing yet.

    Raises BackupError while a restore takes effect, except for the one who is `restoring`.
    """
    if not restoring:
        require_restored(settings.home)
    if settings.store == "server":
        from techfinder.store.server.store import ServerStore

        return ServerStore(settings)
    from techfinder.store.edge.store import EdgeStore

    return EdgeStore(settings)
