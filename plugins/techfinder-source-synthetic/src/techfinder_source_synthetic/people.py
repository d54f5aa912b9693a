"""Who people are: place, age, education, work, income, and how they stand to technology."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techfinder_source_synthetic.draws import (
    Draw,
    Floats,
    Ints,
    blend,
    choose,
    cumulated,
    levels,
    normal,
    pick,
)
from techfinder_source_synthetic.places import Places
from techfinder_source_synthetic.vocabulary import (
    ADOPTERS,
    AGES,
    BUDGETS,
    EDUCATIONS,
    FACTORS,
    LEVELS,
    PROFICIENCIES,
    SECTORS,
    Tag,
)

__all__ = ["STRATUM", "People", "draw_people", "draw_tags", "personas", "purchasing_factors"]

# In each run of so many people the adopter categories have exactly Rogers' shares.
STRATUM = 200

_INCOME_SPREAD = 0.36
# Income by age against the income at 45.
_CAREER_AGES, _CAREER = (
    (18, 22, 28, 35, 45, 55, 62, 68, 76, 85),
    (0.5, 0.64, 0.83, 0.96, 1, 1.02, 0.97, 0.7, 0.58, 0.52),
)
_EDUCATION_PAY = np.array([0.78, 0.87, 1.0, 1.16, 1.34])
_MISSING_INCOME = 0.02


@dataclass(frozen=True, slots=True)
class People:
    """Some people; every array has one number for each.

    Attributes:
        drive: Innovativeness, standard normal; the adopter category is read off it.
        adopter: 0 for innovators to 4 for laggards.
        place: Position in the table of places.
        age: In years; `aged` is the same as a standard normal number.
        education, sector, interest, proficiency, budget: Positions in the vocabulary's tables.
        income: Dollars a year, NaN where not known.
        wealth: What the budget is read off, about standard normal.
    """

    drive: Floats
    adopter: Ints
    place: Ints
    age: Ints
    aged: Floats
    education: Ints
    sector: Ints
    income: Floats
    interest: Ints
    proficiency: Ints
    budget: Ints
    wealth: Floats


def draw_people(draw: Draw, places: Places) -> People:
    """People, each trait drawn in the light of those before it."""
    drive = _drive(draw)
    adopter = np.searchsorted(normal(cumulated(ADOPTERS.values())[:-1]), -drive, side="right")
    place = pick(draw(), places.shares)
    aged = blend(draw(), (-0.35, drive))
    age = _ages(aged)
    education, learned = _educations(draw, drive, age)
    sector = _sectors(draw, education, drive)
    pay = normal(draw())
    income = _incomes(pay + 0.3 * drive, sector, education, age) * places.incomes[place]
    technical = np.array([s.technical for s in SECTORS.values()])[sector]
    liking = blend(draw(), (0.72, drive), (0.2, technical), (-0.1, aged))
    skill = blend(draw(), (0.35, drive), (0.45, liking), (0.3, technical), (0.15, learned), (-0.15, aged))
    earnings = (np.log(income) - np.log(52_000)) / 0.55
    wealth = blend(draw(), (0.7, earnings), (0.3, drive))
    return People(
        drive,
        adopter,
        place,
        age,
        aged,
        education,
        sector,
        np.where(draw() < _MISSING_INCOME, np.nan, np.round(income, 2)),
        levels(liking, LEVELS.values()),
        levels(skill / 1.1, PROFICIENCIES.values()),
        levels(wealth, BUDGETS.values()),
        wealth,
    )


def _drive(draw: Draw) -> Floats:
    """Innovativeness: in each stratum one person from each equal slice of the normal distribution."""
    order = draw().reshape(-1, STRATUM).argsort(axis=1, kind="stable")
    ranks = order.argsort(axis=1, kind="stable").ravel()
    return normal((ranks + draw()) / STRATUM)


def _ages(aged: Floats) -> Ints:
    shares = np.concatenate(([0.0], cumulated(AGES.values())))[:-1]
    evenly = np.interp(aged, normal(np.linspace(0, 1, 401)), np.linspace(0, 1, 401))
    return np.minimum(np.interp(evenly, shares, list(AGES)), max(AGES) - 1).astype(np.int64)


def _educations(draw: Draw, drive: Floats, age: Ints) -> tuple[Ints, Floats]:
    learned = blend(draw(), (0.3, drive))
    wanted = levels(learned, (share for share, _ in EDUCATIONS.values()))
    reachable = np.searchsorted([youngest for _, youngest in EDUCATIONS.values()], age, side="right") - 1
    return np.minimum(wanted, reachable), learned


def _sectors(draw: Draw, education: Ints, drive: Floats) -> Ints:
    weights = np.log(np.array([s.weights for s in SECTORS.values()]).T)
    technical = np.array([s.technical for s in SECTORS.values()])
    return choose(draw(), weights[education] + 0.5 * drive[:, None] * technical)


def _incomes(pay: Floats, sector: Ints, education: Ints, age: Ints) -> Floats:
    """Log-normal around the median of sector, education and age; not bounded above."""
    median = np.array([s.income for s in SECTORS.values()])[sector] * _EDUCATION_PAY[education]
    incomes: Floats = median * np.interp(age, _CAREER_AGES, _CAREER) * np.exp(_INCOME_SPREAD * pay)
    return incomes


def draw_tags(draw: Draw, people: People, tags: dict[str, Tag], at_least_one: bool) -> NDArray[np.bool_]:
    """Who has which tag: people x tags. With `at_least_one` nobody is left without the likeliest."""
    odds = np.stack([t.logit + t.age * people.aged + t.drive * people.drive for t in tags.values()], axis=1)
    luck = np.stack([draw() for _ in tags], axis=1)
    chance = 1 / (1 + np.exp(-odds))
    chosen = luck < chance
    if at_least_one:
        nobody = np.flatnonzero(~chosen.any(axis=1))
        chosen[nobody, (chance - luck)[nobody].argmax(axis=1)] = True
    return chosen


def purchasing_factors(draw: Draw, people: People) -> tuple[Ints, Ints]:
    """First and second purchasing factor, never the same in one person."""
    table = np.array(list(FACTORS.values()))
    utility = np.log(table[:, 0]) + people.wealth[:, None] * table[:, 1] + people.drive[:, None] * table[:, 2]
    first = choose(draw(), utility)
    utility[np.arange(len(first)), first] = -np.inf
    return first, choose(draw(), utility)


def personas(people: People) -> NDArray[np.object_]:
    """A name for what someone is like, which never contradicts the adopter category, interest or budget."""
    early = people.adopter <= 1
    keen = people.interest >= 3
    rich = people.budget >= 3
    office = np.array([s.office for s in SECTORS.values()])[people.sector]
    cases = [
        (early & keen & rich, "Premium Tech Enthusiast"),
        (early & keen, "Value-Conscious Tech Enthusiast"),
        (early, "Forward-Looking Professional"),
        ((people.adopter == 2) & office, "Practical Professional"),
        (people.adopter == 2, "Mainstream Adopter"),
        ((people.adopter == 3) & (people.budget >= 2), "Tech Pragmatist"),
        (people.adopter == 3, "Cautious Follower"),
        ((people.adopter == 4) & (people.interest == 0), "Tech Minimalist"),
    ]
    names = np.array([name for _, name in cases] + ["Late Adopter"], dtype=object)
    place = np.select([c for c, _ in cases], [np.array(i) for i in range(len(cases))], len(cases))
    found: NDArray[np.object_] = names[place]
    return found
