"""Telling damage apart from a lack of rights, room or memory: only one of them asks for a rebuild."""

from __future__ import annotations

import errno
import re

from techfinder.errors import StoreDamaged, StoreError, StoreUnavailable

__all__ = ["NO_ROOM", "NO_WRITING", "failure"]

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_WRITING = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_MEMORY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_IN_ENGINE = re.compile(r"os error (\d+)")


def failure(what: str, error: BaseException, otherwise: type[StoreError] = StoreDamaged) -> StoreError:
    """The error to raise for `what` (a phrase like "X cannot be read") that came of `error`.

    Returns:
        StoreUnavailable with what to do where the system refused (no room, no rights, too little
        memory), else `otherwise`, which says what failed and why.
    """
    code = _code(error)
    said = error.strerror or str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    reason = f"{what}: {said[:400].rstrip('.')}."
    if code in NO_WRITING:
        return StoreUnavailable(
            f"{reason} Allow this user to read and write there, or take another home (TECHFINDER_HOME)."
        )
    if code in NO_ROOM:
        return StoreUnavailable(f"{reason} Make room there, then try again. What was live is live still.")
    if code in _NO_MEMORY:
        return StoreUnavailable(f"{reason} Free some files or memory, then try again.")
    return otherwise(reason)


def _code(error: BaseException) -> int | None:
    """The system's error number: the error's own, or the one that the engine puts into its message."""
    if isinstance(error, OSError):
        return error.errno
    found = _IN_ENGINE.search(str(error))
    return int(found[1]) if found else None
