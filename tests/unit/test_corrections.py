"""Values of open fields that no one has: put right where only the case differs, else told with what is near."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import homes
from techfinder.finder import Finder
from techfinder.plan import Condition, Notice
from techfinder.testing.fakes import HashEncoder, ListSource

PLACES = ["Austin, California", "Austin, California", "Boise, Idaho", "York, Maine"]
PERSONAS = ["Gamer", "gamer", "Reader", "!Loud"]


def people(places: list[str]) -> ListSource:
    return ListSource(
        [
            {
                "user_id": f"P{n}",
                "location": place,
                "persona": PERSONAS[n % 4],
                "interests": f"Hobby {n:02}, Music",
                "smartphone_preferred_product": "iPhone",
            }
            for n, place in enumerate(places)
        ]
    )


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("corrections"), HashEncoder().entry())
    homes.index(made, people(PLACES * 5))
    made.generation()
    yield made
    made.close()


def notices(finder: Finder, name: str, *values: str) -> tuple[Notice, ...]:
    """What is said of the values, besides that a field is sensitive."""
    return tuple(n for n in finder.plan(filters={name: values}).notices if n.code != "sensitive-field")


@pytest.mark.parametrize(
    ("name", "value", "hint", "suggestions"),
    [
        ("location_state", "Californa", "Did you mean 'California'?", ("California",)),
        ("location_state", "!californa", "Did you mean 'California'?", ("!California",)),
        ("location_state", "Oregon", "There are 'California', 'Idaho', 'Maine'.", ()),
        ("location", "Austin, Califrnia", "Did you mean 'Austin, California'?", ("Austin, California",)),
        ("persona", "GAMER", "Did you mean 'Gamer' or 'gamer'?", ("Gamer", "gamer")),
        ("persona", '"Raeder"', "Did you mean 'Reader'?", ("Reader",)),
        ("persona", '"!Luod"', "Did you mean '!Loud'?", ('"!Loud"',)),
        ("interests", "Opera", "The commonest of 21 are 'Music', 'Hobby 00', 'Hobby 01', 'Hobby 02', 'Hobby 03'.", ()),
        ("smartphone_product", "iPhon 14", "Did you mean 'iPhone'?", ("iPhone",)),
        ("smarthome_product", "Ekko", "", ()),
        ("persona", "x" * 5000, "There are '!Loud', 'Gamer', 'Reader', 'gamer'.", ()),
    ],
)
def test_a_value_that_no_one_has_is_told(
    finder: Finder, name: str, value: str, hint: str, suggestions: tuple[str, ...]
) -> None:
    (notice,) = notices(finder, name, value)
    assert (notice.code, notice.filter, notice.words) == ("no-such-value", name, value)
    assert notice.text.startswith(f"No one has {finder.schema.attribute(name).label} '")
    assert notice.text.endswith(f" {hint}" if hint else "'.")
    assert notice.suggestions == suggestions
    for suggestion in notice.suggestions:
        assert notices(finder, name, suggestion) == ()
        assert finder.search(finder.plan(filters={name: [suggestion]})).total > 0


@pytest.mark.parametrize(
    ("value", "total"), [("california", 10), ("!CALIFORNIA", 10), ('"california"', 10), ("California", 10)]
)
def test_another_letter_case_finds_the_same_people(finder: Finder, value: str, total: int) -> None:
    plan = finder.plan(filters={"location_state": [value]})
    (condition,) = plan.conditions
    assert isinstance(condition, Condition)
    assert (condition.values, plan.notices) == (("California",), ())
    assert "California" in condition.words
    assert finder.search(plan).total == total


def test_the_input_as_typed_still_ticks_the_value(finder: Finder) -> None:
    filters = {"location_state": ["california"]}
    (facet,) = finder.facets(finder.plan(filters=filters), filters, names={"location_state"})
    assert [(v.value, v.count) for v in facet.values if v.selected] == [("California", 10)]
    assert facet.held == ("california",)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("location_state", ["Idaho", "?", "*"]),
        ("gender", ["Female"]),  # the schema lists it; that no one has it is an answer, not a slip
        ("persona", ["gamer"]),
        ("age", ["30..40"]),
        ("brand", ["Apple"]),
        ("persona", [" "]),
    ],
)
def test_what_can_be_meant_is_not_remarked_on(finder: Finder, name: str, values: list[str]) -> None:
    assert notices(finder, name, *values) == ()


def test_each_wrong_value_is_told_and_the_others_count(finder: Finder) -> None:
    plan = finder.plan(filters={"location_state": ["Idaho", "Main", "maine"], "persona": ["Raeder"]})
    assert [n.words for n in plan.notices] == ["Main", "Raeder"]
    assert plan.conditions[0].values == ("Idaho", "Main", "Maine")  # type: ignore[union-attr]


def test_values_follow_the_live_generation(tmp_path: Path) -> None:
    finder = homes.open_home(tmp_path, HashEncoder().entry())
    assert notices(finder, "location_state", "Californa") == ()  # nothing is live, the search says so
    homes.index(finder, people(PLACES))
    assert notices(finder, "location_state", "Nevda")[0].suggestions == ()
    homes.index(finder, people([*PLACES, "Reno, Nevada"]))
    assert notices(finder, "location_state", "Nevda")[0].suggestions == ("Nevada",)
    finder.close()
