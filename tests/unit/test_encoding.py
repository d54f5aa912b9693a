"""Encoders are held to what they declare, with messages that say what to mend."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from techfinder.encoding import CheckedEncoder
from techfinder.errors import EncoderError
from techfinder.interfaces import EncoderEntry, EncoderInfo

INFO = EncoderInfo("tiny", "1", "abc", 3, 16, "cosine", True, ("en",), "MIT")


class Tiny:
    """Answers whatever it was given."""

    def __init__(self, answer: Callable[[int], object], info: EncoderInfo = INFO) -> None:
        self.info, self._answer = info, answer

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._answer(len(texts))  # type: ignore[return-value]

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return self.encode_documents([text])[0]


def unit(rows: int) -> NDArray[np.float32]:
    return np.tile(np.array([1, 0, 0], dtype=np.float32), (rows, 1))


def checked(answer: Callable[[int], object], info: EncoderInfo = INFO) -> CheckedEncoder:
    return CheckedEncoder(EncoderEntry(INFO, "", lambda: Tiny(answer, info)))


def test_good_answers_pass_unchanged() -> None:
    encoder = checked(unit)
    assert encoder.encode_documents(["a", "b"]).shape == (2, 3)
    assert encoder.encode_documents([]).shape == (0, 3)
    assert encoder.encode_query("a").tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda n: np.ones((n, 4), dtype=np.float32), r"returned shape \(2, 4\), expected \(2, 3\)"),
        (lambda n: unit(n + 1), r"returned shape \(3, 3\), expected \(2, 3\)"),
        (lambda n: unit(n).astype(np.float64), "returned float64, expected float32"),
        (lambda n: unit(n) * np.float32(np.nan), "NaN or infinity"),
        (lambda n: unit(n) * np.float32(2), "declares normalised vectors"),
        (lambda n: [[1.0, 0.0, 0.0]] * n, r"returned list, expected \(2, 3\)"),
    ],
)
def test_broken_answers_are_named(answer: Callable[[int], object], message: str) -> None:
    with pytest.raises(EncoderError, match=f"'tiny'.*{message}"):
        checked(answer).encode_documents(["a", "b"])


def test_an_encoder_must_be_the_one_that_was_offered() -> None:
    with pytest.raises(EncoderError, match=r"offered as tiny@1\+abc/3 but loaded as tiny@1\+other/3"):
        checked(unit, replace(INFO, revision="other"))


def test_a_failing_load_becomes_one_error() -> None:
    def load() -> Tiny:
        raise OSError("weights are gone")

    with pytest.raises(EncoderError, match="cannot be loaded: OSError: weights are gone"):
        CheckedEncoder(EncoderEntry(INFO, "", load))


def test_questions_together_are_checked_too() -> None:
    encoder = checked(unit)
    assert encoder.encode_queries(["a", "b"]).shape == (2, 3)  # one by one
    assert encoder.encode_queries([]).shape == (0, 3)
    encoder._encoder.encode_queries = lambda texts: unit(len(texts) - 1)  # type: ignore[attr-defined]
    with pytest.raises(EncoderError, match=r"returned shape \(1, 3\), expected \(2, 3\)"):
        encoder.encode_queries(["a", "b"])
