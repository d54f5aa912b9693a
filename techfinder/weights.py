"""The model gate: what a folder of weights holds, known before a library that reads models is imported.

A folder is code as long as nobody has looked: module lists name classes, old weight files are pickles,
links change under our feet. Here files are only listed and hashed; nothing of them runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from techfinder.errors import EncoderError, cut

__all__ = ["check_model_files", "digest_of_files", "hash_file", "hash_model_files"]

_PLAIN = frozenset({".safetensors", ".json", ".txt", ".model", ".md"})
"""Endings of files that hold numbers or text; ``LICENSE`` and the like have none."""


def check_model_files(
    folder: Path,
    files: Mapping[str, str],
    *,
    owner: str,
    advice: str,
    unread: Collection[str] = (),
    alone: bool = True,
) -> None:
    """Raise EncoderError unless `folder` holds the `files`, unchanged.

    Args:
        folder: Where to look; hidden files at its top do not count.
        files: SHA-256 in hex by name, as ``"1_Pooling/config.json"``.
        owner: Whose they are, to begin the message with.
        advice: What to do, as sentences, to end it with.
        unread: Names that may lie beside them.
        alone: False lets anything lie beside them: for a plugin that opens these files and no other.
    """
    if not folder.is_dir():
        raise EncoderError(f"{owner}: folder {cut(str(folder))} does not exist. {advice}")
    present = _names(folder)
    checked = present if alone else present & files.keys()
    if links := sorted(n for n in checked if (folder / n).is_symlink()):
        why = f"holds links ({_listed(links)}), which may change under our feet; copy the files"
    elif missing := sorted(files.keys() - present):
        why = f"lacks {_listed(missing)}"
    elif strange := sorted(checked - files.keys() - set(unread)):
        why = f"holds {_listed(strange)}, no part of the model; pickles and code are never read"
    else:
        why = next((w for name, sha256 in files.items() if (w := _differs(folder, name, sha256))), "")
    if why:
        raise EncoderError(f"{owner}: folder {cut(str(folder))} {why}. {advice}")


def hash_model_files(folder: Path, *, owner: str, advice: str) -> dict[str, str]:
    """SHA-256 by name of every file below `folder`, hidden ones at its top left out.

    Raises:
        EncoderError: There is none, or something there is neither weights in safetensors nor text.
    """
    if not folder.is_dir():
        raise EncoderError(f"{owner}: folder {cut(str(folder))} does not exist. {advice}")
    names = sorted(_names(folder))
    if links := [n for n in names if (folder / n).is_symlink()]:
        raise EncoderError(
            f"{owner}: folder {cut(str(folder))} holds links ({_listed(links)}); copy the files. {advice}"
        )
    if strange := [n for n in names if not _is_plain(folder / n)]:
        raise EncoderError(
            f"{owner}: folder {cut(str(folder))} holds {_listed(strange)}; only safetensors and text are read, no "
            f"pickles and no code. {advice}"
        )
    if not any(n.endswith(".safetensors") for n in names):
        raise EncoderError(f"{owner}: folder {cut(str(folder))} holds no weights in safetensors. {advice}")
    return {name: hash_file(folder / name) for name in names}


def digest_of_files(files: Mapping[str, str]) -> str:
    """One SHA-256 in hex over names and hashes, whatever their order."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def hash_file(path: Path) -> str:
    """The SHA-256 of a file in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_plain(path: Path) -> bool:
    return path.suffix.lower() in _PLAIN or path.name.upper() in ("LICENSE", "NOTICE")


def _differs(folder: Path, name: str, expected: str) -> str:
    got = hash_file(folder / name)
    return "" if got == expected else f"has another {name} (sha256 {got[:12]}…, expected {expected[:12]}…)"


def _names(folder: Path) -> set[str]:
    """Files and links below `folder`, hidden ones at its top left out."""
    found = ((p, p.relative_to(folder).as_posix()) for p in folder.rglob("*"))
    return {name for p, name in found if p.is_symlink() or (not p.is_dir() and not name.startswith("."))}


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
