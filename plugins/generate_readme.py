"""Writes the table of plugins in README.md from their pyproject files.

``python plugins/generate_readme.py`` rewrites the part between the markers; with ``--check`` it
changes nothing and ends with status 1 when that part is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN = "<!-- plugins: written by generate_readme.py, do not edit -->"
END = "<!-- /plugins -->"


def plugin_folders() -> list[Path]:
    """The plugins we ship, the web interface last; the template is none of them."""
    return [*sorted(p.parent for p in HERE.glob("techfinder-*/pyproject.toml")), HERE.parent / "webui"]


def table() -> str:
    """The table in Markdown: plugin name, distribution with a link to its folder, purpose, other needs."""
    lines = ["| plugin | distribution | what it does | needs |", "|---|---|---|---|"]
    for folder in plugin_folders():
        project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        link = folder.name if folder.parent == HERE else f"../{folder.name}"
        needs = [_distribution(r) for r in project.get("dependencies", ())]
        others = ", ".join(n for n in needs if n != "techfinder") or "nothing else"
        for name in project["entry-points"]["techfinder"]:
            lines.append(f"| `{name}` | [{project['name']}]({link}) | {project['description']} | {others} |")
    return "\n".join(lines)


def current(text: str) -> str:
    """The page with its generated part as it should be. Raises ValueError when a marker is missing."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{README.name} needs the markers {BEGIN!r} and {END!r} once each")
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def _distribution(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check it; 1 when a check finds it out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 when out of date")
    check: bool = parser.parse_args(arguments).check
    before = README.read_text(encoding="utf-8")
    after = current(before)
    if check and after != before:
        print(f"{README} is out of date; run: python plugins/generate_readme.py", file=sys.stderr)
        return 1
    if not check:
        README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
