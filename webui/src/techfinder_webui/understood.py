"""What was understood of the sentence: one chip per condition, with an editor for its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from techfinder import AnyOf, Attribute, Condition, EditedClause, EditedPlan, Facet, Notice
from techfinder_webui.address import Address
from techfinder_webui.parts import Chip, Editor, EditorOption, Understood
from techfinder_webui.reasons import tone_of

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["correction_chips", "understood_chips"]

_LISTED = 16
"""Values that an editor offers at most, besides those asked for."""

_LONG_GROUP = 2
_LEGENDS = {"none_of": "None of", "all_of": "All of"}
_EPOCH = date(1970, 1, 1)

Clause = Condition | AnyOf


def understood_chips(
    finder: Finder, edited: EditedPlan, facets: Iterable[Facet], asked: Address, path: str
) -> tuple[Understood, ...]:
    """One chip for each condition of the sentence, those left out included; no two for the same."""
    counts = {f.name: {v.label: v.count for v in f.values} for f in facets}
    numbers = {id(c): n for n, c in enumerate(edited.plan.conditions)}
    shown = list({one.key: one for one in reversed(edited.clauses)}.values())[::-1]
    instead = _counted_instead(finder, edited, shown, counts)
    return tuple(_chip(finder, one, numbers, instead.get(one.key, counts), asked, path) for one in shown)


def _counted_instead(
    finder: Finder, edited: EditedPlan, clauses: Iterable[EditedClause], counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Mapping[str, Mapping[str, int]]]:
    """By key of what is required: counts of its field without it, since choosing in its editor takes its place.

    Of what is only wished for the panel has them.
    """
    parts = {one.key: part for one in clauses if (part := _required_values(finder, one)) and part[0].field in counts}
    found = finder.values_instead(edited.plan, tuple(parts.values()))
    return {key: {part[0].field: counted} for (key, part), counted in zip(parts.items(), found, strict=True)}


def _required_values(finder: Finder, one: EditedClause) -> tuple[Condition, ...]:
    """What of it an editor of values would replace; nothing where there is no such editor."""
    asked = tuple(c for c in one.asked if isinstance(c, Condition) and c.required)
    if not asked or len(asked) < len(one.asked) or isinstance(one.read, AnyOf):
        return ()
    return asked if _editor_kind(finder.schema.attribute(one.read.field), one) == "values" else ()


def correction_chips(notices: Iterable[Notice], asked: Address, path: str) -> tuple[Chip, ...]:
    """One chip for each word that was put right, and for each that is to be left as typed."""

    def leave(words: str) -> str:
        return asked.first_page(edits=asked.edits.leave(words)).url(path)

    made = [
        Chip(n.words, " ".join(n.suggestions), leave(n.words), f"leave “{n.words}” as it is typed")
        for n in notices
        if n.code == "corrected"
    ]
    return (*made, *(Chip(words, "", leave(words), f"correct “{words}”") for words in asked.edits.as_typed))


def _chip(
    finder: Finder,
    one: EditedClause,
    numbers: Mapping[int, int],
    counts: Mapping[str, Mapping[str, int]],
    asked: Address,
    path: str,
) -> Understood:
    edits = asked.edits
    number = next((numbers[id(c)] for c in one.asked if id(c) in numbers), None)
    role: Literal["must", "wish", "out"] = "out" if not one.asked else "must" if one.asked[0].required else "wish"
    shown = one.asked or (one.read,)
    return Understood(
        id=f"read-{one.key}",
        words=one.read.words,
        text=" and ".join(_describe(finder, c) for c in shown),
        role=role,
        edited=one.asked != (one.read,),
        tone="" if number is None else tone_of(number),
        drop_url=asked.first_page(edits=edits.drop(one.key)).url(path),
        flip_url=asked.first_page(edits=edits.flip(one.key)).url(path),
        reset_url=asked.first_page(edits=edits.without(one.key)).url(path),
        editor=_editor(finder, one, counts, asked) if one.asked else None,
    )


def _describe(finder: Finder, clause: Clause) -> str:
    if isinstance(clause, AnyOf) and len(clause.conditions) > _LONG_GROUP and not clause.negated:
        least = f"at least {clause.at_least}" if clause.at_least > 1 else "any"
        return f"{least} of {len(clause.conditions)}: {finder.describe(clause.conditions[0])}, …"
    return finder.describe(clause)


# --- editors --------------------------------------------------------------------------------------


def _editor(
    finder: Finder, one: EditedClause, counts: Mapping[str, Mapping[str, int]], asked: Address
) -> Editor | None:
    name = f"edit.set.{one.key}"
    hidden = tuple((n, v) for n, v in asked.first_page().pairs() if n != name and (n, v) != ("edit.drop", one.key))
    if isinstance(one.read, AnyOf):
        return _parts_editor(finder, one.read, one.asked, name, one.key, hidden)
    attribute = finder.schema.attribute(one.read.field)
    match _editor_kind(attribute, one):
        case "range":
            return _range_editor(attribute, one.asked[0], name, one.key, hidden)
        case "levels":
            low, high = _levels(attribute, one.asked[0]) or ("", "")
            options = tuple(EditorOption(v, v, selected=False) for v in attribute.known_values)
            return Editor("levels", name, one.key, hidden, "", options, low=low, high=high)
        case "values":
            return _values_editor(attribute, one.asked, counts.get(attribute.key, {}), name, one.key, hidden)
    return None


def _editor_kind(attribute: Attribute, one: EditedClause) -> Literal["", "range", "levels", "values"]:
    """What its values are edited with; nothing where only leaving it out, or wishing for it, makes sense."""
    if isinstance(one.read, Condition) and one.read.op in ("missing", "present"):
        return ""
    if _is_ranged(attribute):
        return "range"
    return "levels" if attribute.ordered and len(one.asked) == 1 and _levels(attribute, one.asked[0]) else "values"


def _is_ranged(attribute: Attribute) -> bool:
    return attribute.numeric or attribute.field.kind == "date" or attribute.part == "adopted_on"


def _is_dated(attribute: Attribute) -> bool:
    return attribute.field.kind == "date" or attribute.part in ("adopted_on", "day")


def _parts_editor(
    finder: Finder,
    group: AnyOf,
    now: Sequence[Clause],
    name: str,
    key: str,
    hidden: tuple[tuple[str, str], ...],
) -> Editor:
    kept = {c.model_copy(update={"words": ""}) for g in now if isinstance(g, AnyOf) for c in g.conditions}
    options = tuple(
        EditorOption(str(n), finder.describe(c), c.model_copy(update={"words": ""}) in kept)
        for n, c in enumerate(group.conditions, start=1)
    )
    return Editor("parts", name, key, hidden, "Any of", options)


def _range_editor(
    attribute: Attribute, clause: Clause, name: str, key: str, hidden: tuple[tuple[str, str], ...]
) -> Editor:
    low, high = _ends(attribute, clause) if isinstance(clause, Condition) else (None, None)
    if _is_dated(attribute):
        return Editor("date", name, key, hidden, low=_day(low), high=_day(high))
    return Editor("range", name, key, hidden, low=_number(low), high=_number(high), unit=attribute.unit)


def _ends(attribute: Attribute, clause: Condition) -> tuple[float | None, float | None]:
    """Both ends, included: "over 30" of whole numbers is from 31."""
    step = 1 if attribute.storage == "integer" or _is_dated(attribute) else 0
    low = clause.gte if clause.gte is not None else None if clause.gt is None else clause.gt + step
    high = clause.lte if clause.lte is not None else None if clause.lt is None else clause.lt - step
    return low, high


def _day(days: float | None) -> str:
    return "" if days is None else (_EPOCH + timedelta(days=int(days))).isoformat()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}" if float(value).is_integer() else f"{value:g}"


def _levels(attribute: Attribute, clause: Clause) -> tuple[str, str] | None:
    """The lowest and the highest level asked for; None when there is a gap, or levels are excluded."""
    if not isinstance(clause, Condition):
        return None
    names = attribute.known_values
    match clause.op:
        case "at_least":
            return clause.values[0], names[-1]
        case "at_most":
            return names[0], clause.values[0]
        case "any_of":
            places = sorted(names.index(v) for v in clause.values if v in names)
            whole = places and places == list(range(places[0], places[-1] + 1))
            return (names[places[0]], names[places[-1]]) if whole else None
    return None


def _values_editor(
    attribute: Attribute,
    now: Sequence[Clause],
    counts: Mapping[str, int],
    name: str,
    key: str,
    hidden: tuple[tuple[str, str], ...],
) -> Editor:
    chosen = [v for c in now if isinstance(c, Condition) for v in c.values]
    known = attribute.known_values or tuple(counts)
    ordered = known if attribute.ordered else sorted(known, key=lambda v: (-counts.get(v, 0), v.casefold()))
    listed = dict.fromkeys([*(v for v in chosen if v not in ordered[:_LISTED]), *ordered[:_LISTED]])
    options = tuple(
        EditorOption(_input(v, attribute.known_values), v, v in chosen, counts.get(v) if counts else None)
        for v in listed
    )
    closed = len(ordered) <= _LISTED and bool(attribute.known_values)
    return Editor("values", name, key, hidden, _LEGENDS.get(_op(now), "Any of"), options, typed=not closed)


def _op(clauses: Sequence[Clause]) -> str:
    """How the first of the conditions compares."""
    return next((c.op for c in clauses if isinstance(c, Condition)), "")


def _input(value: str, known: Sequence[str]) -> str:
    """The input that means exactly this value: in quotes where it would be read as a sign."""
    is_sign = value not in known and (value[:1] in ("!", "<", ">", '"') or value in ("?", "*"))
    return f'"{value}"' if is_sign else value
