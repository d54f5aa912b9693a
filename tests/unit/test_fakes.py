"""The fakes keep the contracts that real plugins keep, and are what their descriptions say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from techfinder.errors import SourceError
from techfinder.interfaces import EncoderEntry
from techfinder.models import RowProblem
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.testing.contracts import EncoderContract, SourceCase, SourceContract
from techfinder.testing.fakes import FakePlugin, HashEncoder, ListSource, sample_rows

PRINT_VECTOR = """
from techfinder.testing.fakes import HashEncoder
print(HashEncoder(8).encode_query("early adopters in Texas").tolist())
"""

HEAVY = ("torch", "sentence_transformers", "numpy", "pandas", "flask", "qdrant_edge", "techfinder.testing.fakes")


class TestHashEncoder(EncoderContract):
    @pytest.fixture
    def encoder_entry(self) -> EncoderEntry:
        return HashEncoder().entry()


class TestListSource(SourceContract):
    @pytest.fixture
    def source_case(self) -> SourceCase:
        return SourceCase(ListSource(sample_rows()).entry(), good="", bad="nothing")


def test_hash_vectors_are_the_same_in_every_process() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT_VECTOR], capture_output=True, text=True, check=True, timeout=25)
    assert done.stdout.strip() == str(HashEncoder(8).encode_query("early adopters in Texas").tolist())


def test_shared_words_make_texts_similar(hash_encoder: HashEncoder) -> None:
    near, far = hash_encoder.encode_documents(["Loves wearables, and tablets!", "pays in cash only"])
    query = hash_encoder.encode_query("tablets and wearables")
    assert query @ near > query @ far + 0.3


def test_case_and_punctuation_do_not_count(hash_encoder: HashEncoder) -> None:
    one, other = hash_encoder.encode_documents(["VERY High; tech", "very high tech"])
    np.testing.assert_array_equal(one, other)


def test_documents_are_counted(hash_encoder: HashEncoder) -> None:
    hash_encoder.encode_documents(["a", "b"])
    hash_encoder.encode_documents(["a"])
    hash_encoder.encode_query("a")
    assert hash_encoder.encoded == 3


def test_large_and_small_chunks_agree() -> None:
    texts = [f"word{n % 7} word{n % 11}" for n in range(5000)]
    encoder = HashEncoder()
    np.testing.assert_array_equal(encoder.encode_documents(texts)[4999], encoder.encode_query(texts[4999]))


def test_list_source_hands_problems_on_in_their_place() -> None:
    problem = RowProblem(2, "age", "old", "a number")
    source = ListSource([{"age": 1}, problem, {"age": 3, "city": "x"}])
    assert source.columns() == ("age", "city")
    assert source.count() == 2
    assert [row.number for row in source.rows()] == [1, 2, 3]
    assert list(source.rows())[1] is problem


def test_list_source_without_columns_cannot_be_read() -> None:
    with pytest.raises(SourceError, match="no columns"):
        ListSource([]).columns()


def test_sample_rows_fit_the_built_in_schema(list_source: ListSource) -> None:
    reader = RowReader(load_schema(), list(list_source.columns()))
    profiles = [reader.read(row) for row in list_source.rows() if not isinstance(row, RowProblem)]
    assert [getattr(profile, "id", profile) for profile in profiles] == ["S1", "S2", "S3", "S4", "S5"]


def test_fakes_register_through_the_real_hooks(
    techfinder_settings: Settings, hash_encoder: HashEncoder, list_source: ListSource
) -> None:
    fake = FakePlugin(encoders=[hash_encoder.entry()], sources=[list_source.entry()])
    settings = techfinder_settings.model_copy(update={"encoder": "hash"})
    plugins = Plugins.load(settings, discover=False, extra=[("fakes", fake)])
    assert plugins.encoders()["hash"].load() is hash_encoder
    assert plugins.sources()["list"].load("") is list_source
    assert not plugins.failures


def test_home_is_empty_and_alone_in_the_environment(techfinder_home: Path, techfinder_settings: Settings) -> None:
    assert techfinder_settings.home == techfinder_home
    assert not techfinder_home.exists()


def test_the_pytest_plugin_imports_nothing_heavy() -> None:
    code = f"import sys, techfinder.testing.pytest_plugin; print([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=25)
    assert done.stdout.strip() == "[]"
