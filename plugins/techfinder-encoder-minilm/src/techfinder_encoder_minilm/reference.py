"""What sentence-transformers makes of a few texts, which every load is measured by.

Those vectors follow from the weights, the texts and the libraries' versions, and importing
sentence-transformers takes longer than all the rest of loading. So the first load keeps them
in the home folder, under a name that changes with any of these, and later loads read them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from techfinder_encoder_minilm import INFO
from techfinder_encoder_minilm.weights import FILES

__all__ = ["CHECK_TEXTS", "kept_path", "references"]

CHECK_TEXTS = (
    "laptop",
    "early adopters with high technical proficiency in healthcare, not on TikTok, ideally in Texas",
    "34-year-old. Female. from Austin, TX. works in Retail. Innovator. Very High tech interest. Premium budget",
    "uses Smartphones, prefers iPhone, adopts 2 months after release. does not use Wearables. " * 12,
)
"""Encoded at start in both ways: one word, a question, a short profile, and one that is cut."""

LIBRARIES = ("sentence-transformers", "tokenizers", "torch", "transformers")


def references(folder: Path, home: Path) -> Iterator[NDArray[np.float32]]:
    """Vectors of CHECK_TEXTS in float32, shape (texts, dim): as kept, then (if asked for more) made anew.

    Args:
        folder: The model's folder, already checked.
        home: The home folder; what cannot be read there is made, what cannot be written is not kept.
    """
    path = kept_path(home)
    if (kept := _kept(path)) is not None:
        yield kept
    made = _made(folder)
    with contextlib.suppress(OSError):
        _keep(path, made)
    yield made


def kept_path(home: Path) -> Path:
    """Where the vectors are kept; another place for other weights, texts or versions of the libraries."""
    facts = [FILES, CHECK_TEXTS, [version(name) for name in LIBRARIES]]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return home / "cache" / f"minilm-reference-{digest[:16]}.npy"


def _kept(path: Path) -> NDArray[np.float32] | None:
    """The vectors in the file, or None unless it is just what `_packed` writes: no header is ever interpreted."""
    shape = (len(CHECK_TEXTS), INFO.dim)
    pattern = _packed(np.zeros(shape, np.float32))
    try:
        with path.open("rb") as file:
            content = file.read(len(pattern) + 1)
    except OSError:
        return None
    start = len(pattern) - 4 * len(CHECK_TEXTS) * INFO.dim
    if len(content) != len(pattern) or content[:start] != pattern[:start]:
        return None
    vectors = np.frombuffer(content, np.float32, offset=start).reshape(shape)
    return vectors if np.allclose((vectors * vectors).sum(axis=1), 1, atol=1e-4) else None


def _keep(path: Path, vectors: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            file.write(_packed(vectors))
            file.close()
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def _packed(vectors: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, vectors, allow_pickle=False)
    return file.getvalue()


def _made(folder: Path) -> NDArray[np.float32]:
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
