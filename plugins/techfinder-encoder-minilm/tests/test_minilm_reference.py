"""The reference vectors: shipped ones are the library's, and never have the last word against the encoder."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from techfinder import EncoderError, load_settings
from techfinder.testing.contracts import cosines
from techfinder_encoder_minilm import reference, register_encoders
from techfinder_encoder_minilm.weights import find_folder

LOAD = """
import sys
from pathlib import Path
from techfinder import load_settings
from techfinder_encoder_minilm import register_encoders
[entry] = register_encoders(load_settings(home=Path(sys.argv[1])))
entry.load().encode_query("early adopters")
print([name for name in ("sentence_transformers", "transformers", "huggingface_hub") if name in sys.modules])
"""


def load(home: Path, **own: str) -> Any:
    [entry] = register_encoders(load_settings(home=home, plugins={"encoder_minilm": own}))
    return entry.load()


@pytest.mark.slow
def test_loading_does_without_the_library_and_writes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOAD, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_shipped_vectors_are_those_that_the_library_makes(tmp_path: Path) -> None:
    shipped, made = reference.references(find_folder(None, tmp_path, download=False))
    assert shipped.shape == made.shape == (len(reference.CHECK_TEXTS), 384)
    assert cosines(shipped, made).min() >= 0.999999


def test_the_encoder_agrees_with_them(tmp_path: Path) -> None:
    shipped = next(reference.references(find_folder(None, tmp_path, download=False)))
    found = load(tmp_path, precision="float32").encode_documents(reference.CHECK_TEXTS)
    assert cosines(shipped, found).min() >= 0.99999


@pytest.mark.slow
def test_wrong_shipped_vectors_have_not_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "wrong.npy"
    np.save(wrong, np.load(reference.SHIPPED)[::-1])
    before = load(tmp_path)
    monkeypatch.setattr(reference, "SHIPPED", wrong)
    after = load(tmp_path)
    assert after.precision == before.precision


def test_shipped_vectors_do_not_stand_for_the_weights(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(EncoderError, match="lacks"):
        load(tmp_path, folder=str(folder))
