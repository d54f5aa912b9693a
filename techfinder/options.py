"""The filter for derived choices: a list of options, each of which stands for clauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, product
from math import prod
from typing import TYPE_CHECKING

from techfinder.errors import QueryError, cut, known_names
from techfinder.plan import AnyOf, Condition

if TYPE_CHECKING:
    from techfinder.interfaces import FilterOption

__all__ = ["OptionFilter", "either"]

_MOST_CLAUSES = 64


def either(parts: Iterable[str]) -> str:
    """The parts as people list them: ``"a, b or c"``."""
    *head, last = parts
    return f"{', '.join(head)} or {last}" if head else last


class OptionFilter:
    """Picks from a list of options, each of which stands for clauses joined by "and".

    A value is an option's ``value`` or label, in any case; ``!`` before it excludes who fits the
    option. Several options mean any of them.
    """

    def __init__(self, name: str, label: str, options: Sequence[FilterOption]) -> None:
        """A filter called `name`, which becomes the ``origin`` of its clauses; `label` starts their words."""
        self.name, self.label = name, label
        self._options = tuple(options)
        self._by_text = {o.label.casefold(): o for o in options} | {o.value.casefold(): o for o in options}

    def options(self) -> tuple[FilterOption, ...]:
        """The options, in their order."""
        return self._options

    def clauses(self, values: Sequence[str]) -> tuple[Condition | AnyOf, ...]:
        """Clauses for any of the options picked and none of those excluded.

        Raises:
            QueryError: No such option, or a combination that clauses cannot express.
        """
        if not values:
            raise QueryError(f"The filter {self.name!r} was given no value.")
        picked, excluded = [], []
        for value in dict.fromkeys(values):
            option = self._by_text.get(value.strip().casefold())
            if option is not None:
                picked.append(option)
            else:
                excluded.append(self._excluded(value))
        wanted = self._any_of(picked) if picked else ()
        return (*wanted, *(clause for option in excluded for clause in self._none_of(option)))

    def _excluded(self, value: str) -> FilterOption:
        text = value.strip()
        option = self._by_text.get(text[1:].strip().casefold()) if text.startswith("!") else None
        if option is None:
            known = known_names(text.removeprefix("!"), [o.value for o in self._options])
            raise QueryError(f"{self.label} has no option {cut(value)}. {known}")
        return option

    def _any_of(self, picked: Sequence[FilterOption]) -> tuple[Condition | AnyOf, ...]:
        words = f"{self.label}: {either(o.label for o in picked)}"
        if len(picked) == 1:
            return tuple(self._named(clause, words) for clause in picked[0].clauses)
        return tuple(self._group(group, words) for group in _either_clauses([o.clauses for o in picked]))

    def _none_of(self, option: FilterOption) -> tuple[Condition | AnyOf, ...]:
        """Clauses that hold for whom `option` does not fit: one of its clauses, at least, fails."""
        words = f"{self.label}: not {option.label}"
        if len(option.clauses) == 1:
            return (self._named(_negated(option.clauses[0]), words),)
        groups = _spelt_out(option.clauses)
        if any(len(group) > 1 for group in groups):
            raise QueryError(f"{self.label}: {option.label!r} cannot be excluded, only picked.")
        parts = tuple(condition for group in groups for condition in group)
        clause = AnyOf(conditions=parts, at_least=len(parts), negated=True)
        return (self._named(clause, words),)

    def _group(self, group: Sequence[Condition], words: str) -> Condition | AnyOf:
        if len(group) == 1:
            return self._named(group[0], words)
        return AnyOf(conditions=tuple(group), words=words, label=self.label, origin=self.name)

    def _named(self, clause: Condition | AnyOf, words: str) -> Condition | AnyOf:
        update: dict[str, str] = {"words": words, "origin": self.name}
        if isinstance(clause, AnyOf):
            update["label"] = clause.label or self.label
        return clause.model_copy(update=update)


_Group = tuple[Condition, ...]
"""Conditions joined by "or"."""


def _either_clauses(options: Sequence[tuple[Condition | AnyOf, ...]]) -> list[_Group]:
    """Groups that together say "(all clauses of one option) or (all clauses of another) or ...".

    By the distributive law: one group for each way to take one clause from each option. Groups
    that follow from a smaller one are left out.
    """
    spelt = [_spelt_out(clauses) for clauses in options]
    if prod(len(groups) for groups in spelt) > _MOST_CLAUSES * 16:
        raise QueryError("Too many options are picked together. Pick fewer of them.")
    joined = [dict.fromkeys(c for group in choice for c in group) for choice in product(*spelt)]
    kept: list[dict[Condition, None]] = []
    for group in sorted(joined, key=len):
        if not any(set(smaller) <= set(group) for smaller in kept):
            kept.append(group)
    if len(kept) > _MOST_CLAUSES:
        raise QueryError("Too many options are picked together. Pick fewer of them.")
    return [tuple(group) for group in kept]


def _spelt_out(clauses: Iterable[Condition | AnyOf]) -> list[_Group]:
    """The clauses as groups of conditions joined by "or", the groups joined by "and"."""
    groups: list[_Group] = []
    for clause in clauses:
        if isinstance(clause, Condition):
            groups.append((clause,))
            continue
        conditions, wanted = clause.conditions, clause.at_least
        if clause.negated:
            conditions = tuple(_opposite(c) for c in conditions)
            wanted = len(conditions) - wanted + 1
        if wanted > len(conditions):
            raise QueryError("An option asks for more conditions than it has; it fits nobody.")
        if wanted > 0:  # at least k of n hold exactly when of every n - k + 1 one holds
            groups += [tuple(g) for g in combinations(conditions, len(conditions) - wanted + 1)]
    return groups


def _opposite(condition: Condition) -> Condition:
    opposites = {"any_of": "none_of", "none_of": "any_of", "missing": "present", "present": "missing"}
    if condition.op not in opposites:
        raise QueryError("These options cannot be picked together. Pick one of them.")
    return condition.model_copy(update={"op": opposites[condition.op]})


def _negated(clause: Condition | AnyOf) -> Condition | AnyOf:
    if isinstance(clause, AnyOf):
        return clause.model_copy(update={"negated": not clause.negated})
    return AnyOf(conditions=(clause,), negated=True)
