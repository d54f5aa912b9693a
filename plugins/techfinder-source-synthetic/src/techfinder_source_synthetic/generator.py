"""People from a seed, in blocks that do not depend on how many are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from techfinder.errors import SourceError, cut, known_names
from techfinder.models import Row
from techfinder_source_synthetic.adoptions import draw_adoptions, draw_loyalties, iso_dates
from techfinder_source_synthetic.draws import Draw, blanked, cumulated, pick, tag_texts
from techfinder_source_synthetic.people import STRATUM, draw_people, draw_tags, personas, purchasing_factors
from techfinder_source_synthetic.places import places
from techfinder_source_synthetic.vocabulary import (
    ADOPTERS,
    BUDGETS,
    CATEGORIES,
    EDUCATIONS,
    FACTORS,
    GENDERS,
    INTERESTS,
    LEVELS,
    LOYALTIES,
    PLATFORMS,
    PROFICIENCIES,
    SECTORS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["BLOCK", "SyntheticPeople"]

# People are drawn in blocks of this size, each from a seed of its own. Changing it changes everybody.
BLOCK = 10_000
assert BLOCK % STRATUM == 0
_MOST = 1_000_000_000
_DEFAULTS = {"n": 1_000, "seed": 7}


class SyntheticPeople:
    """N made people. Person k of a seed is the same whatever N is and however they are asked for."""

    def __init__(self, argument: str = "") -> None:
        """Prepare to make the people that an argument like ``"n=1000,seed=7"`` asks for.

        Raises:
            SourceError: The argument has another key, or no whole number in range.
        """
        asked = _parse(argument)
        self.number, self.seed = asked["n"], asked["seed"]
        self._block = lru_cache(maxsize=1)(self._make_block)

    def columns(self) -> tuple[str, ...]:
        """The 27 columns of the original table, then interests, more loyalties and dates of purchase."""
        return _COLUMNS

    def count(self) -> int:
        """How many people there will be."""
        return self.number

    def rows(self) -> Iterator[Row]:
        """The people, numbered 1, 2, 3, ...; a cell that is not known is None."""
        number = 0
        for frame in self.frames(BLOCK):
            for cells in zip(*(_cells(frame[c]) for c in _COLUMNS), strict=True):
                number += 1
                yield Row(number, dict(zip(_COLUMNS, cells, strict=True)))

    def frames(self, size: int = 50_000) -> Iterator[pd.DataFrame]:
        """The same people as tables of at most `size` rows."""
        import pandas as pd

        if size < 1:
            raise SourceError(f"Frames of {size} rows cannot be made; ask for at least 1.")
        for start in range(0, self.number, size):
            stop = min(start + size, self.number)
            parts = [
                self._block(b).iloc[max(start - b * BLOCK, 0) : stop - b * BLOCK]
                for b in range(start // BLOCK, (stop - 1) // BLOCK + 1)
            ]
            yield pd.concat(parts, ignore_index=True)

    def _make_block(self, block: int) -> pd.DataFrame:
        import pandas as pd

        random = np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, block])))
        return pd.DataFrame(_block_columns(lambda: random.random(BLOCK), block * BLOCK + 1))[list(_COLUMNS)]


def _block_columns(draw: Draw, first: int) -> dict[str, object]:
    """The columns of one block of people, the first of whom has the number `first`."""
    where = places()
    people = draw_people(draw, where)
    primary, secondary = purchasing_factors(draw, people)
    loyalties = draw_loyalties(draw, people)
    columns: dict[str, object] = {
        "user_id": [f"TU{k:04d}" for k in range(first, first + BLOCK)],
        "age": people.age,
        "gender": _names(GENDERS, pick(draw(), cumulated(GENDERS.values()))),
        "location": where.names[people.place],
        "education": _names(EDUCATIONS, people.education),
        "job_sector": _names(SECTORS, people.sector),
        "annual_income": people.income,
        "adopter_category": _names(ADOPTERS, people.adopter),
        "tech_interest": _names(LEVELS, people.interest),
        "budget_category": _names(BUDGETS, people.budget),
        "technical_proficiency": _names(PROFICIENCIES, people.proficiency),
        "preferred_platforms": tag_texts(draw_tags(draw, people, PLATFORMS, at_least_one=True), list(PLATFORMS)),
        "primary_purchasing_factor": _names(FACTORS, primary),
        "secondary_purchasing_factor": _names(FACTORS, secondary),
        "persona": personas(people),
        "interests": tag_texts(draw_tags(draw, people, INTERESTS, at_least_one=False), list(INTERESTS)),
    }
    columns |= {f"{brand.lower()}_loyalty": loyalties[:, i] for i, brand in enumerate(LOYALTIES)}
    for name, adoptions in draw_adoptions(draw, people, loyalties):
        columns[f"{name}_adoption_timing"] = adoptions.months
        columns[f"{name}_preferred_product"] = _names([*CATEGORIES[name].products, "None"], adoptions.product)
        columns[f"{name}_adopted_on"] = blanked(iso_dates(adoptions.day), adoptions.months < 0)
    return columns


_COLUMNS = (
    "user_id",
    "age",
    "gender",
    "location",
    "education",
    "job_sector",
    "annual_income",
    "adopter_category",
    "tech_interest",
    "budget_category",
    "technical_proficiency",
    "preferred_platforms",
    "primary_purchasing_factor",
    "secondary_purchasing_factor",
    *(f"{c}_{part}" for c in CATEGORIES for part in ("adoption_timing", "preferred_product")),
    "persona",
    "apple_loyalty",
    "samsung_loyalty",
    "interests",
    "google_loyalty",
    "microsoft_loyalty",
    *(f"{c}_adopted_on" for c in CATEGORIES),
)


def _names(table: Iterable[str], places: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array(list(table), dtype=object)[places]


def _cells(column: pd.Series[Any]) -> list[object]:
    cells: list[object] = column.tolist()
    return [None if c is None or c != c else c for c in cells] if column.hasnans else cells


def _parse(argument: str) -> dict[str, int]:
    asked = dict(_DEFAULTS)
    for part in filter(None, (p.strip() for p in argument.split(","))):
        key, _, text = (t.strip() for t in part.partition("="))
        if key not in asked:
            raise SourceError(
                f"The generator has no setting {cut(key)}. {known_names(key, asked)} Write n=1000,seed=7."
            )
        asked[key] = _whole(key, text)
    return asked


def _whole(key: str, text: str) -> int:
    low, high = (1, _MOST) if key == "n" else (0, 2**63 - 1)
    if not (text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high):
        raise SourceError(
            f"The generator got {key}={cut(text)}. Expected a whole number from {low} to {high}, as in n=1000,seed=7."
        )
    return int(text)
