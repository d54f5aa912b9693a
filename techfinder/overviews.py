"""What is told of people and of all of them beside a search: standing, comparison, coverage of the schema."""

from __future__ import annotations

from dataclasses import dataclass

from techfinder.models import GenerationInfo, Profile

__all__ = ["ComparedField", "Comparison", "Coverage", "FieldCoverage", "FieldStanding", "Standing", "StandingBar"]


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One attribute of the people compared.

    Attributes:
        key, label, unit: Of the attribute.
        sensitive: As the schema says.
        texts: The values in words, in the order of the people; None where nothing is known.
        same: Whether all known values are equal; None when fewer than two are known.
        common: Of tags: those that everybody has of whom something is known, sorted.
        steps: Of a scale: levels between the lowest and the highest; None when fewer than two are known.
        distance: The same as a share of the whole scale, or of the stretch between the smallest and the
            largest number that the schema accepts: in [0, 1]. None where there is no such measure.
        apart: How far the lowest and the highest known value are apart, in words: "2 levels", "12 years", "31 days";
            empty where they are equal or have no order.
    """

    key: str
    label: str
    unit: str
    sensitive: bool
    texts: tuple[str | None, ...]
    same: bool | None
    common: tuple[str, ...] = ()
    steps: int | None = None
    distance: float | None = None
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several people side by side.

    Attributes:
        profiles: In the order asked.
        fields: Every attribute of which something is known of somebody, in the schema's order.
        similarity: Cosine of each two people's vectors, rounded to 1e-6; row and column as in `profiles`.
        generation: What answered.
    """

    profiles: tuple[Profile, ...]
    fields: tuple[ComparedField, ...]
    similarity: tuple[tuple[float, ...], ...]
    generation: GenerationInfo


@dataclass(frozen=True, slots=True)
class StandingBar:
    """One bar of how everybody's values of an attribute are spread.

    Attributes:
        low, high: Where it begins, and its largest value: numbers, ISO text of days, or a level of a scale twice.
        count: Profiles in it.
        mine: Whether the profile in question is one of them.
    """

    low: float | str
    high: float | str
    count: int
    mine: bool


@dataclass(frozen=True, slots=True)
class FieldStanding:
    """Where a profile stands in one attribute whose values have an order, among all who have a value.

    Attributes:
        key, label, unit, sensitive: Of the attribute.
        text: The profile's value in words.
        below, same, above: How many have a smaller value, this one (the profile itself is one of them), a larger one.
        bars: How all values are spread, from the smallest to the largest; their counts add up to `known`.
    """

    key: str
    label: str
    unit: str
    sensitive: bool
    text: str
    below: int
    same: int
    above: int
    bars: tuple[StandingBar, ...]

    @property
    def known(self) -> int:
        """How many have a value."""
        return self.below + self.same + self.above

    @property
    def percentile(self) -> float:
        """The percentile rank in [0, 1]: the share of those below, and half of those who have the same value."""
        return (self.below + self.same / 2) / self.known


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one profile stands among everybody.

    Attributes:
        profile: Whom it is about.
        fields: Every attribute with an order of which the value is known, in the schema's order; whole numbers
            too large for a float to hold are left out.
        generation: What answered.
    """

    profile: Profile
    fields: tuple[FieldStanding, ...]
    generation: GenerationInfo


@dataclass(frozen=True, slots=True)
class FieldCoverage:
    """How full one attribute is over everybody.

    Attributes:
        key, label, unit: Of the attribute.
        known: Profiles that have a value.
        share: The same as a share of all, in [0, 1]; 0 where there is nobody.
        distinct: How many different values, or tags, there are.
        low, high: Smallest and largest: numbers, ISO text of days, None for texts and where nobody has a value.
    """

    key: str
    label: str
    unit: str
    known: int
    share: float
    distinct: int
    low: float | str | None = None
    high: float | str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How full every attribute that is told in words is.

    Attributes:
        fields: In the schema's order.
        generation: What was counted; its `points` are everybody.
        source: Where the newest index run that made this generation read; empty where that is not known any more.
    """

    fields: tuple[FieldCoverage, ...]
    generation: GenerationInfo
    source: str
