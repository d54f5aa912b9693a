"""Every shell sample of the pages for readers works as written, and shows what really comes back.

``console`` blocks are run, in order, each page in an empty folder of its own. ``sh`` blocks are not
run (they take minutes or change the machine); the commands in them must exist. In ``make test`` a
hash encoder stands in for the real one, so output that depends on the encoder (marked
``<!-- depends on the encoder -->`` above the block) is compared in ``make nightly`` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import settings_table
from samples import Command, Sample, matches, read_samples
from shell_session import ShellSession

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "data" / "README.md"]
SAMPLES = [sample for page in PAGES if page.exists() for sample in read_samples(page)]
RUN = [s for s in SAMPLES if s.language != "sh"]
NAMED = [s for s in SAMPLES if s.language == "sh"]
ENCODER_MATTERS = "depends on the encoder"
REAL = pytest.param("minilm", marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=["hash", REAL])
def encoder(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sessions(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, ShellSession]]:
    """One shell per page, with the repository's data and the command line of this environment at hand."""
    pages = {sample.page for sample in RUN}
    opened = {page: ShellSession(tmp_path_factory.mktemp("page"), encoder, [ROOT / "data"]) for page in sorted(pages)}
    yield opened
    for session in opened.values():
        session.close()


@pytest.mark.keeps_children  # a page that starts a server goes on with it in its next samples
@pytest.mark.parametrize("sample", RUN, ids=lambda s: s.place)
def test_a_sample_does_what_the_page_shows(sample: Sample, encoder: str, sessions: dict[Path, ShellSession]) -> None:
    if sample.saved_as:
        sessions[sample.page].save(sample.saved_as, sample.body)
        return
    compare = encoder == "minilm" or sample.mark != ENCODER_MATTERS
    for command in sample.commands():
        status, output = sessions[sample.page].run(command.text)

        assert status == 0, f"{sample.place}: {command.text}\n{output}"
        if compare:
            assert matches(command.output, output), difference(sample, command, output)


def difference(sample: Sample, command: Command, output: str) -> str:
    return f"{sample.place}: $ {command.text}\n--- the page shows\n{command.output}\n--- really came back\n{output}"


@pytest.mark.parametrize("sample", NAMED, ids=lambda s: s.place)
def test_a_sample_that_is_not_run_names_what_exists(sample: Sample) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in sample.commands():
        program, *arguments = command.text.split()
        if program == "make":
            assert {a for a in arguments if "=" not in a} <= targets, command.text
        else:
            assert program in ("cd", "cp", "curl", "docker", "git", "pip", "techfinder", ".venv/bin/techfinder"), (
                command.text
            )


def test_the_pages_have_samples() -> None:
    assert ROOT / "README.md" in {sample.page for sample in RUN}
    assert {"make demo", "make test"} <= {c.text for s in NAMED for c in s.commands()}


def test_the_table_of_settings_is_current() -> None:
    text = settings_table.README.read_text(encoding="utf-8")

    assert settings_table.with_table(text) == text, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("3 people in ... ms.", "3 people in 12 ms.\n", True),
        ("first\n...\nlast", "first\na\nb\nlast", True),
        ("", "", True),
        ("", "something", False),
        ("3 people", "30 people", False),
        ("a.c", "abc", False),
    ],
)
def test_output_is_compared_as_readers_would(expected: str, actual: str, same: bool) -> None:
    assert matches(expected, actual) is same


def test_prompts_and_continuations_are_read(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Text\n\n<!-- a mark -->\n```console\n$ one \\\n>   two\nout\n\n> out\n$ three\n```\n")

    [sample] = read_samples(page)

    assert (sample.place, sample.mark) == ("page.md:4", "a mark")
    assert sample.commands() == [Command("one \\\n  two", "out\n\n> out"), Command("three", "")]
