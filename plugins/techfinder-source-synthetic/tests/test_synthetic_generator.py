from __future__ import annotations

import tracemalloc

import pandas as pd
import pytest

import techfinder_source_synthetic
from techfinder.errors import SourceError
from techfinder.interfaces import Generator
from techfinder_source_synthetic.generator import BLOCK, SyntheticPeople


def made(argument: str, size: int = 50_000) -> pd.DataFrame:
    return pd.concat(SyntheticPeople(argument).frames(size), ignore_index=True)


def test_one_generator_is_offered_by_name():
    (entry,) = techfinder_source_synthetic.register_sources()
    assert (entry.name, entry.generates, entry.suffixes) == ("synthetic", True, ())
    source = entry.load("n=3")
    assert isinstance(source, Generator)
    assert source.count() == 3


@pytest.mark.parametrize(
    ("argument", "number", "seed"),
    [
        ("", 1000, 7),
        ("n=5", 5, 7),
        ("seed=9", 1000, 9),
        (" seed = 0 , n = 12 ", 12, 0),
        ("n=1,seed=9223372036854775807", 1, 2**63 - 1),
    ],
)
def test_both_settings_may_be_left_out(argument, number, seed):
    people = SyntheticPeople(argument)
    assert (people.count(), people.seed) == (number, seed)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("people=5", "no setting 'people'"),
        ("5", "no setting '5'"),
        ("n=", "n=''"),
        ("n=0", "whole number from 1 "),
        ("n=-5", "whole number from 1 "),
        ("n=1e6", "n='1e6'"),
        ("n=٣", "whole number"),
        ("seed=x", "whole number from 0 "),
        ("seed=9223372036854775808", "whole number from 0 "),
        ("n=" + "9" * 5000, "whole number"),
    ],
)
def test_a_wrong_argument_says_what_is_right(argument, said):
    with pytest.raises(SourceError, match=said) as error:
        SyntheticPeople(argument)
    assert "n=1000,seed=7" in str(error.value)
    assert len(str(error.value)) < 300


def test_the_same_seed_makes_the_same_people_and_another_does_not():
    pd.testing.assert_frame_equal(made("n=500,seed=3"), made("n=500,seed=3"))
    assert not made("n=500,seed=3").equals(made("n=500,seed=4"))


@pytest.mark.parametrize("size", [1_000, 7_777, BLOCK, 25_000])
def test_people_do_not_depend_on_how_many_or_how_they_are_asked_for(size):
    longest = made(f"n={2 * BLOCK + 345}")
    shorter = made(f"n={BLOCK + 11}", size)
    pd.testing.assert_frame_equal(shorter, longest[: len(shorter)])


def test_frames_have_the_size_asked_for():
    assert [len(f) for f in SyntheticPeople("n=25").frames(10)] == [10, 10, 5]
    with pytest.raises(SourceError, match="at least 1"):
        next(SyntheticPeople("n=25").frames(0))


def test_blocks_differ():
    people = made(f"n={2 * BLOCK}")
    assert not people["age"][:BLOCK].equals(people["age"][BLOCK:].reset_index(drop=True))


def test_rows_are_the_frames_with_none_for_missing():
    source = SyntheticPeople("n=10050")
    rows = list(source.rows())
    assert [row.number for row in rows] == list(range(1, 10_051))
    assert tuple(rows[0].values) == source.columns()
    frame = made("n=10050").astype(object)
    expected = frame.where(frame.notna(), None).to_dict("records")
    assert [dict(row.values) for row in rows] == expected


def test_the_first_columns_are_those_of_the_original_table():
    assert SyntheticPeople().columns()[:3] == ("user_id", "age", "gender")
    assert SyntheticPeople().columns()[24:27] == ("persona", "apple_loyalty", "samsung_loyalty")
    assert len(SyntheticPeople().columns()) == 35


def test_memory_does_not_grow_with_the_number_of_people():
    def peak(n: int) -> int:
        tracemalloc.start()
        try:
            for _ in SyntheticPeople(f"n={n}").frames(BLOCK):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(BLOCK)  # tables that are made once
    assert peak(6 * BLOCK) < 1.3 * peak(2 * BLOCK)
