"""Cells that no spreadsheet runs, read back as they were; tags with separators in them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techfinder.cells import plain, safe
from techfinder.rows import join_tags, split_tags

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("'=1", "''=1"),
        ("  =1", "  '=1"),
        ('"=1', "\"'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
        ("a|@b", "a|'@b"),
        ("one\n=two", "one\n'=two"),
        ("a=b", "a=b"),
        ("O'Hara-Smith", "O'Hara-Smith"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_an_apostrophe_stands_before_what_would_begin_a_formula(text: str, cell: str) -> None:
    assert safe(text) == cell
    assert plain(cell) == text


@given(st.text(alphabet=SIGNS + "'\" ,;|a1", max_size=16))
def test_every_text_comes_back_and_begins_no_formula(text: str) -> None:
    cell = safe(text)
    assert plain(cell) == text
    parts = re.split("[,;|\t\r\n]", cell)
    assert not any(part.lstrip('" ')[:1] in set("=+-@\uff1d\uff0b\uff0d\uff20") for part in parts if part.lstrip('" '))


@given(st.lists(st.text(alphabet="a,;\\ ", min_size=1, max_size=6), min_size=1, max_size=4), st.sampled_from(",;"))
def test_tags_come_back_whatever_is_in_them(tags: list[str], separator: str) -> None:
    assert split_tags(join_tags(tags, separator), separator) == tags


def test_a_cell_without_backslashes_before_separators_is_split_as_ever() -> None:
    assert split_tags("a\\b, c", ",") == ["a\\b", " c"]
    assert split_tags("a\\,b,c", ",") == ["a,b", "c"]


@pytest.mark.parametrize(
    "text", ["\\" * 100_000 + "a", "a\\," * 50_000, "'" * 100_000, '"' * 100_000 + "=", ",'" * 50_000]
)
def test_hostile_cells_take_no_longer(text: str) -> None:
    started = time.perf_counter()
    assert plain(safe(text)) == text
    assert split_tags(join_tags([text], ","), ",") == [text]
    assert time.perf_counter() - started < 5
