"""The encoder itself, over the library's own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from techfinder import EncoderError, EncoderInfo, encodable

if TYPE_CHECKING:
    from techfinder import Settings
    from techfinder_encoder_sentence_transformers import ModelSettings

__all__ = ["SentenceTransformersEncoder", "load_encoder"]


class SentenceTransformersEncoder:
    """A sentence-transformers model with prompts. Safe to call from many threads, which take turns.

    The library's tokenizers keep state while they work, so one text is tokenised at a time.
    """

    def __init__(self, library: Any, info: EncoderInfo, model: ModelSettings, batch_size: int) -> None:
        """Put the parts together."""
        self.info, self.precision = info, model.precision
        self._library, self._model, self._batch_size = library, model, batch_size
        self._owner = f"Encoder {info.name!r} (techfinder-encoder-sentence-transformers)"
        self._turn = threading.Lock()

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dim), float32, L2 norm 1. Raises EncoderError when one is no text."""
        clean = encodable(texts, self._owner)
        if not clean:
            return np.zeros((0, self.info.dim), np.float32)
        return self._encode([self._model.document_prompt + text for text in clean])

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """One vector of shape (dim,), float32, L2 norm 1. Raises EncoderError when `text` is no text."""
        [clean] = encodable([text], self._owner)
        vector: NDArray[np.float32] = self._encode([self._model.query_prompt + clean])[0]
        return vector

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Row i is what ``encode_query`` answers for text i."""
        if not (clean := encodable(texts, self._owner)):
            return np.zeros((0, self.info.dim), np.float32)
        return self._encode([self._model.query_prompt + text for text in clean])

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        with self._turn:
            found = self._library.encode(
                texts, prompt="", batch_size=self._batch_size, show_progress_bar=False, convert_to_tensor=True
            )
        # Cut first, then brought to length 1, and that in float32: bfloat16 would be off by a percent.
        vectors = np.ascontiguousarray(found.float().cpu().numpy()[:, : self.info.dim], np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        return unit


def load_encoder(
    folder: Path, info: EncoderInfo, model: ModelSettings, settings: Settings
) -> SentenceTransformersEncoder:
    """The encoder from a folder that has been checked. Raises EncoderError where the model is not what is declared."""
    with _no_network():
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            library = SentenceTransformer(
                str(folder),
                device=None if model.device == "auto" else model.device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True, "dtype": getattr(torch, model.precision)},
            )
        except Exception as error:  # whatever the library makes of a folder that it cannot read
            raise EncoderError(
                f"Encoder {info.name!r} (techfinder-encoder-sentence-transformers): {folder} cannot be loaded: "
                f"{type(error).__name__}: {str(error)[:300]}"
            ) from error
    library.max_seq_length = model.max_tokens
    encoder = SentenceTransformersEncoder(library, info, model, settings.batch_size)
    found = int(library.encode(["laptop"], prompt="", show_progress_bar=False).shape[1])
    if found < info.dim:
        raise EncoderError(
            f"Encoder {info.name!r} (techfinder-encoder-sentence-transformers): the model's vectors have {found} "
            f"numbers, {info.dim} are asked for. Set plugins.encoder_sentence_transformers.models.{info.name}.dim to "
            f"{found} or less."
        )
    return encoder


@contextmanager
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
