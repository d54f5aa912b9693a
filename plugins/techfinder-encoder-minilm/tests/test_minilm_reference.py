"""Loading again: the reference vectors are kept, and what is kept is never trusted further than it goes."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from techfinder import EncoderError, load_settings
from techfinder.testing.contracts import cosines
from techfinder_encoder_minilm import register_encoders
from techfinder_encoder_minilm.reference import CHECK_TEXTS, kept_path, references
from techfinder_encoder_minilm.weights import find_folder

pytestmark = pytest.mark.timeout(120)  # importing the library counts for the first test

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


def vectors_in(content: bytes) -> Any:
    return np.load(io.BytesIO(content), allow_pickle=False)


def turned(content: bytes) -> bytes:
    """Vectors of length 1 still, but of other texts."""
    vectors = vectors_in(content)
    return content[: -vectors.nbytes] + bytes(vectors[::-1].tobytes())


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "no npy": lambda content: b"PK\x03\x04" + content[4:],
    "header asks for pickle": lambda content: content.replace(b"'<f4'", b"'|O' "),
    "header lies": lambda content: content.replace(b"(4, 384)", b"(9, 999)"),
    "no numbers": lambda content: content[:-1536] + b"\xff" * 1536,
    "zeros": lambda content: content[:-1536] + b"\0" * 1536,
}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Any]:
    """The file that a first load writes, and the encoder."""
    home = tmp_path_factory.mktemp("first")
    encoder = load(home)
    [path] = (home / "cache").iterdir()
    assert path == kept_path(home)
    return path.read_bytes(), encoder


@pytest.fixture
def made(first: tuple[bytes, Any]) -> bytes:
    return first[0]


@pytest.fixture
def kept(made: bytes, tmp_path: Path) -> Path:
    """That file in the home folder `tmp_path`."""
    path = kept_path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(made)
    return path


def test_the_second_load_does_without_the_library(kept: Path, made: bytes, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOAD, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
    assert kept.read_bytes() == made


@pytest.mark.usefixtures("kept")
def test_the_second_load_encodes_the_same(first: tuple[bytes, Any], tmp_path: Path) -> None:
    before, after = first[1], load(tmp_path)
    np.testing.assert_array_equal(before.encode_documents(CHECK_TEXTS), after.encode_documents(CHECK_TEXTS))
    assert before.precision == after.precision


@pytest.mark.usefixtures("kept")
def test_kept_and_made_vectors_are_the_same(tmp_path: Path) -> None:
    found, made = references(find_folder(None, tmp_path, download=False), tmp_path)
    assert found.shape == made.shape == (len(CHECK_TEXTS), 384)
    assert cosines(found, made).min() >= 0.999999


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_made_again(kept: Path, made: bytes, tmp_path: Path, damage: str) -> None:
    kept.write_bytes(DAMAGE[damage](made))
    assert kept.read_bytes() != made
    assert len(list(references(find_folder(None, tmp_path, download=False), tmp_path))) == 1
    np.testing.assert_allclose(vectors_in(kept.read_bytes()), vectors_in(made), atol=1e-6)


def test_a_file_with_other_vectors_has_not_the_last_word(first: tuple[bytes, Any], kept: Path, tmp_path: Path) -> None:
    kept.write_bytes(turned(first[0]))
    assert load(tmp_path).precision == first[1].precision
    np.testing.assert_allclose(vectors_in(kept.read_bytes()), vectors_in(first[0]), atol=1e-6)


def test_a_folder_in_its_place_is_no_error(tmp_path: Path) -> None:
    kept_path(tmp_path).mkdir(parents=True)
    assert load(tmp_path).encode_query("laptop").shape == (384,)
    assert list((tmp_path / "cache").iterdir()) == [kept_path(tmp_path)]


def test_a_home_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert load(tmp_path).encode_query("laptop").shape == (384,)


@pytest.mark.parametrize("library", ["sentence-transformers", "tokenizers", "torch", "transformers"])
def test_another_version_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    before = kept_path(tmp_path)
    newer = tmp_path / "newer" / f"{library.replace('-', '_')}-99.dist-info"
    newer.mkdir(parents=True)
    (newer / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 99\n")
    monkeypatch.syspath_prepend(str(newer.parent))
    assert kept_path(tmp_path) != before
    assert kept_path(tmp_path).parent == before.parent == tmp_path / "cache"


@pytest.mark.usefixtures("kept")
def test_a_kept_file_does_not_stand_for_the_weights(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(EncoderError, match="lacks"):
        load(tmp_path, folder=str(folder))
