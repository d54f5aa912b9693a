"""Settings that cannot be used: the message says which, where it comes from, what it is and what it should be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from techfinder.errors import SettingsError
from techfinder.settings import load_settings


@pytest.fixture
def file(techfinder_home: Path) -> Path:
    techfinder_home.mkdir(exist_ok=True)
    return techfinder_home / "techfinder.toml"


def refusal(**overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", "many", "expected a whole number from 0 to 65535, as in TECHFINDER_PORT=8000"),
        ("port", "70000", "expected a whole number from 0 to 65535, as in TECHFINDER_PORT=8000"),
        ("port", "8000.5", "expected a whole number from 0 to 65535, as in TECHFINDER_PORT=8000"),
        ("store_timeout_s", "0", "expected a number above 0 and up to 600, as in TECHFINDER_STORE_TIMEOUT_S=30.0"),
        ("max_rejects", "5%", "expected a number from 0 to 1, as in TECHFINDER_MAX_REJECTS=0.05"),
        ("strict_plugins", "maybe", "expected true or false, as in TECHFINDER_STRICT_PLUGINS=false"),
        ("collection", "A B", "expected text of another form, as in TECHFINDER_COLLECTION=people"),
        ("schema_file", "", "this is empty"),
        ("public_url", "http://[", "expected an address as https://people.example.org or http://localhost:8000"),
        ("public_url", "http://a]b", "expected an address as https://people.example.org or http://localhost:8000"),
        ("public_url", "http://a:b", "expected an address as https://people.example.org or http://localhost:8000"),
        ("schema_file", "~nobody-at-all/x.toml", "~ stands for the folder of a user whom this machine does not know"),
        ("plugins", "[", "expected a table"),
        ("plugins", "x", "expected a table"),
    ],
)
def test_a_wrong_variable(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str) -> None:
    variable = f"TECHFINDER_{name.upper()}"
    monkeypatch.setenv(variable, value)
    message = refusal()
    assert f"  {name} = {value!r} (environment variable {variable}): {expected}. " in message
    assert str(file) not in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('port = "many"', "port = 'many' ({}): expected a whole number from 0 to 65535, as in port = 8000."),
        ("strict_plugins = 3", "strict_plugins = 3 ({}): expected true or false, as in strict_plugins = false."),
        ("schema_file = 5", 'schema_file = 5 ({}): expected a path, as in schema_file = "/srv/companies.toml".'),
        ("disabled_plugins = 5", '= 5 ({}): expected a list, as in disabled_plugins = ["source_crm", "webui"].'),
        ("disabled_plugins = [5]", "disabled_plugins.0 = 5 ({}): expected text, as in disabled_plugins = ["),
        ("field_roles = { age = 1 }", ', as in field_roles = {{ salary = "analyst" }}.'),
        ("[plugins]\na = 4", "plugins.a = 4 ({}): expected a table."),
        ("prot = 8000", "prot: no such setting. Did you mean 'port'? It comes from the {}."),
    ],
)
def test_a_wrong_line_of_the_file(file: Path, line: str, expected: str) -> None:
    file.write_text(line)
    assert expected.format(f"file {file}") in refusal()


def test_everything_wrong_is_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('port = "many"\nnice = 20\n')
    monkeypatch.setenv("TECHFINDER_THREADS", "none")
    lines = refusal(batch_size=0).splitlines()
    assert [line.split(" = ")[0].strip() for line in lines[1:]] == ["port", "threads", "batch_size", "nice"]
    assert "batch_size = 0 (caller of techfinder): expected a whole number from 1 to 4096" in lines[3]


def test_a_wrong_value_is_shown_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHFINDER_PORT", "9" * 5000)
    assert len(refusal()) < 400


def test_a_file_that_is_a_folder(file: Path) -> None:
    file.mkdir()
    assert f"Settings file '{file}' cannot be read: it is a folder." in refusal()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_file_that_is_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert "cannot be read: it is no regular file." in refusal()


@pytest.mark.parametrize("target", ["nowhere", "techfinder.toml"])
def test_a_link_that_leads_nowhere(file: Path, target: str) -> None:
    file.symlink_to(target)
    assert f"Settings file '{file}' cannot be read: " in refusal()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to this user")
def test_a_file_that_may_not_be_read(file: Path) -> None:
    file.write_text("port = 8000")
    file.chmod(0)
    assert "cannot be read: Permission denied." in refusal()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'host = "\xff"', "it is not in UTF-8 (byte 9)"),
        ("port = 8000".encode("utf-16"), "it is not in UTF-8 (byte 1)"),
        (b"port = ", "Invalid value"),
        (b"a = " + b"[" * 100_000, "it is nested too deeply"),
        (b"#" * 1_000_001, "it is larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_toml(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    assert f"Settings file '{file}' cannot be read: {reason}" in refusal()


@pytest.mark.parametrize("home", ["~nobody-at-all", "x" * 5000, ""])
def test_a_home_that_names_no_place(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.setenv("TECHFINDER_HOME", home)
    assert len(refusal()) < 500


# --- settings of plugins ---------------------------------------------------------------------


class Crm(BaseModel):
    address: str = Field(description="Where it is.")
    pages: int = Field(default=3, ge=1, description="How many.", examples=[7])
    token: SecretStr = Field(default=SecretStr(""))
    name: str = Field(default="x", max_length=3)

    @field_validator("token")
    @classmethod
    def _refuse(cls, value: SecretStr) -> SecretStr:
        raise ValueError("this is not our token")

    @field_validator("address")
    @classmethod
    def _check(cls, value: str) -> str:
        if not value.startswith("https:"):
            raise ValueError("this is no https address")
        return value


def plugin_refusal(**overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides).for_plugin("source_crm", Crm)
    return str(caught.value)


def test_options_of_a_plugin_in_the_environment(techfinder_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = "TECHFINDER_PLUGINS__SOURCE_CRM__"
    for name, value in {"ADDRESS": "ftp:x", "PAGES": "all", "TOKEN": "much too long", "NAME": "long"}.items():
        monkeypatch.setenv(prefix + name, value)
    assert plugin_refusal().splitlines() == [
        "Settings of plugin source_crm cannot be used:",
        f"  address = 'ftp:x' (environment variable {prefix}ADDRESS): this is no https address. Where it is.",
        f"  pages = 'all' (environment variable {prefix}PAGES): expected a whole number from 1, as in {prefix}PAGES=7. "
        "How many.",
        f"  token = *** (environment variable {prefix}TOKEN): this is not our token.",
        f"  name = 'long' (environment variable {prefix}NAME): expected at most 3 characters, as in {prefix}NAME=x.",
    ]


def test_options_of_a_plugin_in_the_file(file: Path) -> None:
    file.write_text('[plugins.source_crm]\npages = "all"\n')
    message = plugin_refusal()
    assert (
        f"pages = 'all' (file {file}, [plugins.source_crm]): expected a whole number from 1, as in pages = 7."
        in message
    )
    assert "address: is missing. Set it as TECHFINDER_PLUGINS__SOURCE_CRM__ADDRESS=VALUE. Where it is." in message


def test_options_of_a_plugin_that_the_program_gives(techfinder_home: Path) -> None:
    message = plugin_refusal(plugins={"source_crm": {"address": "https:x", "pages": 0}})
    assert "pages = 0 (caller of techfinder): expected a whole number from 1" in message


class Pair(BaseModel):
    low: int = Field(default=1, alias="from")
    high: int = 2

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low > self.high:
            raise ValueError("from must not be above high")
        return self


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"from": 3}, "  from must not be above high."),
        ({"from": "x"}, "  from = 'x' (caller of techfinder): expected a whole number, as in TECHFINDER_"),
    ],
)
def test_checks_of_a_whole_plugin_and_other_names(techfinder_home: Path, values: dict[str, object], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(plugins={"source_pair": values}).for_plugin("source_pair", Pair)
    assert str(caught.value).splitlines()[1].startswith(line)
