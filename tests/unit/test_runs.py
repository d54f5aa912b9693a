"""Progress records: whole at any time, honest about runs that died."""

import json
import os
from pathlib import Path

import pytest

from techfinder.models import RowProblem
from techfinder.runs import MOST_PROBLEMS, RunRecord, latest_run, list_runs


def test_a_run_can_be_followed(tmp_path: Path) -> None:
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        record.update(phase="encoding", done=10, total=40, encoded=8)
        (seen,) = list_runs(tmp_path)
        assert (seen.state, seen.phase, seen.done, seen.total, seen.pid) == ("running", "encoding", 10, 40, os.getpid())
        record.update(state="done", phase="live", generation=3)
    (seen,) = list_runs(tmp_path)
    assert (seen.state, seen.generation, seen.encoded) == ("done", 3, 8)


def test_a_failure_is_kept_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no space"), RunRecord.start(tmp_path, "people", "people.csv"):
        raise ValueError("no space left")
    (seen,) = list_runs(tmp_path)
    assert (seen.state, seen.message) == ("failed", "no space left")


def test_a_dead_process_shows_as_interrupted(tmp_path: Path) -> None:
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        path = record.folder / "progress.json"
        facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "started": facts["started"] - 1000}))
    (seen,) = list_runs(tmp_path)
    assert seen.state == "interrupted"


def test_a_run_goes_on_when_the_clock_is_set(tmp_path: Path) -> None:
    """Then its process seems to have started at another time; the file that it holds is locked still."""
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        path = record.folder / "progress.json"
        facts = json.loads(path.read_text())
        path.write_text(json.dumps({**facts, "started": facts["started"] - 86_400}))
        assert [run.state for run in list_runs(tmp_path)] == ["running"]


def test_later_runs_sort_higher_when_the_clock_was_put_back(tmp_path: Path) -> None:
    with RunRecord.start(tmp_path, "people", "first") as record:
        record.update(state="done")
    (tmp_path / "runs" / "not-a-T.run-at-all").mkdir()
    record.folder.rename(record.folder.with_name("29990101T000000.999999-abcdef"))
    for name in ("second", "third"):
        with RunRecord.start(tmp_path, "people", name) as record:
            record.update(state="done")
    assert [run.source for run in list_runs(tmp_path)] == ["third", "second", "first"]


def test_a_run_in_another_container_is_judged_by_its_lock(tmp_path: Path) -> None:
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        path = record.folder / "progress.json"
        elsewhere = {**json.loads(path.read_text()), "place": "another container", "pid": 1, "started": 0.0}
        path.write_text(json.dumps(elsewhere))
        assert [run.state for run in list_runs(tmp_path)] == ["running"]
    path.write_text(json.dumps(elsewhere))
    assert [run.state for run in list_runs(tmp_path)] == ["interrupted"]


def test_the_newest_run_of_a_collection_is_found_among_others(tmp_path: Path) -> None:
    assert latest_run(tmp_path, "people") is None
    for number, collection in enumerate(["people", "people", "firms"], start=1):
        with RunRecord.start(tmp_path, collection, f"file {number}") as record:
            record.folder.rename(record.folder.with_name(f"2026011{number}T000000-aaaaaa"))
    found = latest_run(tmp_path, "people")
    assert found is not None
    assert found.source == "file 2"


def test_runs_of_the_same_second_are_in_their_order(tmp_path: Path) -> None:
    for number in range(8):
        with RunRecord.start(tmp_path, "people", f"file {number}") as record:
            record.update(state="done")
    assert [run.source for run in list_runs(tmp_path)] == [f"file {number}" for number in reversed(range(8))]


def test_rejects_are_one_json_line_each(tmp_path: Path) -> None:
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        record.reject(RowProblem(7, "age", "'x'", "a whole number"))
        record.reject(RowProblem(9, "", "'…'", "4 cells"))
    lines = [json.loads(line) for line in record.rejects_path.read_text().splitlines()]
    assert lines[0] == {
        "file": "people.csv",
        "row": 7,
        "column": "age",
        "value": "'x'",
        "expected": "a whole number",
    }
    assert lines[1]["row"] == 9


def test_a_file_of_nothing_but_bad_rows_fills_no_disk(tmp_path: Path) -> None:
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        for number in range(MOST_PROBLEMS + 1000):
            record.reject(RowProblem(number, "age", "", "a number"))
    lines = record.rejects_path.read_text().splitlines()
    assert len(lines) == MOST_PROBLEMS
    assert json.loads(lines[-1])["expected"] == "fewer problems; those from here on are only counted"


def test_old_and_damaged_records_do_no_harm(tmp_path: Path) -> None:
    for _ in range(25):
        with RunRecord.start(tmp_path, "people", "people.csv"):
            pass
    folders = sorted((tmp_path / "runs").iterdir())
    assert len(folders) == 20
    (folders[0] / "progress.json").write_text("{")
    assert len(list_runs(tmp_path)) == 19
    (folders[0] / "of somebody else").mkdir()
    with RunRecord.start(tmp_path, "people", "people.csv") as record:
        assert record.folder.is_dir()
    assert not folders[0].exists()
