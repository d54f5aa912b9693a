"""Pictures of the pages for ``docs/images/``: starts the app on sample people and takes them in Chromium.

Run ``python webui/screenshots.py`` with techfinder and its plugins installed; with names (``profile compare``) it takes
only these. ``TECHFINDER_TEST_CHROMIUM`` names the browser where it is not on the path.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
START_S = 240.0
QUESTION = "/?q=early+adopters+with+high+technical+proficiency,+not+on+TikTok,+ideally+in+Texas"
Act = Callable[[Page], object]


def _nothing(page: Page) -> None:
    """As it comes."""


def _edit(page: Page) -> None:
    """Somebody edits a condition, and asks why."""
    page.locator("#understood summary").nth(1).click()
    page.locator(".why > summary").first.click()


def _filters(page: Page) -> None:
    """Some filters unfolded; on a phone the panel is."""
    if page.locator(".panel-switch").is_visible():
        page.locator(".panel-switch").click()
    for name in ("age", "location_city"):
        page.locator(f"#facet-{name} > summary").click()


def _standing(page: Page) -> None:
    """All counts unfolded, down where somebody stands among everybody."""
    page.get_by_text("All counts").click()
    page.locator("#standing").scroll_into_view_if_needed()
    page.locator("#standing").evaluate("e => e.scrollIntoView()")


def _export(page: Page) -> None:
    """The kinds of file that everybody found can be taken away as."""
    page.locator("#exports > summary").click()


def _fields(page: Page) -> None:
    """Where the fields begin."""
    page.locator(".spreads").first.evaluate("e => e.scrollIntoView()")


def _numbers(page: Page) -> None:
    """The tables at the end."""
    page.locator("#people-title").evaluate("e => e.scrollIntoView()")


def _help(page: Page) -> None:
    """The shortcuts."""
    page.get_by_role("button", name="Keyboard shortcuts").click()


@dataclass(frozen=True, slots=True)
class Picture:
    """One page: its name, where to look, what to do there, and how high it is; `ranked` waits for match gauges."""

    name: str
    address: str
    act: Act = _nothing
    height: int = 900
    ranked: bool = False


PICTURES = (
    Picture("search", f"{QUESTION}&age=25..60", ranked=True),
    Picture("search-empty", "/", _filters),
    Picture("search-editing", f"{QUESTION}+or+Californa", _edit, ranked=True),
    Picture("search-none", "/?q=innovators+in+healthcare+over+110&gender=Male", height=700),
    Picture("search-near", "/?q=laggards+in+Texas+with+a+premium+budget+and+expert+skills", height=1100),
    Picture("search-alike", "/?like=TU0042&q=in+Texas", ranked=True),
    Picture("search-weak", "/?q=zeppelin+moorings", height=700),
    Picture("search-export", f"{QUESTION}", _export, ranked=True),
    Picture("audience", "/audience?q=gaming+in+Texas+or+California", height=1500),
    Picture("audience-fields", "/audience?q=gaming+in+Texas+or+California", _fields, height=1200),
    Picture("audience-numbers", "/audience?q=gaming+in+Texas+or+California&sort=-age", _numbers, height=1100),
    Picture("lookalike", "/lookalike?like=TU0042&like=TU0007&look.not=TU0003&q=in+Texas", height=1100),
    Picture("help", "/", _help, height=700),
    Picture("search-picked", f"{QUESTION}&compare.id=TU0974&compare.id=TU0042", height=700, ranked=True),
    Picture("profile", "/people/TU0974", height=1450),
    Picture("profile-standing", "/people/TU0042", _standing, height=900),
    Picture("compare", "/compare?ids=TU0974&ids=TU0042&ids=TU0001", height=1200),
    Picture("compare-choose", "/compare?ids=TU0974", height=700),
    Picture("fields", "/schema", height=1200),
    Picture("admin", "/admin/", height=1300),
    Picture("problem", "/people/TU-nobody", height=500),
)

Theme = Literal["light", "dark"]
LOOKS: tuple[tuple[str, int, Theme], ...] = (("", 1360, "light"), ("-dark", 1360, "dark"), ("-phone", 360, "light"))
"""Ending of the file's name, width in CSS pixels, theme."""


def main() -> None:
    """Make the pictures that the command line names, or all of them."""
    wanted = [p for p in PICTURES if p.name in sys.argv[1:] or not sys.argv[1:]]
    browser_path = os.environ.get("TECHFINDER_TEST_CHROMIUM") or shutil.which("chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, _served(Path(home)) as base, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for picture in wanted:
            for ending, width, theme in LOOKS:
                print(_take(browser, base, picture, ending, width, theme))
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


def _take(browser: Browser, base: str, picture: Picture, ending: str, width: int, theme: Theme) -> Path:
    size: ViewportSize = {"width": width, "height": 780 if width < 400 else picture.height}
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(base + picture.address, timeout=60_000)
    if picture.ranked:
        expect(page.locator(".ring").first).to_be_visible(timeout=60_000)
    picture.act(page)
    file = IMAGES / f"{picture.name}{ending}.png"
    _write_small(page.screenshot(), file)
    context.close()
    return file


def _write_small(png: bytes, file: Path) -> None:
    """With 256 colours, which a page hardly exceeds: a third of the size."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    whole.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
