"""A real finder over sixty people, encoded by the hash encoder, and the app around it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import techfinder_webui
from techfinder.app import create_app
from techfinder.encoding import CheckedEncoder
from techfinder.finder import Finder
from techfinder.indexing import IndexJob, IndexOptions
from techfinder.interfaces import EncoderEntry
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.fakes import FakePlugin, HashEncoder, ListSource

STAGES = ("Laggard", "Late Majority", "Early Majority", "Early Adopter", "Innovator")
LEVELS = ("Very Low", "Low", "Moderate", "High", "Very High")
SECTORS = ("Healthcare", "Technology", "Finance")

FinderOf = Callable[[Path, EncoderEntry], Finder]


def rows(attack: str) -> list[dict[str, object]]:
    """Sixty people; wherever the last one's text is free, it is `attack`."""
    people: list[dict[str, object]] = [
        {
            "user_id": f"P{n:04}",
            "age": 20 + n,
            "gender": ("Female", "Male")[n % 2],
            "location": ("Seattle, WA", "Austin, TX", "Boston, MA")[n % 3],
            "job_sector": SECTORS[n % 3],
            "annual_income": 40_000 + 1_000 * n,
            "adopter_category": STAGES[n % 5],
            "tech_interest": LEVELS[n % 5],
            "technical_proficiency": ("Beginner", "Basic", "Intermediate", "Advanced", "Expert")[n % 5],
            "preferred_platforms": ("TikTok", "Reddit, YouTube")[n % 2],
            "smartphone_preferred_product": ("iPhone", "Google Pixel")[n % 2],
            "smartphone_adoption_timing": n % 12,
        }
        for n in range(60)
    ]
    people[-1] |= dict.fromkeys(("user_id", "job_sector", "gender", "preferred_platforms"), attack)
    return people


@pytest.fixture(scope="session")
def attack() -> str:
    """What somebody may have put into a file to harm who looks at it."""
    return "</p><script>alert(1)</script>\"' onload=x {{ 7*7 }} ../?a=b#c"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, attack: str) -> Path:
    """A home folder with the sixty people indexed."""
    home = tmp_path_factory.mktemp("home")
    finder = _finder(home, HashEncoder().entry())
    _index(finder, rows(attack))
    finder.close()
    return home


@pytest.fixture(scope="session")
def finder(home: Path) -> Iterator[Finder]:
    """A finder over them, its encoder ready."""
    finder = _finder(home, HashEncoder().entry())
    finder.load_encoder()
    yield finder
    finder.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    """A client of the app with that finder."""
    return create_app(finder=finder).test_client()


@pytest.fixture
def finder_of() -> Iterator[FinderOf]:
    """Makes finders over a home folder with an encoder entry, and closes them."""
    with _closed_finders() as make:
        yield make


@pytest.fixture(scope="module")
def shared_finder_of() -> Iterator[FinderOf]:
    """The same for finders that the tests of a file share, and only look at."""
    with _closed_finders() as make:
        yield make


@contextmanager
def _closed_finders() -> Iterator[FinderOf]:
    made: list[Finder] = []

    def make(home: Path, entry: EncoderEntry) -> Finder:
        made.append(_finder(home, entry))
        return made[-1]

    yield make
    for finder in made:
        finder.close()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opened at the end at the latest, so that no encoder waits for it forever."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def gated_encoder(gate: threading.Event) -> EncoderEntry:
    """The hash encoder, whose loading lasts until the gate is open."""
    encoder = HashEncoder()

    def load() -> HashEncoder:
        gate.wait()
        return encoder

    return replace(encoder.entry(), load=load)


@pytest.fixture(scope="session")
def site() -> Callable[..., AbstractContextManager[FlaskClient]]:
    """Serves a home: ``with site(home, schema_file=..., rows=..., filters=...) as client``."""

    @contextmanager
    def serve(
        home: Path,
        *,
        schema_file: Path | None = None,
        rows: Sequence[Mapping[str, object]] = (),
        **offered: Any,
    ) -> Iterator[FlaskClient]:
        finder = _finder(home, HashEncoder().entry(), schema_file, **offered)
        if rows:
            _index(finder, rows)
        yield create_app(finder=finder).test_client()
        finder.close()

    return serve


def _finder(home: Path, entry: EncoderEntry, schema_file: Path | None = None, **offered: Any) -> Finder:
    chosen = {"home": home, "encoder": entry.info.name, "schema_file": schema_file}
    settings = load_settings(strict_plugins=True, nice=0, **chosen)
    extra = [("webui", techfinder_webui), ("fakes", FakePlugin(encoders=[entry], **offered))]
    return Finder(settings, Plugins.load(settings, discover=False, extra=extra))


def _index(finder: Finder, people: Sequence[Mapping[str, object]]) -> None:
    encoder = finder.encoder_entry()
    IndexJob(
        source=ListSource(people),
        label="rows",
        schema=finder.schema,
        info=encoder.info,
        load_encoder=lambda: CheckedEncoder(encoder),
        store=finder.store,
        collection=finder.settings.collection,
        home=finder.settings.home,
        options=IndexOptions(),
    ).run()
