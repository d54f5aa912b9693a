"""What somebody changes in the reading of a sentence: the plan is edited, the text stays as it is.

An edit names a clause by its *key*, a digest of what the sentence asks for there, and not of the words. So an edit
holds while the sentence is rephrased, and has no effect once the sentence no longer asks for that. Text, filters and
edits together are the whole plan; in an address edits stand under names that no filter can have:

=====================  ===================================================================
``edit.drop=KEY``      the clause is left out
``edit.flip=KEY``      what is required becomes a wish, a wish is required
``edit.set.KEY=INPUT`` other values: inputs as its field's filter takes them (``30..40``, ``High..``), a range from
                       either end; repeated ones mean any of them. Of a group: numbers of the alternatives that are
                       left, from 1 on.
``edit.typed=WORDS``   words that are not to be put right
=====================  ===================================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from techfinder.errors import QueryError, cut
from techfinder.filters import attribute_filter
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.schema import Schema

__all__ = ["EditedClause", "EditedPlan", "Edits", "clause_key", "edit_plan"]

_DROP, _FLIP, _SET, _TYPED = "edit.drop", "edit.flip", "edit.set.", "edit.typed"
_NOT_IN_KEY = {"required", "weight", "words", "label", "origin"}


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to the reading of a sentence.

    Attributes:
        dropped: Keys of clauses that are left out.
        flipped: Keys of clauses that are wishes instead of required, or the other way round.
        changed: Inputs by the key of the clause whose values they replace.
        as_typed: Words that are read as they are.
    """

    dropped: tuple[str, ...] = ()
    flipped: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    as_typed: tuple[str, ...] = ()

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Edits:
        """The edits among the parameters of an address; others are passed over."""
        lists: dict[str, list[str]] = {}
        for name, value in pairs:
            if cls.names(name) and value not in lists.setdefault(name, []):
                lists[name].append(value)
        return cls(
            tuple(lists.get(_DROP, ())),
            tuple(lists.get(_FLIP, ())),
            {name.removeprefix(_SET): tuple(values) for name, values in lists.items() if name.startswith(_SET)},
            tuple(lists.get(_TYPED, ())),
        )

    @staticmethod
    def names(parameter: str) -> bool:
        """Whether a parameter of an address is an edit."""
        return parameter in (_DROP, _FLIP, _TYPED) or parameter.startswith(_SET)

    def pairs(self) -> list[tuple[str, str]]:
        """Parameters of an address that :meth:`read` reads as these edits."""
        made = [(_DROP, key) for key in self.dropped] + [(_FLIP, key) for key in self.flipped]
        made += [(_SET + key, value) for key, values in self.changed.items() for value in values]
        return made + [(_TYPED, words) for words in self.as_typed]

    def drop(self, key: str) -> Edits:
        """The same edits with one clause left out, or taken back in."""
        return replace(self, dropped=_toggled(self.dropped, key))

    def flip(self, key: str) -> Edits:
        """The same edits with the other role for one clause."""
        return replace(self, flipped=_toggled(self.flipped, key))

    def leave(self, words: str) -> Edits:
        """The same edits with words left as they are typed, or put right again."""
        return replace(self, as_typed=_toggled(self.as_typed, words))

    def without(self, key: str) -> Edits:
        """The same edits but those of one clause."""
        changed = {k: v for k, v in self.changed.items() if k != key}
        return Edits(_less(self.dropped, key), _less(self.flipped, key), changed, self.as_typed)

    def only(self, keys: Iterable[str]) -> Edits:
        """Those of the clauses with these keys, and the words that are read as typed."""
        kept = set(keys)
        changed = {k: v for k, v in self.changed.items() if k in kept}
        return Edits(
            tuple(k for k in self.dropped if k in kept),
            tuple(k for k in self.flipped if k in kept),
            changed,
            self.as_typed,
        )


