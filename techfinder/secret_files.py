"""The secrets of a stack of services: made once, kept in files, one folder for each service that reads them.

A service sees its own folder and no other, so that one which is broken into gives away nothing but its own::

    <root>/techfinder/techfinder_qdrant_api_key   ours, named as settings are (``TECHFINDER_SECRETS_DIR``)
           techfinder/techfinder_database_url
           qdrant/api_key                         what Qdrant asks of its callers
           postgres/postgres_password             the superuser's, and those of the two roles that have a database
           postgres/techfinder_password
           postgres/mlflow_password
           mlflow/backend_store_uri               where MLflow keeps what it knows
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from techfinder.errors import SettingsError

__all__ = ["SECRETS", "Secret", "make_secrets"]

_BYTES = 32
_SHORTEST = 16
_OWN, _OTHERS = 0o400, 0o444
"""Who may read a file: we alone; or, as its service runs as somebody else, whoever has the folder."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret and the files that hold it.

    Attributes:
        variable: That may give it, instead of its being made.
        files: Path below the root, what stands in it (``{}`` is the secret), and who may read it.
        fixed: True when it cannot be changed by writing another one into the files: a database knows it.
    """

    variable: str
    files: tuple[tuple[str, str, int], ...]
    fixed: bool = False


def _role(name: str, variable: str, url: str, holder: str) -> Secret:
    files = ((f"postgres/{name}_password", "{}", _OTHERS), (holder, url, _OWN))
    return Secret(variable, files, fixed=True)


SECRETS = (
    Secret(
        "QDRANT_API_KEY",
        (("qdrant/api_key", "{}", _OTHERS), ("techfinder/techfinder_qdrant_api_key", "{}", _OWN)),
    ),
    Secret("POSTGRES_PASSWORD", (("postgres/postgres_password", "{}", _OTHERS),), fixed=True),
    _role(
        "techfinder",
        "DATABASE_PASSWORD",
        "postgresql://techfinder:{}@postgres:5432/techfinder",
        "techfinder/techfinder_database_url",
    ),
    _role(
        "mlflow",
        "MLFLOW_DATABASE_PASSWORD",
        "postgresql+psycopg://mlflow:{}@postgres:5432/mlflow",
        "mlflow/backend_store_uri",
    ),
)


def make_secrets(root: Path, given: Mapping[str, str]) -> list[str]:
    """Write what is missing below `root`, and what `given` changes. Returns the variables of what was written.

    Args:
        root: With a folder for each service.
        given: Secrets by variable; an empty one counts as not given.

    Raises:
        SettingsError: A secret is too short, or one that a database knows was changed; nothing is written then.
    """
    chosen = [(secret, *_chosen(root, secret, given.get(secret.variable, ""))) for secret in SECRETS]
    for secret, value, write in chosen:
        if write:
            for name, form, mode in secret.files:
                _write(root / name, form.format(value if form == "{}" else quote(value, safe="")), mode)
    return [secret.variable for secret, _, write in chosen if write]


def _chosen(root: Path, secret: Secret, given: str) -> tuple[str, bool]:
    """The secret to have, and whether it is to be written."""
    first = root / secret.files[0][0]
    there = first.read_text(encoding="utf-8") if first.exists() else ""
    if given and len(given) < _SHORTEST:
        raise SettingsError(
            f"{secret.variable} has {len(given)} characters; a secret has {_SHORTEST} at least. Leave it empty, and a "
            "good one is made."
        )
    if secret.fixed and there and given not in ("", there):
        raise SettingsError(
            f"{secret.variable} is not what the database was made with, and writing it down would not change it there. "
            "Take it out of .env, or see deploy/README.md for changing passwords."
        )
    value = given or there or secrets.token_urlsafe(_BYTES)
    whole = all((root / name).exists() for name, _, _ in secret.files)
    return value, value != there or not whole


def _write(path: Path, text: str, mode: int) -> None:
    """Replace a file as a whole: a service may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.chmod(mode)
    draft.replace(path)
