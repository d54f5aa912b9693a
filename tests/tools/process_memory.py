"""What a process holds in memory, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

import psutil

__all__ = ["anonymous"]


def anonymous(process: psutil.Process) -> int:
    """RssAnon in bytes: what a process holds that no file backs; 0 of one that is ending."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)
