"""An index run that is told to end, as by Ctrl-C, `docker stop` or a service manager: clean, and it goes on later."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import homes
from commands import command, environment, run, run_json
from techfinder.encoding import CheckedEncoder
from techfinder.indexing import IndexJob, IndexOptions
from techfinder.runs import RunProgress, list_runs
from techfinder.testing.fakes import HashEncoder, ListSource, sample_rows
from techfinder.testing.store_samples import eventually

PEOPLE = 2500


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("stopped") / "people.csv"
    assert run(file.parent, "generate", "-n", str(PEOPLE), "-o", str(file)).returncode == 0
    return str(file)


def group(job: subprocess.Popen[str], number: int) -> None:
    """As a service manager does: to every process of the service."""
    os.killpg(job.pid, number)


@pytest.mark.slow
@pytest.mark.parametrize("tell", [subprocess.Popen.send_signal, group], ids=["process", "group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_run_that_is_told_to_end_does_so_and_goes_on_later(
    tmp_path: Path, people: str, tell: Callable[[subprocess.Popen[str], int], None], number: int
) -> None:
    job = subprocess.Popen(
        command("index", people),
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert eventually(lambda: any(r.phase == "encoding" for r in list_runs(tmp_path)))
    tell(job, number)
    said = job.communicate(timeout=20)[1].splitlines()
    assert (job.returncode, said[-1]) == (130, "Stopped. Nothing went live; run the same command again to go on.")
    (seen,) = list_runs(tmp_path)
    assert (seen.state, seen.message) == ("interrupted", "It was stopped. The same command goes on where it was.")
    again = run_json(tmp_path, "index", people)
    assert again["state"] == "done"
    assert again["reused"] >= seen.encoded
    assert again["encoded"] + again["reused"] == PEOPLE


def test_a_run_that_is_live_already_is_done_whatever_it_is_told(tmp_path: Path) -> None:
    """Told between going live and the end: "nothing went live" would be a lie."""
    told = []

    def watch(progress: RunProgress) -> None:
        if progress.generation is not None and not told:
            told.append(progress)
            raise KeyboardInterrupt

    with closing(homes.open_home(tmp_path, HashEncoder().entry())) as finder:
        job = IndexJob(
            source=ListSource(sample_rows()),
            label="rows",
            schema=finder.schema,
            info=finder.encoder_entry().info,
            load_encoder=lambda: CheckedEncoder(finder.encoder_entry()),
            store=finder.store,
            collection="people",
            home=tmp_path,
            options=IndexOptions(),
            watch=watch,
        )
        progress, _ = job.run()
        assert told
        assert (progress.state, progress.generation) == ("done", 1)
        assert finder.generation().points == len(sample_rows())
    assert [r.state for r in list_runs(tmp_path)] == ["done"]
