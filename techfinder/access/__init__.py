"""Who may do what: people who sign in, their roles, sessions and tokens, and a log of what they did.

``permissions``    the one table: each permission and the least role that has it, each route and its permission
``access``         all of it over one application database: what pages, the API and the command line ask
``people``, ``signing_in``, ``own``, ``known``   its parts: what admins do, how sessions begin, accounts, who asks
``accounts``, ``sessions``, ``links``, ``tokens``, ``second_factor``, ``throttle``, ``audit``   what is kept of each
``passwords``, ``secrets``                       hashes and digests

It knows no web server. Importing this package imports no SQLAlchemy.
"""

from __future__ import annotations

from techfinder.access.permissions import PERMISSIONS, ROLES, Identity, Role

__all__ = ["PERMISSIONS", "ROLES", "Identity", "Role"]
