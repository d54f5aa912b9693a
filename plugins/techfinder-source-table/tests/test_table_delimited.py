from __future__ import annotations

import csv
import io

import pytest

from techfinder.errors import SourceError

HEADER = "user_id,age,location\n"


def test_cells_stay_the_text_they_are(read):
    rows, problems = read(HEADER + '007,None,"Austin, TX"\n2, 1.50 ,NaN\n')
    assert rows == [
        (2, {"user_id": "007", "age": "None", "location": "Austin, TX"}),
        (3, {"user_id": "2", "age": " 1.50 ", "location": "NaN"}),
    ]
    assert problems == []


def test_tabs_separate_the_cells_of_a_tsv(read):
    rows, _ = read("user_id\tplatforms\nA\tX, Y\n", kind="tsv")
    assert rows == [(2, {"user_id": "A", "platforms": "X, Y"})]


def test_a_byte_order_mark_is_no_part_of_the_first_name(entries, write):
    assert entries["csv"].load(str(write(b"\xef\xbb\xbf" + HEADER.encode() + b"1,2,3\n"))).columns()[0] == "user_id"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_blank_lines_do_not_matter(read, end):
    rows, problems = read(end.join([HEADER.strip(), "1,2,3", "", "4,5,6", "", ""]))
    assert [number for number, _ in rows] == [2, 4]
    assert rows[1][1] == {"user_id": "4", "age": "5", "location": "6"}
    assert problems == []


def test_a_row_is_named_by_the_line_it_begins_on(read):
    rows, _ = read(HEADER + '1,2,"a\nb\r\nc"\n4,5,6\n')
    assert rows == [
        (2, {"user_id": "1", "age": "2", "location": "a\nb\r\nc"}),
        (5, {"user_id": "4", "age": "5", "location": "6"}),
    ]


def test_bad_bytes_cost_their_row_and_name_the_column(read):
    rows, problems = read(HEADER.encode() + b"1,2,Z\xfcrich\n4,5,Z\xc3\xbcrich\n")
    assert [values["location"] for _, values in rows] == ["Zürich"]
    assert [(p.number, p.column, p.value) for p in problems] == [(2, "location", r"'Z\\xfcrich'")]
    assert "UTF-8" in problems[0].expected


def test_nul_characters_cost_their_row(read):
    rows, problems = read(HEADER + "1,2\0,3\n4,5,6\n")
    assert [number for number, _ in rows] == [3]
    assert [(p.number, p.column) for p in problems] == [(2, "age")]


@pytest.mark.parametrize(("line", "cells"), [("1,2", 2), ("1,2,Austin, TX", 4), ("1", 1)])
def test_rows_with_too_many_or_too_few_cells_are_reported(read, line, cells):
    rows, problems = read(f"{HEADER}{line}\n4,5,6\n")
    assert [number for number, _ in rows] == [3]
    assert [(p.number, p.column, p.value) for p in problems] == [(2, "", f"{cells} cells")]
    assert problems[0].expected == "3 cells as in the header"


def test_an_overlong_cell_costs_its_row_and_is_cut(read):
    rows, problems = read(HEADER + f"1,{'x' * 1001},3\n4,{'y' * 1000},6\n")
    assert [number for number, _ in rows] == [3]
    assert [(p.number, p.column) for p in problems] == [(2, "age")]
    assert len(problems[0].value) <= 80
    assert "1000 characters" in problems[0].expected


@pytest.mark.parametrize("cell", ["x" * 3_000_000, '"' + "x" * 3_000_000 + '"', '"' + "x\n" * 1_500_000 + '"'])
def test_rows_after_a_cell_longer_than_any_row_go_on(read, cell):
    rows, problems = read(HEADER + f"1,2,3\n2,{cell},3\n3,4,5\n")
    assert [values["user_id"] for _, values in rows] == ["1", "3"]
    assert [(p.number, p.column) for p in problems] == [(3, "age")]
    assert rows[1][0] == 4 + cell.count("\n")


def test_a_row_that_is_too_long_as_a_whole_is_reported(read):
    long_row = "1,2," + ",".join(["x" * 900] * 2000)
    rows, problems = read(HEADER + long_row + "\n4,5,6\n")
    assert [number for number, _ in rows] == [3]
    assert [(p.number, p.column) for p in problems] == [(2, "")]


