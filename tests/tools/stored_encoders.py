"""An encoder whose vectors come from a file, without a model: what is registered can be altered, lost and loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import EncoderError
from techfinder.interfaces import EncoderEntry, EncoderFiles
from techfinder.testing.fakes import HashEncoder
from techfinder.weights import check_model_files

__all__ = ["stored_entry"]

NAME = "model.safetensors"


class StoredEncoder(HashEncoder):
    """The hash encoder, turned by signs that stand in a file."""

    def __init__(self, info_of: HashEncoder, folder: Path, sha256: str) -> None:
        """Read the signs. Raises EncoderError when the file is another one."""
        super().__init__(dim=info_of.info.dim)
        check_model_files(folder, {NAME: sha256}, owner="StoredEncoder", advice="Write it again.")
        self.info = info_of.info
        self._signs = np.frombuffer((folder / NAME).read_bytes(), np.float32)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().encode_documents(texts) * self._signs

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return super().encode_query(text) * self._signs


def stored_entry(folder: Path, name: str = "stored", seed: int = 0, dim: int = 64) -> EncoderEntry:
    """An encoder called `name` with its file in `folder`, which is written where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    signs = np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), dim).astype(np.float32)
    sha256 = hashlib.sha256(signs.tobytes()).hexdigest()
    if not (folder / NAME).exists():
        (folder / NAME).write_bytes(signs.tobytes())
    like = HashEncoder(dim=dim, name=name, revision=sha256[:12])

    def find() -> Mapping[str, Path]:
        if not (folder / NAME).is_file():
            raise EncoderError(f"StoredEncoder: no weights in {folder}.")
        return {NAME: folder / NAME}

    def load(place: Path = folder) -> StoredEncoder:
        return StoredEncoder(like, place, sha256)

    return replace(like.entry(), load=load, files=EncoderFiles(find, load))
