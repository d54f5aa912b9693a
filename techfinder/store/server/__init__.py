"""The server store: collections on a Qdrant server, shared by all who know its address.

``store``          the ``Store`` contract
``collection``     reads one: similarity from the server, everything exact from columns
``columns_cache``  those columns, kept in the home folder
``writer``         small changes in place; ``build`` makes a new generation
``generations``    which there are and which is live: Qdrant collections behind an alias
``control``        leases of writers, and the journal of changes in place
``points``         the points of one Qdrant collection; ``messages`` puts them on the wire
``connection``     asks, within a deadline, at one address or another (``address``, ``transport``), and says
                   in words what went wrong (``errors``)
"""
