"""Every error that techfinder raises on purpose.

::

    TechfinderError
    ├── SettingsError            a setting is missing or wrong
    ├── SchemaError              a schema file is wrong
    ├── PluginError
    │   ├── PluginLoadError      a plugin could not be imported or registered
    │   └── PluginContractError  a plugin answered something its hook does not allow
    ├── SourceError              an input cannot be read at all
    ├── EncoderError             an encoder cannot be loaded, or answered nonsense
    ├── StoreError
    │   ├── StoreUnavailable     the store does not answer; trying again may help
    │   ├── StoreDamaged         files of the store are missing or altered
    │   ├── CollectionNotFound   nothing has been indexed under that name
    │   ├── DimensionMismatch    vectors of another length than the collection's
    │   └── FingerprintMismatch  vectors made by another encoder or text template
    ├── IndexingError            an index run was stopped before going live
    ├── BackupError              a backup cannot be made, read or restored
    ├── DatabaseError            the application database does not answer, or is of another version
    ├── AccessError              a user, role, password, link or token cannot be what is asked for
    │   └── TooManyAttempts      somebody has guessed too often; later again
    ├── JobError                 a job cannot be queued, or cannot go on
    │   └── JobCancelled         somebody asked it to stop
    ├── RegistryError            MLflow holds no such encoder version, or not what it should
    │   └── RegistryUnavailable  MLflow does not answer; trying again may help
    └── QueryError               a question names what does not exist, or cannot be read
        ├── FieldWithheld        a question uses a field that whoever asks has no right to
        ├── ProfileNotFound      a question is about profiles that are not there
        └── CursorError          a cursor was altered, or is of another question
            └── CursorExpired    the people have changed since the cursor was made

A message says what failed and whose it is, the value got (cut), what was expected, and
what to do next. Programs that embed techfinder need to catch ``TechfinderError`` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AccessError",
    "BackupError",
    "CollectionNotFound",
    "CursorError",
    "CursorExpired",
    "DatabaseError",
    "DimensionMismatch",
    "EncoderError",
    "FieldWithheld",
    "FingerprintMismatch",
    "IndexingError",
    "JobCancelled",
    "JobError",
    "PluginContractError",
    "PluginError",
    "PluginLoadError",
    "ProfileNotFound",
    "QueryError",
    "RegistryError",
    "RegistryUnavailable",
    "SchemaError",
    "SettingsError",
    "SourceError",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "TechfinderError",
    "TooManyAttempts",
    "cut",
    "known_names",
]


class TechfinderError(Exception):
    """Base of all errors that techfinder raises on purpose."""


class SettingsError(TechfinderError):
    """A setting is missing or has a value that cannot be used."""


class SchemaError(TechfinderError):
    """A schema file cannot be read or contradicts itself."""


class PluginError(TechfinderError):
    """A plugin failed."""


class PluginLoadError(PluginError):
    """A plugin could not be imported or registered."""


class PluginContractError(PluginError):
    """A plugin answered something that its hook does not allow."""


class SourceError(TechfinderError):
    """An input cannot be read at all: missing, empty, of an unknown kind, unusable header."""


class EncoderError(TechfinderError):
    """An encoder cannot be loaded, or answered vectors that break its own declaration."""


class StoreError(TechfinderError):
    """The vector store refused or failed."""


class StoreUnavailable(StoreError):
    """The store does not answer in time; trying again may help."""


class StoreDamaged(StoreError):
    """Files of the store are missing or altered; the message names them, and the way out."""


class CollectionNotFound(StoreError):
    """No generation of the collection is live: nothing has been indexed yet."""


class DimensionMismatch(StoreError):
    """A vector's length is not the collection's."""


class FingerprintMismatch(StoreError):
    """Query and collection were encoded by different encoders or text templates."""


class IndexingError(TechfinderError):
    """An index run was stopped before its generation went live."""


class BackupError(TechfinderError):
    """A backup cannot be made, is damaged, or cannot be restored here."""


class DatabaseError(TechfinderError):
    """The application database does not answer, is damaged, or belongs to another version of techfinder."""


class AccessError(TechfinderError):
    """A user, role, password, link or token does not exist, or cannot be what is asked for."""


class TooManyAttempts(AccessError):
    """Somebody has guessed too often, or somebody else has in their name.

    Attributes:
        retry_after_s: When to try again.
    """

    def __init__(self, retry_after_s: float) -> None:
        """Say how long to wait."""
        self.retry_after_s = retry_after_s
        minutes = max(1, round(retry_after_s / 60))
        super().__init__(f"Too many attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}.")


class JobError(TechfinderError):
    """A job cannot be queued, is not known, or cannot go on."""


class JobCancelled(JobError):
    """Somebody asked the job to stop, and it did."""


class RegistryError(TechfinderError):
    """The registry of encoder versions does not hold what is asked for, or holds something else."""


class RegistryUnavailable(RegistryError):
    """MLflow does not answer in time; trying again may help."""


class QueryError(TechfinderError):
    """A question names a field or value that does not exist, or cannot be read."""


class FieldWithheld(QueryError):
    """A question uses fields that whoever asks has no right to."""

    def __init__(self, asked: Iterable[str]) -> None:
        """Say so in the words that were `asked` with: nothing more is told of the fields."""
        named = ", ".join(dict.fromkeys(cut(a) for a in asked))
        super().__init__(
            f"Your role has no right to what {named} asks for. Leave that out, or ask whoever runs techfinder (setting "
            "field_roles)."
        )


class ProfileNotFound(QueryError):
    """A question is about profiles that are not there.

    Attributes:
        ids: Those that are not, in the order asked.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        """Name the `ids`, at most ten of them in the message."""
        self.ids = tuple(ids)
        shown = ", ".join(cut(i) for i in self.ids[:10]) + (", …" if len(self.ids) > 10 else "")
        super().__init__(f"There is no profile {shown}. It may have been removed since; search again.")


class CursorError(QueryError):
    """A cursor was altered, or belongs to another question."""


class CursorExpired(CursorError):
    """The people have changed since the cursor was made: its pages would not fit together."""


def cut(value: object, limit: int = 80) -> str:
    """``repr(value)``, shortened to `limit` characters for use in a message."""
    text = repr(value if not isinstance(value, str) else value[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def known_names(name: str, known: Iterable[str]) -> str:
    """The end of an "unknown name" message: the nearest known names, or all of them.

    Returns:
        ``"Did you mean 'a' or 'b'?"`` when something is near, else ``"Known: 'a', 'b'."``
        (at most 20 names).
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    if not names:
        return "None are known."
    shown = ", ".join(repr(n) for n in names[:20])
    return f"Known: {shown}{', …' if len(names) > 20 else ''}."
