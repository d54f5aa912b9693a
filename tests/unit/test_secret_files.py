"""Secrets of a stack: made once, one folder for each service, and read as settings."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from techfinder.errors import SettingsError
from techfinder.secret_files import SECRETS, make_secrets
from techfinder.settings import load_settings

LONG = "a-secret-of-our-own"


def contents(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}


def test_they_are_made_once(tmp_path: Path) -> None:
    assert make_secrets(tmp_path, {}) == [s.variable for s in SECRETS]
    made = contents(tmp_path)
    assert make_secrets(tmp_path, {"QDRANT_API_KEY": ""}) == []
    assert contents(tmp_path) == made
    assert len(made["qdrant/api_key"]) == 43
    assert made["techfinder/techfinder_qdrant_api_key"] == made["qdrant/api_key"]
    assert made["postgres/techfinder_password"] in made["techfinder/techfinder_database_url"]
    assert made["postgres/mlflow_password"] in made["mlflow/backend_store_uri"]


def test_no_service_sees_what_is_not_its_own(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    made = contents(tmp_path)
    assert made["postgres/techfinder_password"] not in made["mlflow/backend_store_uri"]
    ours = [*(tmp_path / "techfinder").iterdir(), *(tmp_path / "mlflow").iterdir()]
    assert {stat.S_IMODE(p.stat().st_mode) for p in ours} == {0o400}


def test_what_is_given_is_taken_and_fits_into_an_address(tmp_path: Path) -> None:
    make_secrets(tmp_path, {"DATABASE_PASSWORD": f"{LONG}:/@%"})
    made = contents(tmp_path)
    assert made["postgres/techfinder_password"] == f"{LONG}:/@%"
    assert f":{LONG}%3A%2F%40%25@postgres:" in made["techfinder/techfinder_database_url"]


def test_a_key_can_be_changed_later_and_a_password_of_the_database_cannot(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    assert make_secrets(tmp_path, {"QDRANT_API_KEY": LONG}) == ["QDRANT_API_KEY"]
    assert contents(tmp_path)["techfinder/techfinder_qdrant_api_key"] == LONG
    before = contents(tmp_path)
    with pytest.raises(SettingsError, match="POSTGRES_PASSWORD is not what the database was made with"):
        make_secrets(tmp_path, {"POSTGRES_PASSWORD": LONG, "QDRANT_API_KEY": f"{LONG}2"})
    assert contents(tmp_path) == before


def test_a_short_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="QDRANT_API_KEY has 6 characters; a secret has 16 at least"):
        make_secrets(tmp_path, {"QDRANT_API_KEY": "secret"})
    assert contents(tmp_path) == {}


def test_what_a_broken_off_start_left_out_is_made_up_for(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    before = contents(tmp_path)
    (tmp_path / "techfinder/techfinder_database_url").unlink()
    assert make_secrets(tmp_path, {}) == ["DATABASE_PASSWORD"]
    assert contents(tmp_path) == before


def test_settings_are_read_from_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_secrets(tmp_path, {"QDRANT_API_KEY": LONG})
    monkeypatch.setenv("TECHFINDER_SECRETS_DIR", str(tmp_path / "techfinder"))
    settings = load_settings(home=tmp_path)
    assert settings.qdrant_api_key.get_secret_value() == LONG
    assert settings.database_url.get_secret_value().startswith("postgresql://techfinder:")
    monkeypatch.setenv("TECHFINDER_QDRANT_API_KEY", "the environment goes first")
    assert load_settings(home=tmp_path).qdrant_api_key.get_secret_value() == "the environment goes first"


def test_a_folder_of_secrets_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Folder of secrets .*/gone' cannot be read: No such file"):
        load_settings(home=tmp_path, secrets_dir=tmp_path / "gone")
