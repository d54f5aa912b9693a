"""The home folder, and the files that settings come from: ``techfinder.toml`` in it, and a folder of secrets."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from techfinder.errors import SettingsError, cut

__all__ = ["PREFIX", "holds", "make_home", "read_secrets", "read_settings_file"]

PREFIX = "TECHFINDER_"
"""Of variables of the environment, and in small letters of files of secrets."""

_MAX_BYTES = 1_000_000


def make_home(home: Path) -> None:
    """Make the home folder where it is not there yet, closed to other users: people are in it. Raises OSError.

    One that is there stays as it is: whoever made it may want a group to read it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_settings_file(path: Path | None) -> dict[str, Any]:
    """What stands in the settings file; nothing when there is none. Raises SettingsError."""
    try:
        if path is None or not (path.exists() or path.is_symlink()):
            return {}
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise _unreadable(path, "it is a folder" if path.is_dir() else "it is no regular file")
        if path.stat().st_size > _MAX_BYTES:
            raise _unreadable(path, f"it is larger than {_MAX_BYTES:,} bytes")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"it is not in UTF-8 (byte {error.start + 1})") from error
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(path, str(error)) from error
    except RecursionError as error:
        raise _unreadable(path, "it is nested too deeply") from error


def read_secrets(folder: Path | None, names: Iterable[str]) -> dict[str, str]:
    """What stands in the files of a folder of secrets, by setting. Raises SettingsError when one cannot be read."""
    if folder is None:
        return {}
    try:
        there = {path.name: path for path in folder.iterdir()}
        paths = {name: there.get(f"{PREFIX}{name}".lower()) for name in names}
        return {name: path.read_text(encoding="utf-8").strip() for name, path in paths.items() if path}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"Folder of secrets {cut(str(folder), 200)} cannot be read: {getattr(error, 'strerror', None) or error}. "
            f"Mend it, or name another one in {PREFIX}SECRETS_DIR."
        ) from error


def holds(file: Path | None, path: Sequence[str]) -> bool:
    """Whether the settings file says something of what the keys lead to. Raises SettingsError."""
    found: object = read_settings_file(file)
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True


def _unreadable(path: Path | None, reason: str) -> SettingsError:
    return SettingsError(
        f"Settings file {cut(str(path), 200)} cannot be read: {reason}. Expected a file in TOML; mend or remove it."
    )
