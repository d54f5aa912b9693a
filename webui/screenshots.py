"""Pictures of the pages for ``docs/images/``: starts the app on sample people and takes them in Chromium.

Run ``python webui/screenshots.py`` with techfinder and its plugins installed. ``TECHFINDER_TEST_CHROMIUM``
names the browser where it is not on the path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
START_S = 240.0
QUESTION = "/?q=early+adopters+with+high+technical+proficiency,+not+on+TikTok,+ideally+in+Texas"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: where to look, at which size (CSS pixels), in which theme; `ranked` waits for match gauges."""

    name: str
    address: str
    width: int = 1360
    height: int = 900
    theme: Literal["light", "dark"] = "light"
    ranked: bool = False


PICTURES = (
    Picture("search", f"{QUESTION}&age=25..60", ranked=True),
    Picture("search-dark", f"{QUESTION}&age=25..60", theme="dark", ranked=True),
    Picture("search-phone", QUESTION, width=360, height=780, ranked=True),
    Picture("search-empty", "/"),
    Picture("search-none", "/?q=retired+gamers&adopter_category=Innovator&age=110..", height=600),
    Picture("profile", "/people/"),
)


def main() -> None:
    """Make all pictures."""
    browser_path = os.environ.get("TECHFINDER_TEST_CHROMIUM") or shutil.which("chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, _served(Path(home)) as base, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for picture in PICTURES:
            _take(browser, base, picture)
            print(IMAGES / f"{picture.name}.png")
        browser.close()


@contextmanager
def _served(home: Path) -> Iterator[str]:
    port = _free_port()
    environment = os.environ | {"TECHFINDER_HOME": str(home)}
    command = [sys.executable, "-m", "techfinder", "demo", "--port", str(port)]
    server = subprocess.Popen(command, env=environment)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/healthz", server)
        yield base
    finally:
        server.terminate()
        server.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=START_S):  # it listens before it is ready
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"The server did not answer at {url} within {START_S:.0f} s.")


def _take(browser: Browser, base: str, picture: Picture) -> None:
    size = {"width": picture.width, "height": picture.height}
    context = browser.new_context(viewport=size, color_scheme=picture.theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    address = picture.address
    if address == "/people/":
        page.goto(base)
        address = page.locator(".card h3 a").first.get_attribute("href") or "/"
    page.goto(base + address)
    if picture.ranked:
        expect(page.locator(".ring").first).to_be_visible(timeout=60_000)
    page.screenshot(path=IMAGES / f"{picture.name}.png")
    context.close()


if __name__ == "__main__":
    main()
