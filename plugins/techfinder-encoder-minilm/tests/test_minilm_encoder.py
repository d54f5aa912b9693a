"""The real model: as the library computes it, only faster, from any thread."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from techfinder import EncoderEntry, EncoderError, load_settings
from techfinder.testing.contracts import EncoderContract, cosines
from techfinder_encoder_minilm import register_encoders

PARTS = ("Innovator", "from Austin, TX", "High tech interest", "uses Smartphones, prefers iPhone", "does not use VR/AR")
TEXTS = tuple(". ".join(PARTS[: n % 5 + 1]) + f". adopts {n} months after release" for n in range(48))


def load(home: Path, **own: str) -> Any:
    settings = load_settings(home=home, plugins={"encoder_minilm": own})
    [entry] = register_encoders(settings)
    return entry.load()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def minilm(home: Path) -> Any:
    return load(home)


@pytest.fixture(scope="module")
def plain(home: Path) -> np.ndarray[Any, Any]:
    """What sentence-transformers makes of TEXTS in float32."""
    from sentence_transformers import SentenceTransformer

    from techfinder_encoder_minilm.weights import find_folder

    library = SentenceTransformer(str(find_folder(None, home, download=False)), device="cpu", local_files_only=True)
    return np.concatenate([library(library.tokenize([t]))["sentence_embedding"].detach().numpy() for t in TEXTS])


class TestMinilm(EncoderContract):
    @pytest.fixture
    def encoder_entry(self, minilm: Any, home: Path) -> EncoderEntry:
        [entry] = register_encoders(load_settings(home=home))
        return replace(entry, load=lambda: minilm)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_vectors_are_those_of_the_library(home: Path, plain: Any, precision: str) -> None:
    encoder = load(home, precision=precision, device="cpu")
    assert (encoder.precision, encoder.device) == (precision, "cpu")
    assert cosines(encoder.encode_documents(TEXTS), plain).min() >= (0.999 if precision == "bfloat16" else 0.99999)


def test_the_automatic_choice_agrees_with_the_library(minilm: Any, plain: Any) -> None:
    assert cosines(minilm.encode_documents(TEXTS), plain).min() >= 0.999


class Operator:
    """Stands where torch keeps an operator of oneDNN's."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._linear_pointwise = answer


def refuses(*arguments: object) -> None:
    raise RuntimeError("not on this processor")


@pytest.mark.slow
@pytest.mark.parametrize("there", [object(), Operator(refuses), Operator(lambda state, *rest: state)])
def test_operators_that_do_not_work_are_not_used(
    home: Path, plain: Any, monkeypatch: pytest.MonkeyPatch, there: object
) -> None:
    import torch

    from techfinder_encoder_minilm.bert import onednn_works

    monkeypatch.setattr(torch.ops, "mkldnn", there)
    assert not onednn_works()
    encoder = load(home, precision="bfloat16", device="cpu")
    assert cosines(encoder.encode_documents(TEXTS), plain).min() >= 0.999


def test_identical_texts_are_encoded_once(minilm: Any) -> None:
    vectors = minilm.encode_documents(["one", "two", "one"])
    assert vectors.shape == (3, 384)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert cosines(vectors[:1], vectors[1:2]).max() < 0.999


def test_batches_hold_texts_of_like_length_longest_first(minilm: Any) -> None:
    tokens = [[1] * length for length in (3, 9, 5, 9, 3, 7)]
    batches = minilm._batches(tokens)
    lengths = [len(tokens[place]) for batch in batches for place in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert sorted(place for batch in batches for place in batch) == list(range(len(tokens)))


def test_texts_are_cut_at_256_tokens(minilm: Any) -> None:
    assert len(minilm._tokens(["phone " * 1000])[0]) == 256


def test_a_query_sets_the_threads_of_its_own_thread_only(minilm: Any) -> None:
    import torch

    seen = {}

    def ask() -> None:
        minilm.encode_query("early adopters")
        seen["asking"] = torch.get_num_threads()

    def bystander() -> None:
        torch.get_num_threads()  # has used torch before
        torch.set_num_threads(2)
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join()
        seen["bystander"] = torch.get_num_threads()

    thread = threading.Thread(target=bystander)
    thread.start()
    thread.join()
    assert seen == {"asking": 1, "bystander": 2}


def test_a_device_that_is_not_there_is_named(home: Path) -> None:
    import torch

    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(EncoderError, match=rf"device '{missing}' is not there.*to: .*cpu"):
        load(home, device=missing)


@pytest.mark.parametrize(
    ("facts", "native"),
    [
        ("processor : 0\nflags\t\t: fpu avx512f avx512_bf16 rdpid\n", True),
        ("flags : amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags\t\t: fpu avx512f avx512_vnni\n", False),
        ("model name : Fake bf16 Processor\nflags : fpu\n", False),
        ("", False),
    ],
)
def test_native_bfloat16_is_read_from_the_processors_flags(facts: str, native: bool) -> None:
    from techfinder_encoder_minilm.devices import has_bfloat16

    assert has_bfloat16(facts) is native
