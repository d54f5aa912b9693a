"""The shell samples of a Markdown file: what is typed, and what the page says comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Command", "Sample", "matches", "read_samples"]

_FENCE = re.compile(r"^```(?P<language>console|sh|toml|csv|json)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (?P<mark>[a-z. ]+) -->\n+\Z")


@dataclass(frozen=True, slots=True)
class Command:
    """One command, its continuation lines included, and the output shown below it."""

    text: str
    output: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One fenced block.

    Attributes:
        page: The file.
        line: Where the block starts, from 1.
        language: ``console`` (prompts and output, to be run), ``sh`` (plain lines, not run), or
            that of a file which the reader saves (then `mark` is ``save as NAME``).
        mark: The words of an HTML comment right above the block, or an empty string.
        body: What stands in the block.
    """

    page: Path
    line: int
    language: str
    mark: str
    body: str

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.page.name}:{self.line}"

    @property
    def saved_as(self) -> str:
        """The name of the file that the reader saves, or an empty string."""
        return self.mark.removeprefix("save as ") if self.mark.startswith("save as ") else ""

    def commands(self) -> list[Command]:
        """In order; those of an ``sh`` block have no output. Raises ValueError for output before a prompt."""
        lines = self.body.splitlines()
        return self._typed(lines) if self.language == "console" else [Command(line, "") for line in lines if line]

    def _typed(self, lines: list[str]) -> list[Command]:
        typed: list[list[str]] = []
        shown: list[list[str]] = []
        for line in lines:
            if line.startswith("$ "):
                typed.append([line[2:]])
                shown.append([])
            elif not typed:
                raise ValueError(f"{self.place}: a console sample starts with {line!r}, expected the prompt '$ '.")
            elif line.startswith("> ") and not shown[-1]:
                typed[-1].append(line[2:])
            else:
                shown[-1].append(line)
        return [Command("\n".join(t), "\n".join(s)) for t, s in zip(typed, shown, strict=True)]


def read_samples(path: Path) -> list[Sample]:
    """The samples of the file, in order: what is run, what is only named, and files to save."""
    text = path.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        mark = _MARK.search(text, 0, fence.start())
        line = text.count("\n", 0, fence.start()) + 1
        sample = Sample(path, line, fence["language"], mark["mark"] if mark else "", fence["body"])
        if sample.saved_as or sample.language in ("console", "sh"):
            found.append(sample)
    return found


def matches(expected: str, actual: str) -> bool:
    """True when the texts agree; ``...`` stands for anything, blanks at line ends do not count."""
    pattern = ".*?".join(re.escape(part) for part in _trimmed(expected).split("..."))
    return re.fullmatch(pattern, _trimmed(actual), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
