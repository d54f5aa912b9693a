"""A server with sixty people as a process of its own, and what page tests look at in its search page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

SITE = Path(__file__).resolve().parent.parent / "web" / "site"
GATE = "TECHFINDER_TEST_ENCODER_GATE"

NewPage = Callable[..., Page]


def environment(home: Path) -> dict[str, str]:
    """Of the server: its home, and the plugin with people and the hash encoder."""
    return os.environ | {
        "TECHFINDER_HOME": str(home),
        "TECHFINDER_ENCODER": "hash",
        "TECHFINDER_NICE": "0",
        "PYTHONPATH": str(SITE),
        "COLUMNS": "200",
    }


def index(home: Path, source: str = "sixty:") -> None:
    """Index the people of a source of the site's plugin."""
    command = [sys.executable, "-m", "techfinder", "index", source]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def served(env: dict[str, str], port: int = 0) -> Iterator[str]:
    """The address of a server process, which ends with the block."""
    command = [sys.executable, "-m", "techfinder", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"techfinder is at (http://\S+)", line):
                break
        else:
            raise AssertionError(f"The server did not start: {''.join(said)}")
        try:
            yield found[1]
        finally:
            server.send_signal(signal.SIGINT)


def ids(page: Page) -> list[str]:
    """The ids on the cards, in order."""
    return page.locator("#cards .card h3").all_text_contents()


def status(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait for the sentence above the cards."""
    expect(page.locator("#status")).to_have_text(text)
