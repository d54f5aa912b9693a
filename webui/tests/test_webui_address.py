"""The URL holds the whole search: reading, folding, writing, and what Back returns to."""

from __future__ import annotations

import string
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techfinder.plan import Sort
from techfinder_webui.address import Address, history_step, split_range


def read(query: str) -> Address:
    return Address.read(parse_qsl(query, keep_blank_values=True))


def test_reads_question_filters_page_and_order() -> None:
    asked = read("q=nurses+in+Ohio&adopter_category=Innovator&adopter_category=Laggard&limit=40&offset=80&sort=-age")
    assert asked.text == "nurses in Ohio"
    assert asked.filters == {"adopter_category": ("Innovator", "Laggard")}
    assert (asked.limit, asked.offset) == (40, 80)
    assert asked.sorts() == (Sort(field="age", descending=True),)


def test_orders_may_be_joined_by_commas() -> None:
    asked = read("sort=-age,gender&sort=education")
    assert asked.sorts() == (Sort(field="age", descending=True), Sort(field="gender"), Sort(field="education"))
    assert read(urlsplit(asked.url("/")).query) == asked


@pytest.mark.parametrize(
    ("query", "short"),
    [
        ("q=&age.min=&age.max=", "/"),
        ("age.min=30&age.max=40", "/?age=30..40"),
        ("age.min=30&age.max=", "/?age=30.."),
        ("age.max=+40+", "/?age=..40"),
        ("q=x&q=x&gender=Male&gender=Male", "/?q=x&gender=Male"),
        ("limit=20&offset=0", "/"),
        ("limit=none&offset=-5", "/"),
        ("limit=5000", "/?limit=1000"),
        ("limit=0", "/?limit=1"),
        ("job_sector=UX%2FUI+Design", "/?job_sector=UX%2FUI+Design"),
        ("like=P1&like=P2&find.gender=+ma+", "/?like=P1&like=P2&find.gender=ma"),
        ("compare.id=P1&compare.id=P2&compare.id=P1&compare.id=", "/?compare.id=P1&compare.id=P2"),
        (
            "compare.id=1&compare.id=2&compare.id=3&compare.id=4&compare.id=5",
            "/?" + "&".join(f"compare.id={n}" for n in "1234"),
        ),
        ("edit.set.aa.min=Low&edit.set.aa.max=High&edit.form=aa", "/?edit.set.aa=Low..High"),
        ("edit.set.aa=x&edit.set.aa=y&edit.form=aa", "/?edit.set.aa=x&edit.set.aa=y"),
        ("edit.set.aa.min=&edit.set.aa.max=&edit.form=aa", "/?edit.drop=aa"),
    ],
)
def test_what_a_form_sends_becomes_the_short_form(query: str, short: str) -> None:
    assert read(query).url("/") == short


_OWN = ["q", "limit", "offset", "sort", "like"]
_EDITS = [
    "edit.drop",
    "edit.flip",
    "edit.typed",
    "edit.set.aa",
    "edit.set.aa.min",
    "edit.form",
    "find.gender",
    "a.b.c",
    "compare.id",
]
_NAMES = st.sampled_from([*_OWN, *_EDITS, "age", "age.min", "age.max", "gender", "x.min"])
_VALUES = st.text(alphabet=string.ascii_letters + string.digits + " .-&=%+é☃", max_size=8)


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=8))
def test_the_short_form_is_read_back_unchanged(pairs: list[tuple[str, str]]) -> None:
    asked = Address.read(pairs)
    again = Address.read(parse_qsl(urlsplit(asked.url("/")).query, keep_blank_values=True))
    assert again == asked
    assert again.url("/") == asked.url("/")


def test_removing_a_value_goes_back_to_the_first_page() -> None:
    asked = read("q=x&gender=Male&gender=Female&age=30..&offset=40")
    assert asked.without("gender", "Male").url("/") == "/?q=x&gender=Female&age=30.."
    assert asked.without("age", "30..").url("/") == "/?q=x&gender=Male&gender=Female"


@pytest.mark.parametrize(
    ("value", "ends"),
    [("30..40", ("30", "40")), ("30..", ("30", "")), ("..40", ("", "40")), ("..", None), ("30", None), (">50", None)],
)
def test_ends_of_a_range(value: str, ends: tuple[str, str] | None) -> None:
    assert split_range(value) == ends


@pytest.mark.parametrize(
    ("before", "after", "step"),
    [
        ("q=nurses", "q=nurses", "none"),
        ("q=nurse", "q=nurses", "replace"),
        ("q=nurses", "q=nurs", "replace"),
        ("", "q=n", "push"),
        ("q=nurses", "", "push"),
        ("q=nurses", "q=teachers", "push"),
        ("q=nurses", "q=nurses&gender=Male", "push"),
        ("q=nurses&limit=20", "q=nurses&limit=40", "replace"),
        ("q=nurses", "q=nurses&offset=100", "push"),
        ("q=nurses", "q=nurses&edit.drop=aa", "push"),
        ("q=nurses&edit.drop=aa", "q=nurses+in", "replace"),
        ("q=nurses", "q=nurses&like=P1", "push"),
        ("find.gender=m", "find.gender=ma", "replace"),
    ],
)
def test_back_leads_to_the_search_before(before: str, after: str, step: str) -> None:
    assert history_step(f"http://127.0.0.1:8000/?{before}", read(after)) == step


def test_people_like_somebody_keep_the_conditions_and_lose_the_order() -> None:
    asked = read("q=x&gender=Male&sort=-age&limit=40&edit.drop=aa")
    assert asked.lookalikes("P 1").url("/") == "/?q=x&like=P+1&gender=Male&edit.drop=aa"


def test_whom_to_compare_is_picked_and_picked_no_more() -> None:
    asked = read("q=x&gender=Male&compare.id=P1&limit=40&sort=-age")
    picked = asked.pick("P 2")
    assert picked.url("/") == "/?q=x&gender=Male&compare.id=P1&compare.id=P+2&sort=-age&limit=40"
    assert picked.pick("P1").picks == ("P 2",)
    assert asked.without("gender", "Male").picks == asked.lookalikes("P3").picks == ("P1",)
    assert history_step(f"http://x{asked.url('/')}", picked) == "replace"


def test_a_value_gives_way_to_another_in_its_place() -> None:
    asked = read("q=x&state=Iowa&state=Ohoi&state=Ohio&limit=40&offset=20")
    assert asked.instead("state", "Ohoi", "Ohio").url("/") == "/?q=x&state=Iowa&state=Ohio"
