"""The border to MLflow: runs, models, versions and files. Beside it only ``descriptions`` imports mlflow.

Files are logged and fetched as they are. MLflow's flavours are never used for them, neither to save (they write
weights anew, with other hashes) nor to load (they run what they find).
"""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from techfinder.errors import RegistryError, RegistryUnavailable, cut
from techfinder.registry.versions import MODEL_PREFIX

__all__ = ["VARIABLE", "Listed", "Logged", "Tracking"]

VARIABLE = "MLFLOW_TRACKING_URI"
IDENTITY, FINGERPRINT, TEMPLATE, PRECISION = (
    f"techfinder.{name}" for name in ("identity", "fingerprint", "template", "precision")
)
_CALL_S, _FILES_S, _CLEAN_S = 10, 60, 3
"""Seconds that one call may take; one that carries files; and one that tidies up after another has failed."""

_MISSING = ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "ENDPOINT_NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Listed:
    """A model version as MLflow has it."""

    model: str
    number: int
    tags: Mapping[str, str]
    aliases: tuple[str, ...]
    created_at: str
    run: str


@dataclass(frozen=True, slots=True)
class Logged:
    """What is to be logged as a version.

    Attributes:
        kind: In words, for messages: ``"an encoder version"``.
        model: Name of the registered model; `description` is its own.
        experiment: That its run belongs to.
        tags: Of the version and its run; :data:`IDENTITY` is one of them.
        describe: Writes ``MLmodel`` into the folder that is logged.
    """

    kind: str
    model: str
    description: str
    experiment: str
    tags: Mapping[str, str]
    describe: Callable[[Path], None]


