"""Which generations go when another one is made live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techfinder.store.retention import dropped


@pytest.mark.parametrize(
    ("numbers", "before", "keep", "gone"),
    [
        ([1], None, 2, []),
        ([1, 2], 1, 2, []),
        ([1, 2], 1, 1, [1]),
        ([1, 2, 3], 2, 2, [1]),
        ([1, 2, 3], 1, 2, [2]),
        ([1, 2, 3, 4], 1, 3, [2]),
        ([1, 2, 3], None, 2, [1]),
        ([2, 3], 1, 2, []),
    ],
    ids=["first", "second", "only one", "oldest", "never live", "newer ones too", "unknown", "gone already"],
)
def test_the_way_back_is_the_last_to_go(numbers: list[int], before: int | None, keep: int, gone: list[int]) -> None:
    assert dropped(numbers, numbers[-1], before, keep) == gone


@given(st.sets(st.integers(1, 50), min_size=1), st.integers(1, 60), st.data())
def test_so_many_stay_and_always_what_is_live(numbers: set[int], keep: int, data: st.DataObject) -> None:
    live, before = data.draw(st.sampled_from(sorted(numbers))), data.draw(st.none() | st.integers(1, 50))
    gone = dropped(list(numbers), live, before, keep)
    stay = numbers - set(gone)
    assert len(stay) == min(keep, len(numbers))
    assert live in stay
    assert keep == 1 or before not in numbers or before in stay