@dataclass(frozen=True, slots=True)
class EditedClause:
    """One clause of a sentence, as it was read and as it is asked for.

    Attributes:
        key: Names it in :class:`Edits`.
        read: As the sentence says.
        asked: As edited: none when it is left out, several where a change of values needs them.
    """

    key: str
    read: Condition | AnyOf
    asked: tuple[Condition | AnyOf, ...]


@dataclass(frozen=True, slots=True)
class EditedPlan:
    """A plan, and what became of each clause of its sentence (clauses that filters made are not listed)."""

    plan: QueryPlan
    clauses: tuple[EditedClause, ...] = ()


def clause_key(clause: Condition | AnyOf) -> str:
    """Eight hex digits that stand for what a clause asks for: the same for other words, never for other values."""
    parts = clause.model_dump(exclude=_NOT_IN_KEY)
    if isinstance(clause, AnyOf):
        parts["conditions"] = [c.model_dump(exclude=_NOT_IN_KEY) for c in clause.conditions]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=4).hexdigest()


def edit_plan(plan: QueryPlan, edits: Edits, schema: Schema) -> EditedPlan:
    """The plan of a sentence with the edits made in it.

    Words of clauses that are left out or changed no longer rank by meaning either, where they stand together.

    Raises:
        QueryError: The inputs of a change do not fit to the clause's field.
    """
    clauses = []
    for clause in plan.conditions:
        key = clause_key(clause)
        clauses.append(EditedClause(key, clause, _asked(clause, key, edits, schema)))
    meaning = plan.meaning
    for one in clauses:
        if one.key in edits.dropped or one.key in edits.changed:
            meaning = _without_words(meaning, one.read.words)
    changes = {"conditions": tuple(c for one in clauses for c in one.asked), "meaning": meaning}
    return EditedPlan(plan.model_copy(update=changes), tuple(clauses))


def _toggled(had: Sequence[str], key: str) -> tuple[str, ...]:
    return _less(had, key) if key in had else (*had, key)


def _less(keys: Sequence[str], key: str) -> tuple[str, ...]:
    return tuple(k for k in keys if k != key)


def _asked(clause: Condition | AnyOf, key: str, edits: Edits, schema: Schema) -> tuple[Condition | AnyOf, ...]:
    if key in edits.dropped:
        return ()
    inputs = edits.changed.get(key, ())
    made = _changed(clause, inputs, schema) if inputs else (clause,)
    required = clause.required is not (key in edits.flipped)
    return tuple(c.model_copy(update={"required": required, "words": clause.words, "origin": ""}) for c in made)


def _changed(clause: Condition | AnyOf, inputs: Sequence[str], schema: Schema) -> tuple[Condition | AnyOf, ...]:
    if isinstance(clause, AnyOf):
        return (_fewer(clause, inputs),)
    filter_ = attribute_filter(schema.attribute(clause.field))
    # Somebody who moves both ends moves one first, maybe past the other.
    made = filter_.clauses([filter_.in_order(text) for text in inputs])
    return tuple(
        c.model_copy(update={"op": clause.op})
        if isinstance(c, Condition) and c.op == "any_of" and clause.op in ("none_of", "all_of")
        else c
        for c in made
    )


def _fewer(group: AnyOf, inputs: Sequence[str]) -> AnyOf:
    """The group with those of its alternatives that the numbers name."""
    numbers = {str(n): c for n, c in enumerate(group.conditions, start=1)}
    unknown = next((text for text in inputs if text not in numbers), None)
    if unknown is not None:
        raise QueryError(f"{cut(unknown)} is no alternative of {cut(group.words)}; they are 1 to {len(numbers)}.")
    kept = tuple(c for n, c in numbers.items() if n in inputs)
    return group.model_copy(update={"conditions": kept, "at_least": min(group.at_least, len(kept))})


def _without_words(meaning: str, words: str) -> str:
    before, found, after = meaning.partition(words) if words else (meaning, "", "")
    return " ".join(f"{before} {after}".split()) if found else meaning