class Tracking:
    """What is needed of one MLflow. Every call raises RegistryUnavailable when it does not answer."""

    def __init__(self, home: Path) -> None:
        """Connect to nothing and import nothing yet.

        MLflow is the server that the environment variable names, else a database of our own below `home`.
        """
        self._database = home / "mlflow" / "mlflow.db"
        server = os.environ.get(VARIABLE, "")
        self._embedded = not server
        self.uri = server or f"sqlite:///{self._database}"
        self._client: Any = None

    def listed(self, prefix: str) -> list[Listed]:
        """All versions of the models whose names begin with `prefix`, by name and number."""
        if self._embedded and not self._database.exists():
            return []  # making an empty database takes seconds
        with self._asking("list encoder versions") as client:
            models = client.search_registered_models(filter_string=f"name LIKE '{prefix}%'", max_results=1000)
            found = [
                _listed(version, model.aliases)
                for model in models
                for version in client.search_model_versions(f"name = '{model.name}'", max_results=1000)
            ]
        return sorted(found, key=lambda v: (v.model, v.number))

    def figures(self, run: str) -> tuple[dict[str, float], dict[str, str]]:
        """Metrics and params of a run."""
        with self._asking("read what was measured") as client:
            data = client.get_run(run).data
            return dict(data.metrics), dict(data.params)

    def log(self, logged: Logged, folder: Path, figures: Mapping[str, float], notes: Mapping[str, str]) -> int:
        """Log a folder as a new version of a model, in one run, and answer its number.

        The version appears as the last step; what fails before it is removed again.
        """
        tags = dict(logged.tags)
        with self._asking(f"register {logged.kind}") as client:
            logged.describe(folder)
            experiment = self._experiment(client, logged.experiment)
            self._sweep(client, experiment, tags[IDENTITY])
            run_name = f"{logged.model.removeprefix(MODEL_PREFIX)} {tags[IDENTITY][:8]}"
            run = client.create_run(experiment, tags=tags, run_name=run_name)
            run_id = run.info.run_id
            try:
                self._log_run(client, run_id, folder, figures, notes)
                _ensure_model(client, logged.model, logged.description)
                version = client.create_model_version(logged.model, f"{run.info.artifact_uri}/model", run_id, tags=tags)
            except BaseException:
                with suppress(Exception), _quiet(_CLEAN_S):  # else the next registration does it
                    client.delete_run(run_id)
                raise
            return int(version.version)

    def fetch(self, run: str, names: Sequence[str], into: Path) -> None:
        """Fetch files of a version by name, as they are, to the same names below `into`.

        Where MLflow puts a file is not left to MLflow: each goes to an empty folder first.
        """
        with self._asking("fetch an encoder version", _FILES_S) as client:
            for name in names:
                with tempfile.TemporaryDirectory(prefix=".fetch-", dir=into) as scratch:
                    found = Path(client.download_artifacts(run, f"model/{name}", scratch))
                    if (
                        found.is_symlink()
                        or not found.is_file()
                        or not found.resolve().is_relative_to(Path(scratch).resolve())
                    ):
                        raise RegistryError(f"MLflow answers no file for {cut(name)}. Nothing of it is used.")
                    (into / name).parent.mkdir(parents=True, exist_ok=True)
                    found.replace(into / name)

    def set_alias(self, model: str, alias: str, number: int | None) -> None:
        """Let an alias of a model point to a version; None removes it."""
        with self._asking(f"move the alias {alias}") as client:
            if number is None:
                client.delete_registered_model_alias(model, alias)
            else:
                client.set_registered_model_alias(model, alias, str(number))

    def remove(self, model: str, number: int, run: str) -> None:
        """Remove a version, and its run with the files."""
        with self._asking("remove an encoder version") as client:
            client.delete_model_version(model, str(number))
            client.delete_run(run)

    def _log_run(
        self, client: Any, run: str, folder: Path, figures: Mapping[str, float], notes: Mapping[str, str]
    ) -> None:
        for name, value in notes.items():
            client.log_param(run, name, value)
        for name, number in figures.items():
            client.log_metric(run, name, number)
        with _quiet(_FILES_S):
            client.log_artifacts(run, str(folder), "model")
        client.set_terminated(run)

    def _experiment(self, client: Any, name: str) -> str:
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = self._database.with_name("artifacts").absolute().as_uri() if self._embedded else None
        return str(client.create_experiment(name, artifact_location=place))

    def _sweep(self, client: Any, experiment: str, identity: str) -> None:
        """Remove runs that a killed registration of the same facts has left."""
        for run in client.search_runs([experiment], f"tags.`{IDENTITY}` = '{identity}'"):
            client.delete_run(run.info.run_id)

    @contextmanager
    def _asking(self, what: str, timeout_s: int = _CALL_S) -> Iterator[Any]:
        """A client whose calls end soon; whatever MLflow raises becomes an error of ours."""
        with _quiet(timeout_s):
            try:
                yield self._connected()
            except ImportError as error:
                raise RegistryUnavailable(f"Cannot {what}: MLflow is not installed here ({error}).") from error
            except RegistryError:
                raise
            except Exception as error:  # MLflow raises errors of its own, of HTTP and of databases
                raise self._told(what, error) from error

    def _connected(self) -> Any:
        if self._client is None:
            from mlflow import MlflowClient

            if self._embedded:
                self._database.parent.mkdir(parents=True, exist_ok=True)
            self._client = MlflowClient(self.uri, self.uri)
        return self._client

    def _told(self, what: str, error: Exception) -> RegistryError:
        place, reason = _without_password(self.uri), cut(_without_password(str(error)), 300)
        if getattr(error, "error_code", "") in _MISSING:
            return RegistryError(f"Cannot {what}: {place} has no such thing ({reason}).")
        return RegistryUnavailable(
            f"Cannot {what}: MLflow at {place} does not answer ({reason}). Searching goes on without it. Start it, or "
            f"set {VARIABLE}; without that variable a database in the home folder is used."
        )


def _without_password(text: str) -> str:
    return re.sub(r"://[^/@\s]+@", "://", text)


def _listed(version: Any, aliases: Mapping[str, str]) -> Listed:
    return Listed(
        model=version.name,
        number=int(version.version),
        tags=dict(version.tags),
        aliases=tuple(sorted(a for a, number in aliases.items() if int(number) == int(version.version))),
        created_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(timespec="seconds"),
        run=version.run_id,
    )


def _ensure_model(client: Any, model: str, description: str) -> None:
    if not client.search_registered_models(filter_string=f"name = '{model}'"):
        client.create_registered_model(model, description=description)


@contextmanager
def _quiet(timeout_s: int) -> Iterator[None]:
    """MLflow's settings for one call: no telemetry, no progress bars, no waiting for a server that is away."""
    ours = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout_s),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MLflow's own code: nothing that its users could mend
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
