"""Runs the code of a notebook, cell by cell, in a process of its own; ``--write`` keeps what the cells print.

No Jupyter is needed: our notebooks hold plain Python.

Run: python tests/tools/notebooks.py docs/service_as_mlflow_model.ipynb [--write]
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["run"]


def run(path: Path) -> dict[str, Any]:
    """The notebook with what its cells print now. Raises what a cell raises, naming the cell."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, 1):
        printed = io.StringIO()
        source = compile("".join(cell["source"]), f"{path.name}, code cell {number}", "exec")
        with contextlib.redirect_stdout(printed):
            exec(source, names)
        text = printed.getvalue().splitlines(keepends=True)
        cell["execution_count"] = number
        cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text}] if text else []
    return notebook


def main(arguments: list[str]) -> None:
    """Run a notebook; its cells begin in an empty folder of their own choosing."""
    path = Path(arguments[0]).absolute()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = run(path)
    if "--write" in arguments:
        path.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for cell in done["cells"]:
        for output in cell.get("outputs", ()):
            print("".join(output["text"]), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
