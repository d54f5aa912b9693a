"""A plugin's own settings: a table in the file or the environment, checked by the plugin's model."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from techfinder.errors import SettingsError
from techfinder.settings import load_settings


class Parrot(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(default=None, description="Where it sits.")
    loud: bool = Field(default=False, description="Whether it shouts.")
    colour: Literal["green", "blue"] = Field(default="green", description="How it looks.")


def test_defaults_when_nothing_is_set(techfinder_home: Path) -> None:
    assert load_settings().for_plugin("bird_parrot", Parrot) == Parrot()


def test_environment_goes_before_the_file_setting_by_setting(
    techfinder_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    techfinder_home.mkdir()
    (techfinder_home / "techfinder.toml").write_text('[plugins.bird_parrot]\ncolour = "blue"\nfolder = "/cage"\n')
    monkeypatch.setenv("TECHFINDER_PLUGINS__BIRD_PARROT__FOLDER", "/tree")
    monkeypatch.setenv("TECHFINDER_PLUGINS__BIRD_PARROT__LOUD", "true")
    parrot = load_settings().for_plugin("bird_parrot", Parrot)
    assert parrot == Parrot(folder=Path("/tree"), loud=True, colour="blue")


def test_each_plugin_sees_its_own_table_only(techfinder_home: Path) -> None:
    settings = load_settings(plugins={"bird_parrot": {"loud": True}, "bird_crow": {"feathers": 9}})
    assert settings.for_plugin("bird_parrot", Parrot).loud


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COLOUR", "red", r"colour = 'red'.*'green' or 'blue'.*How it looks"),
        ("COLOR", "green", r"color: no such setting\. Did you mean 'colour'"),
    ],
)
def test_wrong_values_and_names_say_where_to_mend(
    techfinder_home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"TECHFINDER_PLUGINS__BIRD_PARROT__{name}", value)
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings().for_plugin("bird_parrot", Parrot)
    assert f"environment variable TECHFINDER_PLUGINS__BIRD_PARROT__{name}" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["TECHFINDER_PLUGINS__PARROT", "TECHFINDER_PLUGINS__", "TECHFINDER_PLUGIN__PARROT__LOUD"]
)
def test_a_variable_that_names_no_plugin_setting_stops_the_start(
    techfinder_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=name):
        load_settings()
