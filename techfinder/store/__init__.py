"""Where profiles and their vectors live, behind the :class:`techfinder.interfaces.Store` contract.

``conditions``     clauses to the filter language that every adapter speaks
``points``         what a stored point looks like: id, payload, vector, digest
``columns``        exact counts, facets and order, from NumPy columns beside each generation
``generations``    the folders of the embedded store: sealed builds, the live one, locks
``edge``           the only module that talks to Qdrant Edge; runs in processes of its own
``edge_process``   the program of those processes (``edge_serve``, ``edge_build`` and
                   ``edge_inspect`` are their jobs); ``channel`` is how they are called
``edge_store``     the embedded adapter: ``edge_collection`` reads, ``edge_writer`` builds
``server_store``   the adapter of a Qdrant server: ``server_collection`` reads, ``server_writer`` and
                   ``server_build`` write; ``server`` is the connection, ``server_control`` what
                   several techfinders on one server agree on
``copying``        a collection from one store to another; ``copy_spool`` keeps what was read

Importing this package loads no back end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from techfinder.interfaces import Store
    from techfinder.settings import Settings

__all__ = ["open_store"]


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Opens no collection, starts no process and connects to nothing yet."""
    if settings.store == "server":
        from techfinder.store.server_store import ServerStore

        return ServerStore(settings)
    from techfinder.store.edge_store import EdgeStore

    return EdgeStore(settings)
