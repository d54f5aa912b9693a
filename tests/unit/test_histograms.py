"""Where the bars of a histogram begin, and what their people fulfil."""

from __future__ import annotations

from datetime import date

import pytest

from techfinder import Attribute, SchemaField
from techfinder.fields import attributes_of
from techfinder.histograms import bar_clauses, bar_starts


def attribute(kind: str = "number", part: str = "value", **facts: object) -> Attribute:
    field = SchemaField.model_validate({"name": "x", "label": "X", "kind": kind, **facts})
    return next(a for a in attributes_of(field) if a.part == part)


def days(*texts: str) -> tuple[float, ...]:
    return tuple(float((date.fromisoformat(t) - date(1970, 1, 1)).days) for t in texts)


@pytest.mark.parametrize(
    ("made", "span", "starts"),
    [
        (attribute("integer"), (0, 10), tuple(map(float, range(11)))),
        (attribute("integer"), (3, 3), (3.0,)),
        (attribute("integer"), (18, 84), (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0)),
        (attribute("integer", min=0, max=99, buckets=[0, 18, 25, 65]), (20, 40), (18.0, 25.0)),
        (attribute("adoption", "months"), (0, 48), (0.0, 6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0, 48.0)),
        (attribute(), (-0.9, 0.25), (-0.9, -0.8, -0.7, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2)),
        (attribute(), (7.5, 7.5), (7.0,)),
        (attribute(), (1.7, 2.6), (1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6)),
    ],
)
def test_numbers_have_the_schemas_buckets_or_round_steps(
    made: Attribute, span: tuple[float, float], starts: tuple[float, ...]
) -> None:
    found = bar_starts(made, span, dated=False)
    assert found == pytest.approx(starts)
    assert found[0] <= span[0], "the smallest is in no bar"


@pytest.mark.parametrize(
    ("first", "last", "starts"),
    [
        ("2026-01-15", "2026-03-02", ("2026-01-01", "2026-02-01", "2026-03-01")),
        (
            "2025-05-15",
            "2026-08-02",
            ("2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01", "2026-04-01", "2026-07-01"),
        ),
        ("2019-05-15", "2021-08-02", ("2019-04-01",)),
        ("1950-05-15", "1999-08-02", ("1950-01-01", "1955-01-01")),
    ],
)
def test_dates_have_months_quarters_years(first: str, last: str, starts: tuple[str, ...]) -> None:
    low, high = days(first, last)
    made = bar_starts(attribute("date", "day"), (low, high), dated=True)
    assert made[: len(starts)] == days(*starts)
    assert made[0] <= low
    assert made[-1] <= high
    assert len(made) <= 12


def test_every_number_is_in_exactly_one_bar() -> None:
    clauses = bar_clauses("x", (0.0, 18.0, 65.0))
    assert [[c.spans(n) for c in clauses].count(True) for n in (0, 17, 18, 64.9, 65, 900)] == [1] * 6
    assert bar_clauses("x", ()) == []
