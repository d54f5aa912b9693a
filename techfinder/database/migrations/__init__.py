"""Alembic's scripts; :mod:`techfinder.database.database` runs them."""
