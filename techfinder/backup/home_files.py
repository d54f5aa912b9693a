"""The settings file without its secrets, and what else of a home folder is worth keeping.

Not kept: the encoders' weights and what was fetched of them, caches, spools, rejected rows: all of it can be made
anew, or must not last.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from techfinder.errors import BackupError
from techfinder.setting_files import read_settings_file
from techfinder.settings import FILE_NAME, Settings

__all__ = ["kept_files", "schema_member", "settings_without_secrets", "with_schema_file", "without_secrets"]

_MLFLOW = "mlflow"
_DATABASE = "mlflow.db"
_WEIGHTS = "weights"
_SECRET_NAME = re.compile(r"(key|token|secret|password|passwd|credentials?)$", re.IGNORECASE)
_PLAIN = re.compile(r"[^A-Za-z0-9_.-]")


def settings_without_secrets(home: Path) -> tuple[str, tuple[str, ...]] | None:
    """The settings file with every secret left out, and their names; None when there is no such file."""
    path = home / FILE_NAME
    if not read_settings_file(path):
        return None
    return without_secrets(path.read_text(encoding="utf-8"))


def without_secrets(text: str) -> tuple[str, tuple[str, ...]]:
    """Settings as they are but for secrets, whose lines become comments; and the names of these.

    Raises:
        BackupError: A secret is written in a way that it cannot be taken out line by line.
    """
    names = _secrets_in(tomllib.loads(text))
    last = {name.rpartition(".")[2] for name in names}
    lines = [_hidden(line, last) for line in text.splitlines()]
    kept = "\n".join(lines) + "\n"
    try:
        left = _secrets_in(tomllib.loads(kept))
    except tomllib.TOMLDecodeError:
        left = names
    if left:
        raise BackupError(
            f"The secrets {', '.join(sorted(left))} cannot be left out of {FILE_NAME}: write each on a line of its "
            "own, or better, keep them in the folder of TECHFINDER_SECRETS_DIR."
        )
    return kept, tuple(sorted(names))


def with_schema_file(text: str, path: Path) -> str:
    """Settings that name `path` as the schema file."""
    lines = [line for line in text.splitlines() if not re.match(r"\s*schema_file\s*=", line)]
    return "\n".join([f"schema_file = {json.dumps(str(path))}", *lines]) + "\n"


def schema_member(settings: Settings) -> str:
    """What the schema file is called in a backup; empty for the built-in one."""
    if settings.schema_file is None:
        return ""
    return _PLAIN.sub("_", settings.schema_file.name).lstrip(".-")[-100:] or "schema.toml"


def kept_files(home: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Members and their files: the MLflow in the home, but for weights, and how index runs ended."""
    for path in sorted((home / "runs").glob("*/progress.json")):
        yield f"runs/{path.parent.name}/{path.name}", path
    root = home / _MLFLOW
    if (root / _DATABASE).is_file():
        copy = scratch / _DATABASE
        with closing(sqlite3.connect(root / _DATABASE)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield f"{_MLFLOW}/{_DATABASE}", copy
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and not path.is_symlink() and not parts[0].startswith(_DATABASE) and _WEIGHTS not in parts:
            yield "/".join((_MLFLOW, *parts)), path


def _secrets_in(found: dict[str, Any], table: str = "") -> set[str]:
    """The names of settings that are secrets: those that say so, and those of plugins that sound so."""
    names = set()
    for name, value in found.items():
        field = Settings.model_fields.get(name) if not table else None
        declared = field is not None and field.annotation is SecretStr
        if isinstance(value, dict):
            names |= _secrets_in(value, f"{table}{name}.")
        elif value != "" and (declared or (table and _SECRET_NAME.search(name))):
            names.add(f"{table}{name}")
    return names


def _hidden(line: str, names: set[str]) -> str:
    name = line.partition("=")[0].strip().rpartition(".")[2].strip(" \"'")
    return f"# {name}: left out of the backup" if "=" in line and name in names else line
