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
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import platformdirs
from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from techfinder.errors import SettingsError, cut, known_names

__all__ = ["Settings", "load_settings"]

PREFIX = "TECHFINDER_"
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
        default=None, description="Schema file; none means the built-in tech-adoption schema."
    )
    collection: str = Field(
        default="people",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Collection that is indexed and searched: lower-case letters, digits, - and _.",
    )
    store: Literal["edge"] = Field(default="edge", description="Where vectors live: edge (embedded).")
    store_timeout_s: float = Field(
        default=30.0, gt=0, le=600, description="Longest wait for one answer of the store, in seconds."
    )
    encoder: str = Field(default="minilm", description="Name of the encoder, as `techfinder plugins` lists it.")
    encoder_threads: int = Field(
        default=1, ge=1, le=256, description="Threads that encode a question (an index run uses all)."
    )
    encoder_wait_s: float = Field(
        default=10.0, ge=0, le=600, description="How long an API search waits for the encoder to load."
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that `serve` listens on; 0 takes a free one.")
    threads: int = Field(default=8, ge=1, le=256, description="Request threads of `serve`.")
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
    disabled_plugins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Plugins not to load, by name, separated by commas."
    )
    strict_plugins: bool = Field(default=False, description="Treat any plugin failure as an error and stop.")
    plugin_timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="Longest time a plugin may take to load or to answer a register hook."
    )
    trace_hooks: bool = Field(default=False, description="Log every hook call to standard error.")
    plugins: Mapping[str, Mapping[str, Any]] = Field(
        default={},
        description="Settings of plugins: tables `[plugins.NAME]` in the file, or `TECHFINDER_PLUGINS__NAME__SETTING`.",
    )

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
            lines = [_problem(e, model) for e in error.errors()]
            where = f"[plugins.{plugin}] of {FILE_NAME}, or {PREFIX}PLUGINS__{plugin.upper()}__NAME in the environment"
            raise SettingsError(
                f"Settings of plugin {plugin} cannot be used ({where}):\n" + "\n".join(lines)
            ) from error

    @field_validator("disabled_plugins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(v.strip() for v in value.split(",") if v.strip()) if isinstance(value, str) else value

    @field_validator("home", "schema_file")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().absolute() if value else value
        except RuntimeError as error:
            raise ValueError(str(error)) from error

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
        """Explicit values first, then the environment, then the file in the home folder."""
        home = init_settings().get("home") or os.environ.get(f"{PREFIX}HOME") or _default_home()
        try:
            file = TomlConfigSettingsSource(settings_cls, Path(home).expanduser() / FILE_NAME)
        except RuntimeError:  # "~nobody": the check of `home` says so
            return init_settings, env_settings
        return init_settings, env_settings, file


def load_settings(**overrides: Any) -> Settings:
    """The settings from `overrides`, the environment, the file and the defaults.

    Args:
        **overrides: By setting name; ``None`` means "not given".

    Raises:
        SettingsError: A value cannot be used, or an unknown setting is named; the message
            lists every problem with the value got and what is expected.
    """
    _refuse_unknown_names()
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [_problem(e, Settings) for e in error.errors()]
        raise SettingsError("Settings cannot be used:\n" + "\n".join(lines)) from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{FILE_NAME} cannot be read: {error}. Fix the file or remove it.") from error


def _refuse_unknown_names() -> None:
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        known = name in names or PLUGIN_VARIABLE.fullmatch(name) or name.startswith(f"{PREFIX}TEST_")
        if name.startswith(PREFIX) and not known:
            raise SettingsError(f"Unknown setting {name} in the environment. {known_names(name, names)}")


def _problem(error: Any, model: type[BaseModel]) -> str:
    name = str(error["loc"][0]) if error["loc"] else "?"
    known = model.model_fields.get(name)
    if known is None:
        return f"  {name}: no such setting. {known_names(name, model.model_fields)}"
    return f"  {name} = {cut(error['input'])}: {error['msg']}. {known.description}"
