"""Encoders, held to what they declare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import EncoderError
from techfinder.interfaces import Encoder, EncoderEntry
from techfinder.models import GenerationInfo

__all__ = ["CheckedEncoder", "Encoded"]

_NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as a vector.

    Attributes:
        vector: Shape (dim,).
        encoder: The encoder's name.
        generation: What it is to be compared with.
    """

    vector: NDArray[np.float32]
    encoder: str
    generation: GenerationInfo


class CheckedEncoder:
    """An encoder whose every answer is checked for shape, type, finiteness and norm."""

    def __init__(self, entry: EncoderEntry) -> None:
        """Load the entry's encoder.

        Raises:
            EncoderError: It cannot be loaded, or is not the one that its entry describes.
        """
        self.info = entry.info
        self._encoder = _load(entry)

    @property
    def precision(self) -> str:
        """The number format that it computes in."""
        return str(getattr(self._encoder, "precision", "float32"))

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As :meth:`techfinder.interfaces.Encoder.encode_documents`, checked."""
        return self._checked(self._encoder.encode_documents(texts), (len(texts), self.info.dim))

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """As :meth:`techfinder.interfaces.Encoder.encode_query`, checked."""
        return self._checked(self._encoder.encode_query(text), (self.info.dim,))

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Row i is what :meth:`encode_query` answers for text i, checked; together where the encoder can do that."""
        together = getattr(self._encoder, "encode_queries", None)
        if together is None or not texts:
            rows = [self.encode_query(text) for text in texts]
            return np.stack(rows) if rows else np.zeros((0, self.info.dim), np.float32)
        return self._checked(together(texts), (len(texts), self.info.dim))

    def _checked(self, vectors: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
        if not isinstance(vectors, np.ndarray) or vectors.shape != shape:
            got = f"shape {vectors.shape}" if isinstance(vectors, np.ndarray) else type(vectors).__name__
            raise self._broken(f"returned {got}, expected {shape}. Fix EncoderInfo.dim or the model revision.")
        if vectors.dtype != np.float32:
            raise self._broken(f"returned {vectors.dtype}, expected float32. Convert before returning.")
        if not np.isfinite(vectors).all():
            raise self._broken("returned NaN or infinity. Check the weights and the precision.")
        if self.info.normalized and vectors.size:
            norms = np.linalg.norm(vectors, axis=-1)
            if np.abs(norms - 1.0).max() > _NORM_TOLERANCE:
                raise self._broken("declares normalised vectors but returned others. Normalise in float32.")
        return vectors

    def _broken(self, what: str) -> EncoderError:
        return EncoderError(f"Encoder {self.info.name!r} ({self.info.fingerprint}) {what}")


def _load(entry: EncoderEntry) -> Encoder:
    try:
        encoder = entry.load()
    except EncoderError:
        raise
    except Exception as error:  # an encoder is somebody else's code: whatever it raises is its failure
        raise EncoderError(f"Encoder {entry.info.name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    if encoder.info.fingerprint != entry.info.fingerprint:
        raise EncoderError(
            f"Encoder {entry.info.name!r} was offered as {entry.info.fingerprint} but loaded as "
            f"{encoder.info.fingerprint}. Fix the plugin's EncoderInfo."
        )
    return encoder
