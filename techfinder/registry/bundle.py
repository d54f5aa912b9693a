"""The folder that is logged for a version::

MLmodel             MLflow's description, with the signature
techfinder.json     the facts; their digest is the version's identity
weights/...         the weight files as they are
requirements.txt    what was installed where it was measured
input_example.json  a text
README.md           the model card
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from techfinder.errors import RegistryError, cut

if TYPE_CHECKING:
    from techfinder.registry.versions import VersionFacts

__all__ = ["FACTS", "WEIGHTS", "check_names", "requirements", "write_bundle"]

FACTS = "techfinder.json"
WEIGHTS = "weights"
_EXAMPLE = {"columns": ["text"], "data": [["34-year-old. from Austin, TX. works in Retail. Innovator."]]}


def write_bundle(
    folder: Path,
    facts: VersionFacts,
    files: Mapping[str, Path],
    figures: Mapping[str, float],
    notes: Mapping[str, str],
    needs: str,
) -> None:
    """Write everything but ``MLmodel`` into `folder`. Raises OSError."""
    folder.mkdir(parents=True)
    (folder / FACTS).write_text(facts.to_json(), encoding="utf-8")
    for name, path in files.items():
        target = folder / WEIGHTS / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (folder / "requirements.txt").write_text(needs, encoding="utf-8")
    (folder / "input_example.json").write_text(json.dumps(_EXAMPLE), encoding="utf-8")
    (folder / "README.md").write_text(_card(facts, figures, notes), encoding="utf-8")


def check_names(names: Mapping[str, str]) -> None:
    """Raise RegistryError when a file's name leads outside of the folder that it is put into."""
    for name in names:
        path = PurePosixPath(name)
        plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_. /-]{0,200}", name) is not None
        if not plain or path.is_absolute() or ".." in path.parts or str(path) != name:
            raise RegistryError(
                f"A registered version names the file {cut(name)}, which cannot be one. Nothing was read."
            )


def requirements(*distributions: str) -> str:
    """Pinned versions of distributions and of what they need directly, one a line, as they are installed here."""
    names = {*distributions, "techfinder"} - {""}
    for distribution in [name for name in distributions if name] or ["techfinder"]:
        try:
            needed = metadata.requires(distribution) or []
        except metadata.PackageNotFoundError:
            needed = []
        names |= {found[0] for r in needed if "extra ==" not in r and (found := re.match(r"[A-Za-z0-9._-]+", r))}
    lines = []
    for name in sorted(names, key=str.lower):
        try:
            lines.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return "\n".join(lines) + "\n"


def _card(facts: VersionFacts, figures: Mapping[str, float], notes: Mapping[str, str]) -> str:
    rows = [f"| {name} | {value:.4g} |" for name, value in sorted(figures.items())]
    files = [f"| {name} | {sha256} |" for name, sha256 in facts.files.items()] or ["| none | |"]
    told = [f"- {name}: {value}" for name, value in sorted(notes.items())]
    return "\n".join(
        [
            f"# Encoder {facts.name}",
            "",
            f"Fingerprint `{facts.fingerprint}`, {facts.dim} dimensions, {facts.similarity}, {facts.precision}, at",
            f"most {facts.max_tokens} tokens, text template {facts.template}, licence {facts.licence}.",
            "",
            "No profile and no vector of one is in here. The weights are loaded by techfinder's plugin, which",
            "checks each file's SHA-256 first; MLflow's loaders are not used.",
            "",
            *told,
            "",
            "| measured | |",
            "|---|---|",
            *rows,
            "",
            "| file | SHA-256 |",
            "|---|---|",
            *files,
            "",
        ]
    )