@pytest.mark.parametrize("others", ["{k},1,Austin", '{k},1,"Austin, TX"', '{k},"",""'])
def test_a_quote_that_never_closes_costs_one_row(read, others):
    lines = [others.format(k=k) for k in range(2, 40)]
    lines[10] = 'bad,"1,Austin'
    rows, problems = read(HEADER + "\n".join(lines) + "\n")
    assert [p.number for p in problems] == [12]
    assert [number for number, _ in rows] == [n for n in range(2, 40) if n != 12]


def test_a_quote_that_never_closes_in_the_last_row_is_reported(read):
    rows, problems = read(HEADER + '1,2,3\n4,5,"6\n')
    assert [number for number, _ in rows] == [2]
    assert [(p.number, p.column, p.expected) for p in problems] == [(3, "location", "a closing quote")]


def test_an_open_quote_over_lines_that_are_no_rows_says_how_many_it_took(read):
    rows, problems = read(HEADER + '1,2,3\n4,5,"6\nabc\ndef\n')
    assert [number for number, _ in rows] == [2]
    assert [(p.number, p.expected) for p in problems] == [(3, "a closing quote (2 more lines left out with it)")]


def test_an_open_quote_does_not_swallow_a_long_file(read):
    lines = [f"{k},1,Austin" for k in range(100_000)]
    lines[5] = '5,"1,Austin'
    rows, problems = read(HEADER + "\n".join(lines))
    assert len(rows) == 99_999
    assert [p.number for p in problems] == [7]


def test_a_quoted_cell_with_too_many_lines_and_cells_is_one_problem(read):
    rows, problems = read(HEADER + '1,"a\nb\nc",3,4\n4,5,6\n')
    assert [number for number, _ in rows] == [5]
    assert [(p.number, p.value) for p in problems] == [(2, "4 cells")]


@pytest.mark.parametrize(
    ("line", "expected"), [('1,"2"x,3', "written twice"), ("1,2\r2,3", "carriage return"), ('1,"2",3"', None)]
)
def test_broken_quoting_costs_its_row(read, line, expected):
    rows, problems = read(f"{HEADER}{line}\n4,5,6\n")
    assert rows[-1][0] == 3
    assert [expected in p.expected for p in problems] == ([True] if expected else [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("user_id,age,age\n1,2,3\n", "columns 2 and 3 are both named 'age'"),
        ("user_id,,age\n1,2,3\n", "column 2 of 3 has no name"),
        (HEADER, "a header and no rows"),
        (HEADER + "\n\r\n", "a header and no rows"),
        ("", "is empty"),
        ("\n\n", "only empty lines"),
        ("user_id;age\n1;2\n", "separated by ';'"),
        (b"user_id,\xe4ge\n1,2\n", "not UTF-8"),
        (b"user_id,\0\n1,2\n", "not UTF-8"),
        ("user_id,age\r1,2\r", "no readable header"),
        ('user_id,"age\n1,2\n', "no readable header"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\xff\xfeu\0", "UTF-16"),
        (b"PAR1....", "a Parquet file"),
    ],
)
def test_unusable_files_say_what_to_do(entries, write, content, said):
    path = write(content)

    def read_all() -> list[object]:
        source = entries["csv"].load(str(path))
        return [*source.columns(), *source.rows()]

    with pytest.raises(SourceError, match=said):
        read_all()


def test_names_lose_the_blanks_around_them(entries, write):
    assert entries["csv"].load(str(write(" user_id , age\n1,2\n"))).columns() == ("user_id", "age")


def test_a_text_file_does_not_know_how_many_rows_it_has(entries, write):
    assert entries["csv"].load(str(write(HEADER + "1,2,3\n"))).count() is None


def test_whatever_the_csv_module_writes_comes_back(read):
    names = ["user_id", "a", "b"]
    nasty = ["", '"', '""', "a\nb", "\r\n", ",", "'", "日本", "x" * 1000, " ", '",\n"']
    lines = [[str(i), first, second] for i, (first, second) in enumerate((a, b) for a in nasty for b in nasty)]
    text = io.StringIO()
    csv.writer(text).writerows([names, *lines])
    rows, problems = read(text.getvalue())
    assert [list(values.values()) for _, values in rows] == lines
    assert problems == []
