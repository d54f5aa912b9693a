from __future__ import annotations

import json
import re

import pytest

from techfinder.errors import SourceError

GOOD = '{"user_id": "1"}\n'


def test_values_keep_their_types(read):
    rows, problems = read('{"user_id": "007", "age": 41, "income": 1.5, "vip": true, "gender": null}\n', "jsonl")
    assert rows == [(1, {"user_id": "007", "age": 41, "income": 1.5, "vip": True, "gender": None})]
    assert problems == []


def test_lists_of_plain_values_are_tags(read):
    rows, _ = read('{"user_id": "1", "tags": ["a", 2, true, null], "none": []}\n', "jsonl")
    assert rows[0][1] == {"user_id": "1", "tags": ("a", "2", "true"), "none": ()}


def test_lines_are_numbered_and_blank_ones_passed_over(read):
    rows, _ = read(b"\xef\xbb\xbf" + GOOD.encode() + b'\r\n  \n{"user_id": "2"}', "jsonl")
    assert [number for number, _ in rows] == [1, 4]


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ('{"user_id": "2"', "", "a JSON object"),
        ('{"user_id": "2"} x', "", "a JSON object"),
        ("[1, 2]", "", "a JSON object"),
        ('"text"', "", "a JSON object"),
        ("null", "", "a JSON object"),
        ('{"user_id": "2", "age": {"years": 3}}', "age", "not an object"),
        ('{"user_id": "2", "tags": [["a"]]}', "tags", "not a nested one"),
        ('{"user_id": "2", "tags": [NaN]}', "tags", "a finite number"),
        ('{"user_id": "2", "age": NaN}', "age", "a finite number"),
        ('{"user_id": "2", "age": -Infinity}', "age", "a finite number"),
        ('{"user_id": "2", "age": 1e999}', "age", "a finite number"),
        ('{"user_id": "2", "user_id": "3"}', "", "occurs twice"),
        ('{"user_id": "\\ud800"}', "user_id", "UTF-8"),
        ('{"user_id": "a\\u0000b"}', "user_id", "NUL"),
        ('{"a\\u0000b": "1"}', "", "a key of"),
        ('{"user_id": "a\0b"}', "", "a JSON object"),
        ('{"user_id": "' + "x" * 1001 + '"}', "user_id", "1000 characters"),
        ('{"user_id": ' + "1" * 5000 + "}", "", "a JSON object"),
        ("[" * 100_000, "", "not nested"),
    ],
)
def test_a_bad_line_costs_only_itself(read, line, column, expected):
    rows, problems = read(GOOD + line + "\n" + GOOD, "jsonl")
    assert [number for number, _ in rows] == [1, 3]
    assert [(p.number, p.column, p.fatal) for p in problems] == [(2, column, False)]
    assert expected in problems[0].expected
    assert len(problems[0].value) <= 80


def test_bad_bytes_cost_their_line(read):
    rows, problems = read(GOOD.encode() + b'{"user_id": "Z\xfcrich"}\n' + GOOD.encode(), "jsonl")
    assert [number for number, _ in rows] == [1, 3]
    assert [(p.column, p.value) for p in problems] == [("user_id", r"'Z\\xfcrich'")]


def test_a_cell_longer_than_any_line_names_its_column(read):
    long = json.dumps({"user_id": "2", "bio": "x" * 3_000_000, "age": 3})
    rows, problems = read(GOOD + long + "\n" + GOOD, "jsonl")
    assert [number for number, _ in rows] == [1, 3]
    assert [(p.number, p.column) for p in problems] == [(2, "bio")]


def test_columns_are_the_keys_of_the_first_lines(entries, write):
    path = write('{"user_id": "1", "age": 2}\nbroken\n{"user_id": "2", "gender": "x"}\n')
    assert entries["jsonl"].load(str(path)).columns() == ("user_id", "age", "gender")


@pytest.mark.parametrize(
    "line", ['{"user_id": "a\\u0000b", "age": 1}', '{"user_id": {}, "age": NaN}', '{"age": [[1]], "user_id": "1"}']
)
def test_columns_are_known_even_when_every_row_is_bad(entries, write, line):
    source = entries["jsonl"].load(str(write(line + "\n")))
    assert set(source.columns()) == {"user_id", "age"}
    assert [item.expected == "" for item in source.rows()] == [False]


def test_the_only_row_may_have_a_cell_longer_than_any_line(entries, write):
    source = entries["jsonl"].load(str(write(json.dumps({"bio": "x" * 3_000_000, "user_id": "1"}))))
    assert source.columns() == ("bio",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"user_id": "1"\n', 'line 1 is \'{"user_id": "1"\', expected a JSON object'),
        ('\n"text"\n7\n', "line 2 is '\"text\"', expected a JSON object"),
        ('{"a\\u0000b": 1}', "expected a key of at most 1000 clean characters"),
        ("\n\n", "holds only empty lines"),
    ],
)
def test_a_file_without_any_usable_line_is_told_by_its_first_one(entries, write, content, reason):
    with pytest.raises(SourceError, match=re.escape(reason)):
        entries["jsonl"].load(str(write(content))).columns()


def test_a_key_that_appears_late_still_arrives(read):
    rows, _ = read(GOOD * 1500 + '{"user_id": "2", "late": 1}\n', "jsonl")
    assert rows[-1][1] == {"user_id": "2", "late": 1}


def test_a_json_array_is_no_json_lines_file(entries, write):
    with pytest.raises(SourceError, match="one object per line"):
        entries["jsonl"].load(str(write('[\n {"user_id": "1"},\n {"user_id": "2"}\n]\n'))).columns()


def test_only_blank_lines_are_no_rows(read):
    with pytest.raises(SourceError, match="only empty lines"):
        read("\n\n", "jsonl")
