"""The encoder itself: texts to tokens to batches to vectors."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from techfinder import EncoderError, encodable
from techfinder_encoder_openvino import INFO
from techfinder_encoder_openvino.weights import OWNER, find_folder

if TYPE_CHECKING:
    from techfinder import Settings
    from techfinder_encoder_openvino import OpenvinoSettings

__all__ = ["OpenvinoEncoder", "load_encoder"]

LEAST_COSINE = 0.999
CHECK_TEXTS = (
    "laptop",
    "early adopters with high technical proficiency in healthcare, not on TikTok, ideally in Texas",
    "uses Smartphones, prefers iPhone, adopts 2 months after release. does not use Wearables. " * 12,
)
"""Encoded at start in float32 and in the faster format: they must agree."""


class OpenvinoEncoder:
    """all-MiniLM-L6-v2, compiled. Safe to call from many threads.

    Each call is computed by one thread of OpenVINO's, as many calls at a time as there are cores: a question never
    waits for the parts of another one.
    """

    info = INFO

    def __init__(self, compiled: Any, tokenizer: Tokenizer, precision: str, batch_size: int, workers: int) -> None:
        """Put the parts together; `tokenizer` cuts at 256 tokens and does not pad."""
        self._compiled, self._tokenizer = compiled, tokenizer
        self._batch_size, self._workers = batch_size, workers
        self._this_thread = threading.local()
        self.precision = precision

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 384), float32, L2 norm 1; each different text is encoded once.

        Fastest with a thousand texts or more in one call: batches are made of texts of equal length.

        Raises:
            EncoderError: One of `texts` is no text.
        """
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        tokens = self._tokens(list(places))
        vectors = np.zeros((len(places), self.info.dim), np.float32)
        batches = self._batches(tokens)
        with ThreadPoolExecutor(max(1, min(self._workers, len(batches))), "openvino") as pool:
            found = pool.map(self._forward, ([tokens[place] for place in batch] for batch in batches))
            for batch, some in zip(batches, found, strict=True):
                vectors[batch] = some
        return vectors[[places[text] for text in texts]] if len(places) < len(texts) else vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """One vector of shape (384,), float32, L2 norm 1. Raises EncoderError when `text` is no text."""
        vector: NDArray[np.float32] = self._forward(self._tokens([text]))[0]
        return vector

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Row i is what ``encode_query`` answers for text i: batch by batch, by one thread as one question is."""
        tokens = self._tokens(list(texts))
        vectors = np.zeros((len(tokens), self.info.dim), np.float32)
        for batch in self._batches(tokens):
            vectors[batch] = self._forward([tokens[place] for place in batch])
        return vectors

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
        mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.float32)
        means = self._request().infer([ids, mask])[0]
        vectors: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return vectors

    def _request(self) -> Any:
        """This thread's own: a request holds one set of inputs and outputs."""
        if not hasattr(self._this_thread, "request"):
            self._this_thread.request = self._compiled.create_infer_request()
        return self._this_thread.request

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(encodable(texts, OWNER))]


def load_encoder(settings: Settings, own: OpenvinoSettings, folder: Path | None = None) -> OpenvinoEncoder:
    """The encoder, compiled for this machine; a faster number format only if its vectors agree with float32.

    Raises:
        EncoderError: OpenVINO is not there, no weights, other weights, or vectors that differ from float32.
    """
    folder = find_folder(folder or own.folder)
    openvino = _openvino()
    from techfinder_encoder_openvino.network import draw_up

    core, model = openvino.Core(), draw_up(load_file(folder / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(INFO.max_tokens)
    tokenizer.no_padding()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    streams = max(1, cores // settings.encoder_threads)

    def compiled(precision: str) -> OpenvinoEncoder:
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "INFERENCE_NUM_THREADS": cores,
            "NUM_STREAMS": streams,
        }
        made = core.compile_model(model, "CPU", options)
        return OpenvinoEncoder(made, tokenizer, precision, settings.batch_size, streams)

    plain = compiled("float32")
    if not _wants_bfloat16(core, own.precision):
        return plain
    quick = compiled("bfloat16")
    found = float((quick.encode_documents(CHECK_TEXTS) * plain.encode_documents(CHECK_TEXTS)).sum(axis=1).min())
    if found >= LEAST_COSINE:
        return quick
    if own.precision == "auto":
        return plain
    raise EncoderError(
        f"{OWNER}: in bfloat16 a vector has cosine {found:.4f} to the one in float32, expected at least "
        f"{LEAST_COSINE}. Set plugins.encoder_openvino.precision = 'auto'."
    )


def _openvino() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise EncoderError(
            f"{OWNER}: the package openvino cannot be imported here ({error}). Install it (pip install openvino), or "
            "use the encoder 'minilm', which gives the same vectors to four digits and needs torch instead."
        ) from error
    return openvino


def _wants_bfloat16(core: Any, wanted: Literal["auto", "float32", "bfloat16"]) -> bool:
    native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return wanted == "bfloat16" or (wanted == "auto" and native)
