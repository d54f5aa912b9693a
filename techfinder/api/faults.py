"""Everything in a plan that does not exist in the schema, each with its place in the body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from techfinder.api.bodies import BadBody, summary
from techfinder.api.serving import known_facets
from techfinder.errors import FieldWithheld, QueryError, cut, known_names
from techfinder.finder import Finder
from techfinder.plan import AnyOf, Condition, Op, Sort
from techfinder.schema import Attribute, Schema
from techfinder.wire.problems import Fault
from techfinder.wire.questions import FacetNames

__all__ = ["allowed_ops", "facet_choice", "refuse_unknown"]

_ANYWHERE: tuple[Op, ...] = ("any_of", "none_of", "all_of", "missing", "present")


def allowed_ops(attribute: Attribute) -> tuple[Op, ...]:
    """The comparisons that the schema allows for an attribute."""
    dated = attribute.field.kind == "date" or attribute.part == "adopted_on"
    ranged: tuple[Op, ...] = ("range",) if attribute.numeric or dated else ()
    return (*_ANYWHERE, *(("at_least", "at_most") if attribute.ordered else ()), *ranged)


def refuse_unknown(
    finder: Finder, conditions: Sequence[Condition | AnyOf], sort: Sequence[Sort] = (), facets: FacetNames = "all"
) -> None:
    """Raise BadBody when anything here does not exist or cannot be compared so; all of it is listed.

    Raises FieldWithheld when anything is not for who asks.
    """
    finder.schema.refuse_withheld([] if isinstance(facets, str) else facets)
    faults = [*_conditions(finder.schema, conditions), *_sorts(finder.schema, sort), *_facets(finder, facets)]
    if faults:
        raise BadBody("bad-plan", summary(faults, len(faults)), tuple(faults))


def facet_choice(facets: FacetNames) -> frozenset[str] | None:
    """The facets to count; None for all of them."""
    return None if facets == "all" else frozenset(() if facets == "none" else facets)


def _conditions(schema: Schema, clauses: Sequence[Condition | AnyOf]) -> Iterator[Fault]:
    for number, clause in enumerate(clauses):
        place = f"#/conditions/{number}"
        if isinstance(clause, Condition):
            yield from _condition(schema, clause, place)
            continue
        for inner, condition in enumerate(clause.conditions):
            yield from _condition(schema, condition, f"{place}/conditions/{inner}")


def _condition(schema: Schema, condition: Condition, place: str) -> Iterator[Fault]:
    try:
        schema.resolve([condition])
        schema.check_values(condition)
    except FieldWithheld:
        raise
    except QueryError as error:
        attribute = schema.attributes.get(condition.field)
        if attribute is None:
            yield Fault(pointer=f"{place}/field", detail=str(error), known=tuple(schema.attributes))
        elif condition.op not in allowed_ops(attribute):
            yield Fault(pointer=f"{place}/op", detail=str(error), known=allowed_ops(attribute))
        else:
            yield Fault(pointer=f"{place}/values", detail=str(error), known=attribute.known_values)


def _sorts(schema: Schema, sort: Sequence[Sort]) -> Iterator[Fault]:
    for number, order in enumerate(sort):
        try:
            schema.resolve_sort([order])
        except FieldWithheld:
            raise
        except QueryError as error:
            known = tuple(k for k, a in schema.attributes.items() if a.storage != "keywords")
            yield Fault(pointer=f"#/sort/{number}/field", detail=str(error), known=known)


def _facets(finder: Finder, facets: FacetNames) -> Iterator[Fault]:
    known = known_facets(finder)
    for number, name in enumerate(() if isinstance(facets, str) else facets):
        if name not in known:
            detail = f"no facet is named {cut(name)}. {known_names(name, known)}"
            yield Fault(pointer=f"#/facets/{number}", detail=detail, known=known)
