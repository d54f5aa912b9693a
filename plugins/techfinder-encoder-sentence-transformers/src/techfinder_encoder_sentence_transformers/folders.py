"""Finds a model's folder and makes sure that it is the pinned model and brings no code.

All of this happens before a library that reads models is imported. The hash pins every byte; what follows from
looking into the files is refused although it is pinned, for whoever pins a folder has not read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from techfinder import EncoderError, cut, digest_of_files, hash_model_files
from techfinder_encoder_sentence_transformers import ModelSettings

__all__ = ["check_folder", "find_files", "find_folder", "inspect_folder"]

TABLE = "plugins.encoder_sentence_transformers.models"
PIN = "python -m techfinder_encoder_sentence_transformers FOLDER"
MODULES = frozenset({"Transformer", "Pooling", "Normalize"})
"""Kinds of module that a list may name, all of them the library's own: others run what their configuration names."""

WEIGHTS = ("*.json", "*.safetensors", "*.txt", "*.model", "README.md", "LICENSE", "*/config.json")
"""What is fetched from a hub."""


def find_files(name: str, model: ModelSettings, home: Path) -> Mapping[str, Path]:
    """The model's files by name, checked. Raises EncoderError."""
    folder = find_folder(name, model, home)
    return {file: folder / file for file in inspect_folder(folder, name)}


def find_folder(name: str, model: ModelSettings, home: Path) -> Path:
    """The model's folder, checked; a model of the hub is fetched if it is allowed. Raises EncoderError."""
    folder = model.folder or home / "models" / f"{model.hub.replace('/', '--')}-{model.revision[:12]}"
    if model.hub and not folder.is_dir():
        if not model.download:
            raise EncoderError(
                f"{_owner(name)}: {model.hub} is not in {cut(str(folder))}. Put it there, or set "
                f"{TABLE}.{name}.download = true to fetch it once."
            )
        _download(name, model, folder)
    check_folder(folder, name, model.sha256)
    return folder


def check_folder(folder: Path, name: str, sha256: str) -> None:
    """Raise EncoderError unless `folder` holds the pinned model and brings no code."""
    found = digest_of_files(inspect_folder(folder, name))
    if found != sha256:
        raise EncoderError(
            f"{_owner(name)}: folder {cut(str(folder))} holds another model than the pinned one (sha256 "
            f"{found[:12]}…, expected {sha256[:12]}…). Put the right files there, or look at them and pin them anew: "
            f"{PIN}"
        )


def inspect_folder(folder: Path, name: str) -> dict[str, str]:
    """SHA-256 by name of the model's files. Raises EncoderError where they could bring code."""
    files = hash_model_files(folder, owner=_owner(name), advice=f"Set {TABLE}.{name}.folder to a model's folder.")
    modules = _json(folder, "modules.json", name) if "modules.json" in files else []
    for module in modules:
        kind = str(module.get("type", "")) if isinstance(module, dict) else ""
        path = str(module.get("path", "")) if isinstance(module, dict) else ""
        if not kind.startswith("sentence_transformers.") or kind.rpartition(".")[2] not in MODULES:
            raise _refused(folder, name, f"its modules.json names {cut(kind)}; known are {', '.join(sorted(MODULES))}")
        if path.startswith(("/", "\\")) or ".." in path.split("/"):
            raise _refused(folder, name, f"its modules.json points outside of it, to {cut(path)}")
    for file in files:
        if file.rpartition("/")[2] == "config.json":
            _check_config(folder, file, name)
    return files


def _check_config(folder: Path, file: str, name: str) -> None:
    config = _json(folder, file, name)
    values = config if isinstance(config, dict) else {}
    if code := [key for key in ("auto_map", "custom_pipelines", "quantization_config") if values.get(key)]:
        raise _refused(folder, name, f"its {file} has {code[0]}, which brings code or another way to load")
    kernels = [v for k, v in values.items() if "attn_implementation" in k and "/" in str(v)]
    if kernels:
        raise _refused(folder, name, f"its {file} asks for the kernel {cut(str(kernels[0]))} from a hub")


def _json(folder: Path, file: str, name: str) -> Any:
    try:
        return json.loads((folder / file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(folder, name, f"its {file} cannot be read ({error})") from error


def _download(name: str, model: ModelSettings, folder: Path) -> None:
    from huggingface_hub import snapshot_download

    # Real files in a folder of our own, not links into a cache that other programs write to.
    partial = folder.with_name(f"{folder.name}.part")
    try:
        snapshot_download(model.hub, revision=model.revision, allow_patterns=list(WEIGHTS), local_dir=partial)
        partial.rename(folder)
    except Exception as error:  # the hub's client raises errors of three libraries
        raise EncoderError(
            f"{_owner(name)}: cannot fetch {model.hub} at {model.revision[:12]}: {cut(str(error), 200)}. Check the "
            f"network, or put the model into a folder and set {TABLE}.{name}.folder."
        ) from error


def _owner(name: str) -> str:
    return f"Encoder {name!r} (techfinder-encoder-sentence-transformers)"


def _refused(folder: Path, name: str, why: str) -> EncoderError:
    return EncoderError(f"{_owner(name)}: folder {cut(str(folder))} is refused: {why}. Take a model without it.")
