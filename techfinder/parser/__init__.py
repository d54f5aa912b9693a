"""Understanding the sentence: text to plan, by the schema, lexicons and live values; no model, no network.

``tokens`` -> ``spotting`` (phrases, misspellings) -> ``reading`` (levels, numbers, products and their fields)
-> ``scoping`` (not, wishes) -> ``joining`` (and, or) -> plan. How things are read is told in ``docs/reading.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from techfinder.errors import cut
from techfinder.lexicons import Lexicon
from techfinder.mentions import mentioned_words
from techfinder.parser.brands import with_brand_fields
from techfinder.parser.clauses import Clause
from techfinder.parser.joining import join
from techfinder.parser.likeness import Known, read_likeness
from techfinder.parser.nodes import Atom
from techfinder.parser.reading import read
from techfinder.parser.sentence import Mentions, Sentence
from techfinder.parser.spelling import Speller
from techfinder.parser.spotting import Item, spot
from techfinder.parser.syntax import Expression, FaultyTerm, read_expression
from techfinder.parser.tokens import Token, tokenize
from techfinder.parser.vocabulary import build_vocabulary
from techfinder.plan import MOST_WISHES, Condition, Notice, QueryPlan
from techfinder.schema import Schema

__all__ = ["SentenceParser"]

_MOST_FAULTS = 10
"""Faulty terms that are left out; with more of them the rest is read as a sentence."""

_MOST_WORDS = 500
"""Words and signs that are read; as many of them within the characters of a question are no sentence."""


def _nobody(_ids: Sequence[str]) -> Collection[str]:
    return ()


class SentenceParser:
    """Reads sentences about the profiles of one schema. Safe to use from many threads."""

    def __init__(
        self,
        schema: Schema,
        lexicons: Iterable[Lexicon] = (),
        live: Mapping[str, Sequence[str]] | None = None,
        mentions: Mentions | None = None,
    ) -> None:
        """Learn the words.

        Args:
            schema: Whose fields and values.
            lexicons: Words of the trade.
            live: Values by attribute that people have and the schema does not list.
            mentions: By attribute the stems of the words that texts mention, with what each weighs. A word of a
                sentence that no field holds is looked for among them, and who mentions it comes first.
        """
        self.schema, self._mentions = schema, mentions or {}
        self._vocabulary = build_vocabulary(schema, lexicons, live or {})
        self._speller = Speller(self._vocabulary.words)

    def parse(self, text: str, today: date, *, known: Known = _nobody, as_typed: Sequence[str] = ()) -> QueryPlan:
        """The plan of a sentence.

        Args:
            text: As typed.
            today: Generations, and times such as "next month", are counted from it.
            known: Answers which of some ids somebody has; it is asked when people seem to be named by their ids.
            as_typed: Words that are not to be put right, one or several in each.
        """
        likeness = read_likeness(text, known)
        if likeness is None:
            return self._parse(text, today, as_typed)
        plan = self._parse(likeness.rest, today, as_typed)
        changes = {
            "text": text,
            "meaning": "",
            "sort": (),
            "like": likeness.like,
            "not_like": likeness.not_like,
            "notices": (*(_unranked(n) for n in plan.notices), *_unsorted(plan)),
        }
        return plan.model_copy(update=changes)

    def _parse(self, text: str, today: date, as_typed: Sequence[str]) -> QueryPlan:
        faulty: list[Notice] = []
        said: list[Clause] = []
        expression, rest = None, text
        for _ in range(_MOST_FAULTS):
            try:
                expression = read_expression(rest, self.schema)
                break
            except FaultyTerm as error:
                rest = error.rest
                if error.field and (read := self._said_of(error.field, error.words, today)):
                    said += read
                    continue
                told = f"{error.words!r} was left out: {error}"
                faulty.append(Notice(code="field-syntax", text=told, words=error.words))
        plan = self._read_terms(expression, rest, today, as_typed)
        if not faulty and not said:
            return plan
        notices = (*faulty, *plan.notices)
        return plan.model_copy(update={"text": text, "conditions": (*said, *plan.conditions), "notices": notices})

    def _said_of(self, name: str, words: str, today: date) -> Sequence[Clause]:
        """What a term in plain words says of its field, as "budget:tight"; nothing where it says anything else."""
        plan = self._read(words, today, ())
        keys = [c.field for c in plan.conditions if isinstance(c, Condition)]
        whole = len(keys) == len(plan.conditions) and not plan.notices
        return plan.conditions if whole and {self.schema.attribute(k).field.name for k in keys} == {name} else ()

    def _read_terms(self, expression: Expression | None, text: str, today: date, as_typed: Sequence[str]) -> QueryPlan:
        if expression is None:
            return self._read(text, today, as_typed)
        plan = self._read(expression.rest, today, as_typed) if expression.rest else QueryPlan()
        changes: dict[str, object] = {"text": text, "conditions": (*expression.clauses, *plan.conditions)}
        if expression.sort:
            changes["sort"] = expression.sort
        if expression.limit:
            changes["limit"] = expression.limit
        return plan.model_copy(update=changes)

    def _read(self, text: str, today: date, as_typed: Sequence[str]) -> QueryPlan:
        tokens = tokenize(text)
        tokens, unread = tokens[:_MOST_WORDS], tokens[_MOST_WORDS:]
        right = frozenset(t.text.casefold() for words in as_typed for t in tokenize(words)) | self._mentioned(tokens)
        items, kept = spot(text, tokens, self._vocabulary, self._speller, right)
        sentence = Sentence(self.schema, with_brand_fields(items, self.schema), kept, today, mentions=self._mentions)
        read(sentence)
        joined = join(sentence.nodes, self.schema)
        clauses, dropped = _few_wishes(joined.clauses)
        return QueryPlan(
            text=text,
            meaning=_meaning(text, sentence, kept),
            conditions=tuple(clauses),
            limit=sentence.limit or 20,
            sort=tuple(sentence.sort),
            notices=(
                *dropped,
                *_too_long(text, unread),
                *_wordless(text),
                *sentence.notices,
                *_widened(joined.widened),
                *_corrections(sentence.items),
                *_unread(sentence, text),
                *_unknown(sentence.unknown),
            ),
        )

    def _mentioned(self, tokens: Sequence[Token]) -> frozenset[str]:
        """The words that texts mention: they are no misspellings."""
        words = {t.text.casefold() for t in tokens} if self._mentions else ()
        known = (w for w in words if any(s in of for s in mentioned_words(w) for of in self._mentions.values()))
        return frozenset(known)


def _unranked(notice: Notice) -> Notice:
    """What is to be told of words that rank by meaning, where likeness ranks."""
    if notice.code != "no-such-field":
        return notice
    return notice.model_copy(update={"text": f"No field holds {notice.words!r}; these words were left out."})


def _unsorted(plan: QueryPlan) -> list[Notice]:
    if not plan.sort:
        return []
    fields = ", ".join(s.field for s in plan.sort)
    return [Notice(code="not-sorted", text=f"Likeness ranks here; the order by {fields} was left out.")]


def _few_wishes(clauses: Sequence[Clause]) -> tuple[list[Clause], list[Notice]]:
    """The clauses with no more wishes than can be ranked, and what to say of the others."""
    wishes = sorted((c for c in clauses if not c.required), key=lambda c: -c.weight)
    if len(wishes) <= MOST_WISHES:
        return list(clauses), []
    left_out = wishes[MOST_WISHES:]
    words = ", ".join(c.words for c in left_out)
    text = f"Only the {MOST_WISHES} wishes that weigh most are ranked; left out: {words}."
    return [c for c in clauses if c not in left_out], [Notice(code="too-many-wishes", text=text, words=words)]


def _too_long(text: str, unread: Sequence[Token]) -> list[Notice]:
    """What to say of words beyond those that are read."""
    if not unread:
        return []
    begin = cut(text[unread[0].start :], 40)
    told = f"Only the first {_MOST_WORDS} words and signs were read; what begins with {begin} only ranks by meaning."
    return [Notice(code="too-many-words", text=told)]


def _meaning(text: str, sentence: Sentence, tokens: Sequence[Token]) -> str:
    """The text without what is excluded."""
    kept, end = [], 0
    for node in sentence.nodes:
        if isinstance(node, Atom) and node.negated:
            first, last = sentence.items[node.first], sentence.items[node.last - 1]
            start = tokens[first.first].start
            kept.append(text[end:start])
            end = tokens[last.last - 1].end
    return " ".join((*kept, text[end:])).strip()


def _corrections(items: Sequence[Item]) -> list[Notice]:
    return [
        Notice(
            code="corrected", text=f"{i.text!r} was read as {i.corrected!r}.", words=i.text, suggestions=(i.corrected,)
        )
        for i in items
        if i.corrected and i.senses and not i.has("filler")
    ]


def _wordless(text: str) -> list[Notice]:
    if not text.strip() or any(c.isalnum() for c in text):
        return []
    return [Notice(code="not-read", text="There are no words in it, so nothing was asked for.", words=text.strip())]


def _widened(words: Sequence[str]) -> list[Notice]:
    text = "{!r} was read wider than it was meant: any of these with any of those."
    return [Notice(code="widened", text=text.format(w), words=w) for w in words]


def _unread(sentence: Sentence, typed: str) -> list[Notice]:
    """What to say of numbers and comparisons that were not read; of those beside each other once."""
    spans: list[tuple[int, int]] = []
    for item in sorted(sentence.unread, key=lambda i: i.first):
        beside = bool(spans) and spans[-1][1] == item.first
        spans[-1:] = [(spans[-1][0], item.last)] if beside else [*spans[-1:], (item.first, item.last)]
    words = [typed[sentence.tokens[first].start : sentence.tokens[last - 1].end] for first, last in spans]
    text = "{!r} was not read: nothing beside it says what it is about."
    return [Notice(code="not-read", text=text.format(w), words=w) for w in words]


def _unknown(items: Sequence[Item]) -> list[Notice]:
    if not items:
        return []
    words = " ".join(i.text for i in items)
    text = f"No field holds {words!r}; these words only rank by meaning."
    return [Notice(code="no-such-field", text=text, words=words)]
