"""From sentence, filters and edits to one plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from techfinder.corrections import LiveValues, correct, filter_hint
from techfinder.edits import EditedPlan, Edits, edit_plan
from techfinder.errors import CollectionNotFound, FingerprintMismatch, QueryError, cut
from techfinder.interfaces import Collection, FilterEntry
from techfinder.plan import MOST_ORDERS, AnyOf, Condition, Notice, QueryPlan, Sort
from techfinder.schema import Schema
from techfinder.sensitivity import withheld
from techfinder.settings import Settings

__all__ = ["MAX_TEXT", "Planner"]

MAX_TEXT = 2000
"""Longest question in characters."""

Chosen = Mapping[str, Sequence[str]]


class Planner:
    """Makes plans that can be searched. Safe to use from many threads."""

    def __init__(
        self,
        settings: Settings,
        schema: Schema,
        filters: Mapping[str, FilterEntry],
        collection: Callable[[], Collection],
        live_values: LiveValues,
    ) -> None:
        """Prepare; `collection` opens the live generation, and is called only where values must be looked up."""
        self._settings, self._schema, self._filters = settings, schema, filters
        self._collection, self._live_values = collection, live_values

    def plan(
        self,
        text: str,
        chosen: Chosen,
        edits: Edits,
        parse: Callable[[str], QueryPlan],
        *,
        limit: int | None,
        offset: int,
        sort: Sequence[Sort],
    ) -> EditedPlan:
        """The plan; see :meth:`techfinder.finder.Finder.plan`. A text that is not empty is read by `parse`."""
        if len(text) > MAX_TEXT:
            raise QueryError(f"The question has {len(text)} characters; at most {MAX_TEXT} are read. Shorten it.")
        if not 1 <= (limit or 1) <= 1000 or limit == 0 or not 0 <= offset <= 10_000_000:
            raise QueryError(f"limit must be 1 to 1000 and offset 0 to 10000000, not {limit} and {offset}.")
        text = text.strip()
        edited = edit_plan(parse(text) if text else QueryPlan(), edits, self._schema)
        parsed = edited.plan
        clauses, notices = self._chosen(chosen)
        changes: dict[str, object] = {"conditions": (*parsed.conditions, *clauses), "offset": offset}
        changes["notices"] = (*parsed.notices, *notices, *self._sensitive(parsed.conditions, clauses))
        if limit is not None:
            changes["limit"] = limit
        if sort:
            changes["sort"] = tuple(sort)
        plan = parsed.model_copy(update=changes)
        if len(plan.sort) > MOST_ORDERS:
            raise QueryError(f"The question orders by {len(plan.sort)} fields; at most {MOST_ORDERS} are read.")
        self._schema.check(plan)
        self.refuse_hidden(plan)
        return replace(edited, plan=plan)

    def refuse_hidden(self, plan: QueryPlan) -> None:
        """Raise QueryError when the plan singles people out, or orders them, by a sensitive field and may not.

        Raises FieldWithheld when it does so by a field that is not for who asks.
        """
        self._schema.refuse_withheld_in(plan)
        hidden = withheld(self._schema, self._settings)
        if not hidden:
            return
        parts = [
            c for clause in plan.conditions for c in (clause.conditions if isinstance(clause, AnyOf) else (clause,))
        ]
        keys = (*(c.field for c in parts), *(o.field for o in plan.sort))
        if labels := dict.fromkeys(self._schema.attribute(k).field.label for k in keys if k in hidden):
            raise QueryError(
                f"People may not be singled out or ordered by {', '.join(labels)} here. "
                "Leave that out, or ask whoever runs techfinder (setting sensitive_fields)."
            )

    def _sensitive(
        self, said: Sequence[Condition | AnyOf], filtered: Sequence[Condition | AnyOf]
    ) -> tuple[Notice, ...]:
        """What to say of conditions on sensitive fields; words only of what was said in a sentence."""
        labels: dict[str, str] = {}
        for clause in (*said, *filtered):
            for part in clause.conditions if isinstance(clause, AnyOf) else (clause,):
                if (field := self._schema.attribute(part.field).field).sensitive:
                    labels.setdefault(field.label, part.words if clause in said else "")
        if not labels or self._settings.sensitive_fields != "warn":
            return ()
        names = ", ".join(labels)
        text = f"This singles people out by {names}, which is sensitive: make sure that you may."
        return (Notice(code="sensitive-field", text=text, words="; ".join(w for w in labels.values() if w)),)

    def _chosen(self, filters: Chosen) -> tuple[Sequence[Condition | AnyOf], tuple[Notice, ...]]:
        """What the filters ask for, in the values that are live, and what to say of values that are not."""
        unknown = next((name for name in filters if name not in self._filters), None)
        if unknown is not None:
            self._schema.refuse_withheld([unknown])
            raise QueryError(f"No filter is named {cut(unknown)}. {filter_hint(unknown, self._filters, self._schema)}")
        given = {name: kept for name, values in filters.items() if (kept := [v for v in values if v.strip()])}
        clauses = self._clauses(given)
        try:
            corrected, notices = correct(given, self._filters, self._schema, self._collection, self._live_values)
        except (CollectionNotFound, FingerprintMismatch):
            return clauses, ()  # nothing to compare with; whoever searches is told
        return clauses if corrected == given else self._clauses(corrected), notices

    def _clauses(self, filters: Chosen) -> list[Condition | AnyOf]:
        clauses: list[Condition | AnyOf] = []
        for name, values in filters.items():
            made = self._filters[name].load().clauses(values)
            clauses += [c.model_copy(update={"origin": name}) for c in made]
        return clauses
