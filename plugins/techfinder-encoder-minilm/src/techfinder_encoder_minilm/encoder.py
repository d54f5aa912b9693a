"""The encoder itself: texts to tokens to batches to vectors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer

from techfinder import EncoderError, encodable
from techfinder_encoder_minilm import INFO
from techfinder_encoder_minilm.bert import Bert
from techfinder_encoder_minilm.devices import choose_device, precisions
from techfinder_encoder_minilm.reference import CHECK_TEXTS, references
from techfinder_encoder_minilm.weights import OWNER, find_folder

if TYPE_CHECKING:
    from techfinder import Settings
    from techfinder_encoder_minilm import MinilmSettings

__all__ = ["MinilmEncoder", "load_encoder"]

LEAST_COSINE = 0.999
CUDA_BATCH = 256


def _cores() -> int:
    """Cores this process may run on, as far as torch would use them (OMP_NUM_THREADS counts)."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, int(torch.get_num_threads())))


CORES = _cores()
"""Taken when torch is fresh: encoding changes the number that torch gives to new threads."""


class MinilmEncoder:
    """all-MiniLM-L6-v2. Safe to call from many threads.

    A question is encoded in the thread that asks, with few torch threads, so that it never waits
    for a core that an index run holds. Documents are encoded by one worker per core, each on
    batches of its own: workers need not wait for each other after every operation.
    """

    info = INFO

    def __init__(self, model: Bert, tokenizer: Tokenizer, batch_size: int, query_threads: int, workers: int) -> None:
        """Put the parts together; `tokenizer` cuts at 256 tokens and does not pad."""
        self._model, self._tokenizer = model, tokenizer
        self._batch_size, self._query_threads, self._workers = batch_size, query_threads, workers
        self._this_thread = threading.local()

    @property
    def precision(self) -> str:
        """``"bfloat16"`` or ``"float32"``."""
        return str(self._model.dtype).removeprefix("torch.")

    @property
    def device(self) -> str:
        """``"cpu"``, ``"cuda"`` or ``"mps"``."""
        return str(self._model.device.type)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 384), float32, L2 norm 1; each different text is encoded once.

        Fastest with a thousand texts or more in one call: batches are made of texts of equal length.

        Raises:
            EncoderError: One of `texts` is no text.
        """
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        tokens = self._tokens(list(places))
        vectors = np.zeros((len(places), self.info.dim), np.float32)
        for batch, found in self._encoded(tokens):
            vectors[batch] = found
        return vectors[[places[text] for text in texts]] if len(places) < len(texts) else vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """One vector of shape (384,), float32, L2 norm 1. Raises EncoderError when `text` is no text."""
        self._use_threads(self._query_threads)
        vector: NDArray[np.float32] = self._forward(self._tokens([text]))[0]
        return vector

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Row i is what ``encode_query`` answers for text i: batch by batch, with as few threads as one question."""
        self._use_threads(self._query_threads)
        tokens = self._tokens(list(texts))
        vectors = np.zeros((len(tokens), self.info.dim), np.float32)
        for batch in self._batches(tokens):
            vectors[batch] = self._forward([tokens[place] for place in batch])
        return vectors

    def _encoded(self, tokens: list[list[int]]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Places and vectors, batch by batch, in no particular order."""
        batches = self._batches(tokens)
        jobs = [[tokens[place] for place in batch] for batch in batches]
        workers = min(self._workers, len(jobs))
        if workers <= 1:
            yield from zip(batches, map(self._forward, jobs), strict=True)
            return
        with ThreadPoolExecutor(workers, "minilm", lambda: self._use_threads(1)) as pool:
            yield from zip(batches, pool.map(self._forward, jobs), strict=True)

    def _batches(self, tokens: list[list[int]]) -> list[list[int]]:
        """Places, longest text first: equal lengths need no padding, and short batches come last for all workers."""
        order = sorted(range(len(tokens)), key=lambda place: -len(tokens[place]))
        size = max(1, min(self._batch_size, -(-len(order) // self._workers)))
        return [order[start : start + size] for start in range(0, len(order), size)]

    def _forward(self, tokens: Sequence[list[int]]) -> NDArray[np.float32]:
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        ids = np.zeros((len(tokens), lengths.max()), np.int64)
        for row, line in enumerate(tokens):
            ids[row, : len(line)] = line
        vectors: NDArray[np.float32] = self._model(torch.from_numpy(ids), torch.from_numpy(lengths)).cpu().numpy()
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(encodable(texts, OWNER))]

    def _use_threads(self, count: int) -> None:
        # torch keeps this number per thread, and one more that a thread takes over when it first
        # looks: hence look, then set. Threads that have looked before are not slowed down.
        if getattr(self._this_thread, "count", 0) != count:
            torch.get_num_threads()
            torch.set_num_threads(count)
            self._this_thread.count = count


def load_encoder(settings: Settings, own: MinilmSettings, folder: Path | None = None) -> MinilmEncoder:
    """The encoder, checked against the library's own float32 result.

    Args:
        settings, own: Of techfinder and of this plugin.
        folder: Where the weights are; None looks for them as the settings say.

    Raises:
        EncoderError: No weights, other weights, no such device, or vectors that differ from the library's.
    """
    folder = find_folder(folder or own.folder, settings.home, own.download)
    device = choose_device(own.device)
    weights, tokenizer = load_file(folder / "model.safetensors"), _tokenizer(folder)
    workers = CORES if device.type == "cpu" else 1
    batch_size = settings.batch_size if device.type == "cpu" else max(settings.batch_size, CUDA_BATCH)
    found = 0.0
    # The shipped vectors may accept a format, but only those made in this process have the last word.
    for expected in references(folder):
        for dtype in precisions(device, own.precision):
            model = Bert(weights, device, dtype)
            encoder = MinilmEncoder(model, tokenizer, batch_size, settings.encoder_threads, workers)
            found = float((encoder.encode_documents(CHECK_TEXTS) * expected).sum(axis=1).min())
            if found >= LEAST_COSINE:
                return encoder
    raise EncoderError(
        f"{OWNER}: on {device} in {own.precision} precision a vector has cosine {found:.4f} to the float32 reference, "
        f"expected at least {LEAST_COSINE}. Set plugins.encoder_minilm.precision = 'float32' or another device."
    )


def _tokenizer(folder: Path) -> Tokenizer:
    """Cuts at the model's limit and does not pad."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(INFO.max_tokens)
    tokenizer.no_padding()
    return tokenizer
