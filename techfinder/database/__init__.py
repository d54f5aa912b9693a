"""The application database: jobs, switches of generations, and what people have chosen.

``tables``      what is kept
``migrations``  how a database of an older version becomes one of this version, and back (Alembic)
``database``    connecting: SQLite in the home folder, or PostgreSQL by its address

Nothing that searches needs it. Importing this package imports no SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder.restored import require_restored

if TYPE_CHECKING:
    from techfinder.database.database import Database
    from techfinder.settings import Settings

__all__ = ["database_exists", "open_database"]

FILE = "techfinder.db"


def database_exists(settings: Settings) -> bool:
    """Whether there may be a database: a server that is named, or a file in the home folder."""
    return bool(settings.database_url.get_secret_value()) or (settings.home / FILE).exists()


def open_database(settings: Settings) -> Database:
    """The database that the settings name, brought to this version's form.

    Raises:
        DatabaseError: It does not answer, is damaged, or belongs to a newer version.
        BackupError: A restore has begun to take effect, and is not done.
    """
    require_restored(settings.home)
    from techfinder.database.database import Database

    return Database.open(settings.home, settings.database_url.get_secret_value())
