"""What people use: loyalty to brands, products, and when they bought them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from techfinder_source_synthetic.draws import Draw, Floats, Ints, choose, normal
from techfinder_source_synthetic.people import People
from techfinder_source_synthetic.vocabulary import CATEGORIES, LOYALTIES, MONTHS, Category

__all__ = ["AS_OF", "DAYS_A_MONTH", "NOT_ADOPTED", "Adoptions", "draw_adoptions", "draw_loyalties", "iso_dates"]

AS_OF = date(2025, 12, 31)
"""The last day on which anybody can have bought anything."""

DAYS_A_MONTH = 30.4375
NOT_ADOPTED = -1

# How strongly somebody leans to each brand of LOYALTIES, or to none; and the slopes by wealth and by age.
_LEANINGS = np.log([0.36, 0.22, 0.12, 0.12, 0.18])
_LEANING_WEALTH = np.array([0.4, 0.0, -0.1, 0.0, -0.2])
_LEANING_AGE = np.array([-0.2, 0.0, -0.1, 0.3, 0.2])
# Mean loyalty (of 10) to each brand, by leaning: the first two do not get along.
_LOYALTY = np.array(
    [
        [8.2, 1.8, 3.5, 3.4],
        [1.7, 8.0, 4.6, 4.0],
        [2.6, 3.6, 8.0, 3.6],
        [2.6, 3.4, 4.0, 8.0],
        [2.8, 2.8, 3.4, 3.4],
    ]
)
_LOYALTY_SPREAD = 1.5
_PULL = 0.42


@dataclass(frozen=True, slots=True)
class Adoptions:
    """What people do in one category of technology; every array has one number for each.

    Attributes:
        months: Months from release to purchase; NOT_ADOPTED for who does not use it.
        product: Position in the category's table; -1 for who does not use it.
        day: Day of purchase, days since 1970; meaningless for who does not use it.
    """

    months: Ints
    product: Ints
    day: Ints


class _Releases:
    """The release days of a category's products: products x models, newest first, days since 1970."""

    def __init__(self, category: Category) -> None:
        lists = [[_day(date.fromisoformat(r)) for r in p.releases] for p in category.products.values()]
        longest = max(len(days) for days in lists)
        # A row is filled up in front with days to come, which nobody can have bought on.
        self.days = np.array([[_day(AS_OF) + 1] * (longest - len(days)) + days for days in lists])

    @cached_property
    def available(self) -> Ints:
        """Products x months: how many models were out so long ago that they could be bought by then."""
        last = max(end for _, end in MONTHS.values())
        bought_by = np.ceil((np.arange(last + 1) + 1) * DAYS_A_MONTH).astype(np.int64)
        count: Ints = (self.days[:, :, None] + bought_by <= _day(AS_OF)).sum(axis=1)
        return count

    def draw(self, evenly: Floats, product: Ints, months: Ints) -> Ints:
        """Release days of the models bought, newer ones likelier."""
        count = self.available[product, months]
        newest = self.days.shape[1] - count
        released: Ints = self.days[product, newest + (evenly * evenly * count).astype(np.int64)]
        return released


def _day(moment: date) -> int:
    return moment.toordinal() - date(1970, 1, 1).toordinal()


def draw_loyalties(draw: Draw, people: People) -> NDArray[np.int64]:
    """Loyalty 0 to 10 to each brand of LOYALTIES: people x brands."""
    utility = _LEANINGS + people.wealth[:, None] * _LEANING_WEALTH + people.aged[:, None] * _LEANING_AGE
    mean = _LOYALTY[choose(draw(), utility)]
    noise = np.stack([normal(draw()) for _ in LOYALTIES], axis=1)
    return np.clip(np.rint(mean + _LOYALTY_SPREAD * noise), 0, 10).astype(np.int64)


def draw_adoptions(draw: Draw, people: People, loyalties: NDArray[np.int64]) -> Iterator[tuple[str, Adoptions]]:
    """Each category's name with who bought what when."""
    for name, category in CATEGORIES.items():
        uses = _uses(draw, people, category)
        months = _months(draw, people)
        releases = _Releases(category)
        product = _products(draw, people, loyalties, category, releases.available.T[months] > 0)
        day = releases.draw(draw(), product, months) + np.ceil(months * DAYS_A_MONTH).astype(np.int64)
        day += (draw() * 29).astype(np.int64)
        yield name, Adoptions(np.where(uses, months, NOT_ADOPTED), np.where(uses, product, -1), day)


def _uses(draw: Draw, people: People, category: Category) -> NDArray[np.bool_]:
    share = np.array(category.uses)[people.adopter]
    logit = np.log(share / (1 - share)) + category.age * people.aged + category.budget * people.wealth
    uses: NDArray[np.bool_] = draw() < 1 / (1 + np.exp(-logit))
    return uses


def _months(draw: Draw, people: People) -> Ints:
    first, last = np.array(list(MONTHS.values()))[people.adopter].T
    months: Ints = first + (draw() * (last - first + 1)).astype(np.int64)
    return months


def _products(
    draw: Draw, people: People, loyalties: NDArray[np.int64], category: Category, available: NDArray[np.bool_]
) -> Ints:
    utility = np.empty(available.shape)
    for place, product in enumerate(category.products.values()):
        utility[:, place] = np.log(product.share) + 0.5 * product.tier * people.wealth
        if product.loyalty:
            utility[:, place] += _PULL * (loyalties[:, LOYALTIES.index(product.loyalty)] - 3.5)
    return choose(draw(), np.where(available, utility, -np.inf))


def iso_dates(days: Ints) -> NDArray[np.object_]:
    """Days since 1970 as ISO text; none may lie after AS_OF."""
    return _calendar()[days]


@cache
def _calendar() -> NDArray[np.object_]:
    return np.arange(_day(AS_OF) + 1).astype("datetime64[D]").astype(str).astype(object)
