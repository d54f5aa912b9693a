"""Index runs over a real store: what changes, what does not, what is refused, what goes on after a stop."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import homes
from techfinder.errors import EncoderError, IndexingError, SourceError
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.models import Row, RowProblem
from techfinder.runs import list_runs
from techfinder.testing.fakes import HashEncoder, ListSource

Rows = list[dict[str, object] | RowProblem]


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def finder(tmp_path: Path, encoder: HashEncoder) -> Iterator[Finder]:
    made = homes.open_home(tmp_path, encoder.entry())
    yield made
    made.close()


def rows(count: int, **changes: object) -> Rows:
    return [{"user_id": f"p{i}", "age": 20 + i % 60, "persona": f"Kind {i}", **changes} for i in range(count)]


def state(finder: Finder) -> dict[str, object]:
    hits = finder.search(finder.plan(limit=1000)).hits
    return {h.profile.id: h.profile.values["persona"] for h in hits}


def test_only_what_changed_is_encoded_again(finder: Finder, encoder: HashEncoder) -> None:
    first, _ = homes.index(finder, ListSource(rows(6)))
    assert (first.state, first.encoded, first.generation) == ("done", 6, 1)
    changed = rows(6)
    changed[2] = {**changed[2], "persona": "Other"}  # type: ignore[dict-item]
    changed[4] = {**changed[4], "google_loyalty": 3}  # type: ignore[dict-item]
    changed.append({"user_id": "new", "persona": "New"})
    before = encoder.encoded
    second, _ = homes.index(finder, ListSource(changed))
    # A loyalty is not part of the text: its row changes, its vector does not.
    assert (second.unchanged, second.encoded, second.generation) == (4, 2, 2)
    assert encoder.encoded - before == 2
    assert state(finder) == {**{f"p{i}": f"Kind {i}" for i in range(6)}, "p2": "Other", "new": "New"}
    p4 = finder.profile("p4")
    assert p4 is not None
    assert p4.values["google_loyalty"] == 3


def test_the_same_input_twice_changes_nothing(finder: Finder, encoder: HashEncoder) -> None:
    homes.index(finder, ListSource(rows(4)))
    generation, encoded = finder.generation(), encoder.encoded
    again, _ = homes.index(finder, ListSource(rows(4)))
    assert (again.unchanged, again.generation, again.state) == (4, None, "done")
    assert finder.generation() == generation
    assert encoder.encoded == encoded


def test_identical_texts_are_encoded_once(finder: Finder, encoder: HashEncoder) -> None:
    homes.index(finder, ListSource([{"user_id": f"p{i}", "persona": "Same"} for i in range(9)]))
    done, _ = homes.index(finder, ListSource([{"user_id": f"q{i}", "persona": "Same too"} for i in range(9)]))
    assert (encoder.encoded, done.encoded, done.reused) == (2, 1, 0)
    assert len(state(finder)) == 18


def test_people_who_are_gone_stay_unless_asked(finder: Finder) -> None:
    homes.index(finder, ListSource(rows(4)))
    kept, _ = homes.index(finder, ListSource(rows(2)))
    assert (kept.gone, kept.removed, len(state(finder))) == (2, 0, 4)
    asked: list[int] = []
    refused, _ = homes.index(finder, ListSource(rows(2)), confirm=lambda n: bool(asked.append(n)))
    assert (asked, refused.gone, len(state(finder))) == ([2], 2, 4)
    removed, _ = homes.index(finder, ListSource(rows(2)), prune=True)
    assert (removed.removed, set(state(finder))) == (2, {"p0", "p1"})


def test_rejected_rows_are_told_and_their_people_kept(finder: Finder) -> None:
    homes.index(finder, ListSource(rows(40)))
    wrong = rows(40)
    wrong[3] = {**wrong[3], "age": "old"}  # type: ignore[dict-item]
    wrong[5] = {**wrong[4]}  # type: ignore[dict-item]
    done, rejects = homes.index(finder, ListSource(wrong), prune=True)
    assert rejects is not None
    told = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(t["row"], t["column"], t["value"]) for t in told] == [(4, "age", "'old'"), (6, "user_id", "p4")]
    assert (done.rejected, done.removed) == (2, 1)
    assert set(state(finder)) == {f"p{i}" for i in range(40) if i != 5}


def test_too_many_rejects_stop_before_going_live(finder: Finder) -> None:
    bad = [*rows(10), {"user_id": "x", "age": "old"}]
    with pytest.raises(IndexingError, match=r"1 of 11 rows \(9\.1%\).*rejects\.jsonl"):
        homes.index(finder, ListSource(bad))
    assert finder.store.collections() == []
    assert list_runs(finder.settings.home)[0].state == "failed"
    allowed, _ = homes.index(finder, ListSource(bad), max_rejects=0.1)
    assert (allowed.rejected, allowed.reused, len(state(finder))) == (1, 10, 10)


def test_a_cut_input_never_prunes(finder: Finder) -> None:
    homes.index(finder, ListSource(rows(40)))
    cut: Rows = [*rows(30), RowProblem(31, "", "", "more data: the file ends in the middle", fatal=True)]
    with pytest.raises(IndexingError, match="--prune needs an input that was read whole"):
        homes.index(finder, ListSource(cut), prune=True)
    asked: list[int] = []
    done, _ = homes.index(finder, ListSource(cut), confirm=lambda n: not asked.append(n))
    assert (done.gone, asked, len(state(finder))) == (10, [], 40)


def test_a_cut_input_never_replaces_what_is_live(finder: Finder) -> None:
    homes.index(finder, ListSource(rows(40)))
    cut: Rows = [*rows(30), RowProblem(31, "", "", "more data: the file ends in the middle", fatal=True)]
    with pytest.raises(IndexingError, match="breaks off at row 31"):
        homes.index(finder, ListSource(cut), rebuild=True)
    assert len(state(finder)) == 40
    done, _ = homes.index(finder, ListSource([*cut[:30], {"user_id": "new", "persona": "New"}, cut[30]]))
    assert "breaks off at row 31" in done.message
    assert len(state(finder)) == 41


def test_a_row_without_an_id_never_lets_others_be_pruned(finder: Finder) -> None:
    homes.index(finder, ListSource(rows(2)))
    blank: Rows = [*rows(1), {"user_id": " ", "age": 30}]
    with pytest.raises(IndexingError, match="1 rows of rows could not be read"):
        homes.index(finder, ListSource(blank), prune=True, max_rejects=1.0)
    assert set(state(finder)) == {"p0", "p1"}


def test_profiles_may_have_no_text_and_may_lose_it(finder: Finder, encoder: HashEncoder) -> None:
    homes.index(finder, ListSource([{"user_id": "a", "persona": "Gamer"}, {"user_id": "b", "google_loyalty": 3}]))
    assert encoder.encoded == 2
    lost, _ = homes.index(finder, ListSource([{"user_id": "a", "google_loyalty": 1}]))
    assert (lost.encoded, encoder.encoded) == (1, 3)
    hits = {h.profile.id: h.score for h in finder.search(finder.plan("Gamer"), wait_s=20).hits}
    assert hits["a"] < 0.5


def test_another_generation_going_live_meanwhile_stops_the_run(finder: Finder) -> None:
    homes.index(finder, ListSource(rows(2)))
    homes.index(finder, ListSource(rows(3)))

    class Meddling(ListSource):
        def rows(self) -> Iterator[Row | RowProblem]:
            finder.store.activate("people", 1)
            yield from super().rows()

    with pytest.raises(IndexingError, match="went live while rows was read"):
        homes.index(finder, Meddling(rows(4)))
    assert finder.store.collections()[0].number == 1


@pytest.mark.parametrize("given", [[], [{"user_id": "x", "age": "old"}]])
def test_nothing_usable_is_an_error(finder: Finder, given: Rows) -> None:
    with pytest.raises(IndexingError, match="no row that can be used"):
        homes.index(finder, ListSource(given, ["user_id", "age"]))


def test_an_input_without_ids_is_refused(finder: Finder) -> None:
    with pytest.raises(SourceError, match="No column 'user_id'"):
        homes.index(finder, ListSource([{"age": 3}]))


def test_a_dry_run_only_checks(finder: Finder, encoder: HashEncoder) -> None:
    done, rejects = homes.index(finder, ListSource([*rows(30), {"user_id": "x", "age": "old"}]), dry_run=True)
    assert (done.phase, done.done, done.rejected, encoder.encoded) == ("checked", 31, 1, 0)
    assert rejects is not None
    assert finder.store.collections() == []


def test_a_dry_run_tells_what_a_real_run_would_stop_for(finder: Finder) -> None:
    source = ListSource([*rows(3), *({"user_id": f"x{n}", "age": "old"} for n in range(2))])
    done, rejects = homes.index(finder, source, dry_run=True)
    assert (done.state, done.phase, done.done, done.rejected) == ("done", "refused", 5, 2)
    assert "2 of 5 rows (40.0%)" in done.message
    assert str(rejects) in done.message


def test_unknown_columns_are_noted(finder: Finder) -> None:
    done, _ = homes.index(finder, ListSource(rows(2, shoe_size=44)))
    assert "left out: column 'shoe_size'" in done.message


class Interrupted(ListSource):
    """A source during which somebody presses Ctrl-C."""

    def rows(self) -> Iterator[Row | RowProblem]:
        yield from super().rows()
        raise KeyboardInterrupt


def test_a_stopped_run_goes_on_without_encoding_again(finder: Finder, encoder: HashEncoder) -> None:
    homes.index(finder, ListSource(rows(5)))
    many = rows(2400, gender="Female")
    with pytest.raises(KeyboardInterrupt):
        homes.index(finder, Interrupted(many))
    assert len(state(finder)) == 5
    paid = encoder.encoded
    done, _ = homes.index(finder, ListSource(many))
    assert (done.reused, done.encoded) == (256 + 2048, 96)
    assert encoder.encoded - paid == 96
    assert finder.generation().points == 2400


def test_a_failing_encoder_leaves_the_live_people(tmp_path: Path, finder: Finder) -> None:
    homes.index(finder, ListSource(rows(5)))

    class Failing(HashEncoder):
        def encode_documents(self, texts):  # type: ignore[no-untyped-def]
            raise EncoderError("out of memory")

    failing = Failing()
    other = homes.open_home(tmp_path, EncoderEntry(failing.info, "", lambda: failing))
    with pytest.raises(EncoderError, match="out of memory"):
        homes.index(other, ListSource(rows(9)))
    other.close()
    assert len(state(finder)) == 5


def test_another_encoder_needs_a_rebuild(tmp_path: Path, finder: Finder) -> None:
    homes.index(finder, ListSource(rows(5)))
    other = homes.open_home(tmp_path, HashEncoder(revision="2").entry())
    with pytest.raises(IndexingError, match=r"cannot be mixed.*--rebuild"):
        homes.index(other, ListSource(rows(5)))
    done, _ = homes.index(other, ListSource(rows(3)), rebuild=True)
    assert (done.encoded, set(state(other))) == (3, {"p0", "p1", "p2"})
    other.close()


def test_one_run_at_a_time(finder: Finder, tmp_path: Path) -> None:
    class Nested(ListSource):
        def rows(self) -> Iterator[Row | RowProblem]:
            with pytest.raises(IndexingError, match="Another index run"):
                homes.index(finder, ListSource(rows(1)))
            yield from super().rows()

    done, _ = homes.index(finder, Nested(rows(3)))
    assert done.state == "done"
