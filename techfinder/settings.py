"""All settings in one table: name, default, type and help.

A setting comes from the environment (``TECHFINDER_<NAME>``), else from
``techfinder.toml`` in the home folder, else it is its default. Wrong values stop the start.

A plugin's own settings stand in a table of the file that carries its name,
``[plugins.encoder_minilm]``, or in the environment as
``TECHFINDER_PLUGINS__ENCODER_MINILM__<NAME>``. The plugin says what may stand there
(:meth:`Settings.for_plugin`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UndecodableVariable

from techfinder.errors import SettingsError, known_names
from techfinder.findings import Origin, sentence, true_findings
from techfinder.setting_files import PREFIX, holds, read_secrets, read_settings_file
from techfinder.setting_forms import FieldRoles, Names, PublicUrl

__all__ = ["LOOPBACK", "Settings", "load_settings"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (asked and shown, not listened on)
"""Hosts to listen on that only this machine reaches."""

FILE_NAME = "techfinder.toml"
PLUGIN_VARIABLE = re.compile(rf"{PREFIX}PLUGINS__[A-Z0-9_]*[A-Z0-9]__[A-Z0-9][A-Z0-9_]*")

_Model = TypeVar("_Model", bound=BaseModel)


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("techfinder", appauthor=False))


class Settings(BaseSettings):
    """The settings of one techfinder. Read-only once made."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    home: Path = Field(default_factory=_default_home, description="Folder for everything that is kept.")
    schema_file: Path | None = Field(
        default=None,
        description="Schema file; none means the built-in tech-adoption schema.",
        examples=["/srv/companies.toml"],
    )
    collection: str = Field(
        default="people",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Collection that is indexed and searched: lower-case letters, digits, - and _.",
    )
    store: Literal["edge", "server"] = Field(
        default="edge", description="Where vectors live: edge (embedded) or server (a Qdrant server)."
    )
    qdrant_url: str = Field(
        default="http://localhost:6333",
        description="Address of the Qdrant server; several addresses of one cluster are separated by commas.",
    )
    qdrant_api_key: SecretStr = Field(default=SecretStr(""), description="Key of the Qdrant server; empty sends none.")
    qdrant_grpc_port: int = Field(
        default=6334, ge=0, le=65535, description="gRPC port of the Qdrant server; 0 uses REST for everything."
    )
    qdrant_ca: Path | None = Field(
        default=None, description="File with the certificates to trust of an https Qdrant; none trusts the system's."
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder with secret settings, one file each, named as the variable in lower case: "
        "techfinder_qdrant_api_key. The environment goes first.",
        examples=["/run/secrets"],
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="Address of the application database (jobs, switches), as postgresql://user@host/name; empty keeps "
        "it in the home folder, in SQLite.",
    )
    quantization: Literal["none", "int8"] = Field(
        default="none",
        description="What searches go through first: none (whole vectors) or int8 (small ones in memory; the best are "
        "then compared by the whole ones on the disk). Holds for generations built from nothing (--rebuild).",
    )
    store_timeout_s: float = Field(
        default=30.0, gt=0, le=600, description="Longest wait for one answer of the store, in seconds."
    )
    encoder: str = Field(
        default="",
        description="Name of the encoder, as `techfinder plugins` lists it; empty takes the one that made what is "
        "live, else the quickest that is installed.",
    )
    encoder_threads: int = Field(
        default=1, ge=1, le=256, description="Threads that encode a question (an index run uses all)."
    )
    encoder_wait_s: float = Field(
        default=30.0, ge=0, le=600, description="How long an API search waits for the encoder to load."
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that `serve` listens on; 0 takes a free one.")
    allowed_hosts: Names = Field(
        default=(),
        description="Names that the page is asked for by, separated by commas (.example.org for all below it); this "
        "machine's own always count. Empty: only those where `serve` listens on this machine alone, else any.",
        examples=[("people.example.org", ".lan")],
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Form of log lines of `serve` and `worker`: text, or json: an object each."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="Least level of log lines; info has one for each request."
    )
    otlp_endpoint: str = Field(
        default="",
        pattern=r"^(https?://[^?#\s]+)?$",
        description="Collector that traces are sent to (OpenTelemetry, OTLP over HTTP); empty sends none. Needs pip "
        "install 'techfinder[otel]'.",
        examples=["http://localhost:4318"],
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes of `serve`. More than one need the server store, and gunicorn: "
        "pip install 'techfinder[gunicorn]'.",
    )
    threads: int = Field(default=8, ge=1, le=256, description="Request threads of each process of `serve`.")
    sign_in: Literal["auto", "on"] = Field(
        default="auto",
        description="Whether people sign in: on, or auto: unless `serve` listens on this machine alone, with no proxy "
        "and no public name in front of it.",
    )
    session_idle_minutes: int = Field(
        default=120, ge=1, le=1440, description="Minutes without a request after which one must sign in again."
    )
    session_hours: int = Field(default=12, ge=1, le=720, description="Hours after which one must sign in again.")
    public_url: PublicUrl = Field(
        default="",
        pattern=r"^(https?://[^/?#\s]+)?$",
        description="Address that people reach the page by, where something stands in front of it; with https, cookies "
        "are sent over https only. Links that `techfinder user` prints begin with it.",
        examples=["https://people.example.org"],
    )
    proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Proxies in front of `serve` that tell where a request came from (X-Forwarded-For, -Proto). Only "
        "where nobody can come in beside them: whoever does may say what they like.",
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https://\S+|http://(127\.0\.0\.1|localhost)\S*)?$",
        description="Provider of single sign-on (OpenID Connect), as it calls itself; empty for none. It sends people "
        "back to /sign-in/sso/back.",
        examples=["https://login.example.org"],
    )
    oidc_client_id: str = Field(default="", description="What the provider knows this techfinder as.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="The secret that it was given for that.")
    oidc_role: Literal["", "viewer", "analyst", "editor", "admin"] = Field(
        default="",
        description="Role of people whom the provider names and nobody has added; empty lets in only those who were "
        "added by the e-mail address that the provider has verified.",
    )
    oidc_label: str = Field(default="single sign-on", description="What the sign-in page calls the provider.")
    admin: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether the page /admin is offered, where encoders are switched: auto and on, or off. Where "
        "people sign in, it takes an editor to see it and an admin to switch.",
    )
    batch_size: int = Field(default=32, ge=1, le=4096, description="Texts encoded at once by an index run.")
    nice: int = Field(
        default=19, ge=0, le=19, description="How far an index run steps back for others (Unix niceness)."
    )
    max_rejects: float = Field(
        default=0.05, ge=0, le=1, description="Share of rejected rows above which an index run does not go live."
    )
    max_cell_chars: int = Field(
        default=1_000_000, ge=100, le=100_000_000, description="Longest cell accepted, in characters."
    )
    keep_generations: int = Field(
        default=2, ge=1, le=100, description="Generations kept per collection, the live one included."
    )
    today: date | None = Field(
        default=None,
        description="The day that ages of generations are counted from; the current one unless it is given.",
        examples=["2026-11-25"],
    )
    sensitive_fields: Literal["allow", "warn", "block"] = Field(
        default="warn",
        description="What happens when people are singled out by a field that the schema calls sensitive.",
    )
    field_roles: FieldRoles = Field(
        default={},
        description="The least role that sees a field of the schema, as `salary=analyst,address=admin`, or a table "
        "`[field_roles]` in the file; for lesser roles it is as if the field were not there.",
        examples=[{"salary": "analyst"}],
    )
    gateway: Literal["on", "off"] = Field(
        default="on", description="Whether analysts may read Qdrant's REST API at /qdrant."
    )
    analyst_max_rows: int = Field(
        default=1000, ge=1, le=10_000, description="Most people that one request at /qdrant answers."
    )
    analyst_timeout_s: float = Field(
        default=5.0, gt=0, le=60, description="Longest time for one request at /qdrant, in seconds."
    )
    analyst_vectors: bool = Field(
        default=False, description="Whether stored vectors may be read at /qdrant; much of a text can be told from one."
    )
    analyst_exact: bool = Field(
        default=False, description="Whether a search at /qdrant may ask for `exact`, which compares all vectors."
    )
    disabled_plugins: Names = Field(
        default=(),
        description="Plugins not to load, by name, separated by commas.",
        examples=[("source_crm", "webui")],
    )
    strict_plugins: bool = Field(default=False, description="Treat any plugin failure as an error and stop.")
    plugin_timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="Longest time a plugin may take to load or to answer a register hook."
    )
    trace_hooks: bool = Field(default=False, description="Log every import and hook call of plugins to standard error.")
    plugins: Mapping[str, Mapping[str, Any]] = Field(
        default={},
        description="Settings of plugins: tables `[plugins.NAME]` in the file, or `TECHFINDER_PLUGINS__NAME__SETTING`.",
    )

    @property
    def offers_admin(self) -> bool:
        """Whether the page for administrators is offered."""
        return self.admin != "off"

    @property
    def asks_to_sign_in(self) -> bool:
        """Whether people sign in: always where others can reach the page, or what stands in front of it."""
        names = (self.host, *self.allowed_hosts, urlsplit(self.public_url).hostname or "localhost")
        return self.sign_in == "on" or self.proxies > 0 or not all(_only_here(name) for name in names)

    @property
    def address(self) -> str:
        """Where people reach the page, without a slash at the end."""
        return self.public_url or self.local_address

    @property
    def local_address(self) -> str:
        """Where this machine itself reaches the page, without a slash at the end."""
        host = _LOCAL.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def for_plugin(self, plugin: str, model: type[_Model]) -> _Model:
        """The settings of one plugin, as its own pydantic model.

        Args:
            plugin: The plugin's name, as ``encoder_minilm``.
            model: What may stand there; with ``extra="forbid"`` a misspelt name is an error.

        Raises:
            SettingsError: A value cannot be used; the message lists every problem.
        """
        try:
            return model.model_validate(dict(self.plugins.get(plugin, {})))
        except ValidationError as error:
            origin = partial(_origin, _file_in(self.home), {}, f"plugins.{plugin}")
            lines = [f"  {sentence(e, model, origin)}" for e in true_findings(error)]
            raise SettingsError(f"Settings of plugin {plugin} cannot be used:\n" + "\n".join(lines)) from error

    @field_validator("home", "schema_file", mode="before")
    @classmethod
    def _refuse_nothing(cls, value: object) -> object:
        if value == "":  # it would mean the current folder
            raise ValueError("this is empty")
        return value

    @field_validator("home", "schema_file", "qdrant_ca", "secrets_dir")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().absolute() if value else value
        except RuntimeError as error:
            raise ValueError("~ stands for the folder of a user whom this machine does not know") from error

    @field_validator("home")
    @classmethod
    def _refuse_files(cls, value: Path) -> Path:
        if value.exists() and not value.is_dir():
            raise ValueError("this is no folder")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values first, then the environment, then files of secrets, then the file in the home folder."""
        given = init_settings()
        file = read_settings_file(_file(given))
        secrets = InitSettingsSource(settings_cls, read_secrets(_secrets_dir(given, file), _secret_names()))
        return init_settings, env_settings, secrets, InitSettingsSource(settings_cls, file)


def _only_here(name: str) -> bool:
    """Whether it is a name of this machine that no other can use."""
    return name in (*LOOPBACK, "[::1]") or name.lower().endswith(".localhost")


def load_settings(**overrides: Any) -> Settings:
    """The settings from `overrides`, the environment, the file and the defaults.

    Args:
        **overrides: By setting name; ``None`` means "not given".

    Raises:
        SettingsError: A value cannot be used, or an unknown setting is named; the message
            lists every problem with the value got, where it comes from and what is expected.
    """
    _refuse_unknown_names()
    given = {name: value for name, value in overrides.items() if value is not None}
    origin = partial(_origin, _file(given), given, "")
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [f"  {sentence(e, Settings, origin)}" for e in true_findings(error)]
        raise SettingsError("Settings cannot be used:\n" + "\n".join(lines)) from error
    except UndecodableVariable as error:  # the only setting that is decoded before it is checked
        undecoded = {"type": "dict_type", "loc": ("plugins",), "input": os.environ.get(f"{PREFIX}PLUGINS")}
        raise SettingsError(f"Settings cannot be used:\n  {sentence(undecoded, Settings, origin)}") from error


def _file(given: Mapping[str, Any]) -> Path | None:
    """Where the settings file is looked for; None when the home names no place."""
    return _file_in(given.get("home") or os.environ.get(f"{PREFIX}HOME") or _default_home())


def _file_in(home: str | Path) -> Path | None:
    try:
        return Path(home).expanduser() / FILE_NAME
    except (RuntimeError, TypeError):  # the check of `home` says what is wrong with it
        return None


def _secrets_dir(given: Mapping[str, Any], file: Mapping[str, Any]) -> Path | None:
    """Where secrets are looked for; None where nothing names a folder."""
    folder = given.get("secrets_dir") or os.environ.get(f"{PREFIX}SECRETS_DIR") or file.get("secrets_dir")
    return Path(folder).expanduser() if isinstance(folder, str | Path) else None


def _refuse_unknown_names() -> None:
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        known = name in names or PLUGIN_VARIABLE.fullmatch(name) or name.startswith(f"{PREFIX}TEST_")
        if name.startswith(PREFIX) and not known:
            raise SettingsError(f"Unknown setting {name} in the environment. {known_names(name, names)}")


def _origin(file: Path | None, given: Mapping[str, object], table: str, name: str) -> Origin:
    """Where the setting `name` comes from: the caller, else the environment, else the file."""
    path = [*table.split("."), name] if table else [name]
    wanted = PREFIX + "__".join(path).upper()
    variable = next((v for v in os.environ if v.upper() == wanted), None)
    if variable is not None and name not in given:
        return Origin(f"environment variable {variable}", f"{variable}=", toml=False)
    if name not in given and holds(file, path):
        return Origin(f"file {file}{f', [{table}]' if table else ''}", f"{name} = ")
    return Origin("caller of techfinder", f"{wanted}=", toml=False)


def _secret_names() -> list[str]:
    return [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
