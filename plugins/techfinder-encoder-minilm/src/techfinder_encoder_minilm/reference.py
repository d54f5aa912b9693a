"""What sentence-transformers makes of a few texts, which every load is measured by.

Those vectors follow from the weights, whose hashes are pinned, so they come with this package in
``reference.npy``: importing sentence-transformers takes longer than all the rest of loading.
``python -m techfinder_encoder_minilm.reference`` writes the file anew, for other texts or weights.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHECK_TEXTS", "library_vectors", "references"]

CHECK_TEXTS = (
    "laptop",
    "early adopters with high technical proficiency in healthcare, not on TikTok, ideally in Texas",
    "34-year-old. Female. from Austin, TX. works in Retail. Innovator. Very High tech interest. Premium budget",
    "uses Smartphones, prefers iPhone, adopts 2 months after release. does not use Wearables. " * 12,
)
"""Encoded at start: one word, a question, a short profile, and one that is cut."""

SHIPPED = Path(__file__).with_name("reference.npy")


def references(folder: Path) -> Iterator[NDArray[np.float32]]:
    """Vectors of CHECK_TEXTS in float32, shape (texts, dim): as shipped, then (if asked for more) made here.

    Args:
        folder: The model's folder, already checked.
    """
    yield np.load(SHIPPED, allow_pickle=False)
    yield library_vectors(folder)


def library_vectors(folder: Path) -> NDArray[np.float32]:
    """The library's vectors, one text at a time: no padding, and nothing of ours on the way."""
    with _no_network():
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        library = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
        )
    vectors = library.encode(list(CHECK_TEXTS), batch_size=1, show_progress_bar=False, normalize_embeddings=True)
    return np.ascontiguousarray(vectors, np.float32)


@contextlib.contextmanager
def _no_network() -> Iterator[None]:
    """Keep the hub's client offline; it reads these variables when it is imported."""
    before = {name: os.environ.get(name) for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _write() -> None:
    from techfinder_encoder_minilm.weights import find_folder

    np.save(SHIPPED, library_vectors(find_folder(None, Path(), download=False)), allow_pickle=False)


if __name__ == "__main__":
    _write()
