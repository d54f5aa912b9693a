"""Which processor, and which number formats it is worth trying there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from techfinder import EncoderError
from techfinder_encoder_minilm.weights import OWNER

__all__ = ["choose_device", "has_bfloat16", "precisions"]

CPU_FACTS = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # the last one on 64-bit Arm


def choose_device(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> torch.device:
    """The device wanted, or the fastest there is. Raises EncoderError when it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        wanted = "cuda" if there["cuda"] else "mps" if there["mps"] else "cpu"
    if not there[wanted]:
        known = ", ".join(name for name, is_there in there.items() if is_there)
        raise EncoderError(f"{OWNER}: device {wanted!r} is not there. Set plugins.encoder_minilm.device to: {known}.")
    return torch.device(wanted)


def precisions(device: torch.device, wanted: Literal["auto", "float32", "bfloat16"]) -> tuple[torch.dtype, ...]:
    """The formats to try, in this order; bfloat16 only where it is not emulated, unless asked for."""
    if wanted != "auto":
        return (torch.bfloat16 if wanted == "bfloat16" else torch.float32,)
    native = False
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu" and CPU_FACTS.exists():
        native = has_bfloat16(CPU_FACTS.read_text(encoding="utf-8", errors="replace"))
    return (torch.bfloat16, torch.float32) if native else (torch.float32,)


def has_bfloat16(facts: str) -> bool:
    """Whether a Linux ``/proc/cpuinfo`` names a bfloat16 unit."""
    lines = (line.partition(":") for line in facts.splitlines())
    return any(BFLOAT16_FLAGS & set(value.split()) for key, _, value in lines if key.strip() in ("flags", "Features"))
