"""What applies to each thing said: which "not" reaches it, whether it is only wished for, how it is connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from techfinder.parser.narrowing import narrowed, narrows, spared
from techfinder.parser.negation import Negation
from techfinder.parser.nodes import Atom, Count, Mark, Said
from techfinder.parser.surroundings import ends_here, ends_with_people, is_answer, is_mark, is_trailing, leads
from techfinder.plan import Condition
from techfinder.schema import Schema

__all__ = ["scoped"]

_FAR = 40
"""Nodes beyond which nothing is looked for."""

_YES = frozenset({"yes", "yep", "yup"})
"""They ask for what they stand behind, "OK" only allows it."""

_CONNECTORS = {"or": 3, "slash": 3, "and": 2, "comma": 1}


def scoped(nodes: Sequence[Atom | Mark], schema: Schema) -> list[Said]:
    """Every atom with what applies to it."""
    scope = _Scope(nodes, schema)
    for place, node in enumerate(nodes):
        if isinstance(node, Mark):
            scope.pass_mark(place, node)
        else:
            scope.take(place, node)
    return scope.found


@dataclass
class _Scope:
    """What applies where the sentence has been read to.

    Attributes:
        found: The atoms so far.
        negation: The "not" that applies.
        wish, wished: What comes is only wished for, and the family that this was said of.
        suits: It is wished for because something suits: "good prospects for a headset".
        neutral: What comes next does not count.
        connector, opened, whoever: What stands between the last atom and the next one.
        dangling, dangled: A connector that only words nobody knows follow; that one followed a comma.
        unknown: Words nobody knows are in this part of the sentence.
        count: How many are asked for of the list that comes.
        links: What "who", "with" and the like stand between the last atom and the next one.
        part, either: The number of this part of the sentence; whether "either" stands before the next atom.
        run, last_run: The atoms of this part of the sentence, and of the one before.
    """

    nodes: Sequence[Atom | Mark]
    schema: Schema
    found: list[Said] = field(default_factory=list)
    negation: Negation = field(default_factory=Negation)
    wish: bool = False
    wished: str | None = None
    suits: bool = False
    neutral: bool = False
    connector: str = ""
    opened: bool = False
    whoever: bool = False
    dangling: bool = False
    dangled: bool = False
    unknown: bool = False
    count: Count | None = None
    links: set[str] = field(default_factory=set)
    part: int = 0
    either: bool = False
    run: list[Said] = field(default_factory=list)
    last_run: list[Said] = field(default_factory=list)

    def take(self, place: int, atom: Atom) -> None:
        """The next atom, with what applies to it."""
        if self.neutral:
            self.neutral = False
            return
        if self.dangled and not self.negation.active and self.found and self.found[-1].atom.family != atom.family:
            self.connector = "comma"  # "lawyers, something unknown or Texas"
        if self.connector == "slash" and self.found and not self._are_of_a_kind(self.found[-1].atom, atom):
            self.connector = "comma"  # "age 30-40 / iPhone"
        if self._spare(atom) or self._narrow(atom):
            self._pass_atom()
            return
        self._negate(place, atom)
        if self.wish and self.wished not in (None, atom.family) and self.connector == "comma":
            self.wish = False
        self.wished = atom.family if self.wish else None
        atom.wish = (atom.wish or self.wish) and not atom.negated
        said = Said(atom, self.connector, self.opened, self.count, self.part, self.either)
        self.found.append(said)
        self.run.append(said)
        self.negation.excluded, self.negation.heads = [said] if atom.negated else [], []
        self._pass_atom()

    def _are_of_a_kind(self, one: Atom, other: Atom) -> bool:
        """Whether two things are of one family, or both about brands: "Apple/Samsung fans"."""
        keys = [c.field for atom in (one, other) for c in atom.clauses if isinstance(c, Condition)]
        return one.family == other.family or (bool(keys) and all(self.schema.attribute(k).field.brand for k in keys))

    def _pass_atom(self) -> None:
        """What stood before an atom has been dealt with."""
        self.connector, self.opened, self.whoever = "", False, False
        self.dangling, self.dangled, self.count = False, False, None
        self.links, self.negation.denied, self.either = set(), False, False

    def _spare(self, atom: Atom) -> bool:
        """Take an atom out of what is excluded: "no phones except a Pixel"."""
        mark, goes_on = self.negation.sparing, self.negation.spared and bool(self.connector)
        self.negation.sparing, self.negation.spared = None, False
        if not self.negation.excluded or (mark is None and not goes_on):
            return False
        left = [spared(s.atom.clauses, atom, self.schema) for s in self.negation.excluded]
        if all(clauses is None for clauses in left):
            if mark is None:
                return False
            self.negation.denied = True
            if self._exclude(atom, anew=False):
                return True  # "skip the laggards except for teachers"
            self.negation.begin(mark.word)
            return False
        for said, clauses in zip(self.negation.excluded, left, strict=True):
            if clauses:
                said.atom.clauses, said.atom.uses = clauses, ""
            elif clauses is not None:
                self.found.remove(said)
        self.negation.excluded = [s for s in self.negation.excluded if s in self.found]
        self.negation.spared = True
        return True

    def _narrow(self, atom: Atom) -> bool:
        """Take an atom that tells more of those who are excluded: "no women under 30"."""
        if not self.negation.active or not self.negation.excluded:
            return False
        base = self.negation.excluded[-1].atom
        if not self.connector:
            return narrows(self.negation.word, base, atom, self.links) and self._exclude(atom, anew=False)
        if not self.negation.heads or atom.family != self.negation.family or atom.people:
            return False
        keys = {c.field for s in self.negation.excluded for c in s.atom.clauses if isinstance(c, Condition)}
        same = any(isinstance(c, Condition) and c.field in keys for c in atom.clauses)
        return self._exclude(atom, anew=self.connector != "and" or same)

    def _exclude(self, atom: Atom, *, anew: bool) -> bool:
        """Exclude only those of whom the atom holds as well; `anew` beside those who are excluded."""
        heads = self.negation.heads if anew else [s.atom.clauses for s in self.negation.excluded]
        made = [narrowed(head, atom, self.schema, denied=self.negation.denied) for head in heads]
        if not all(made):
            return False
        base, self.negation.heads, self.negation.family = self.negation.excluded[-1].atom, heads, atom.family
        if not anew:
            self.found = self.found[: -len(self.negation.excluded)]
            self.run = self.run[: -len(self.negation.excluded)]
            self.negation.excluded = []
        kept = replace(base, last=atom.last, uses="", brand="", negation=None, negated=True, wish=False)
        said = [Said(replace(kept, clauses=clauses)) for each in made for clauses in each]
        base.negated, base.last = True, atom.last
        self.negation.excluded += said
        self.found += said
        self.run += said
        return True

    def _negate(self, place: int, atom: Atom) -> None:
        """Whether a "not" that was said reaches the atom."""
        negation = self.negation
        if negation.active and negation.family is not None and not self._reaches(atom):
            negation.active = negation.bare and self.connector == "comma" and ends_with_people(self.nodes, place)
        if negation.active:
            negation.take(atom, opened=self.opened)
        atom.negated = negation.active

    def _reaches(self, atom: Atom) -> bool:
        told = any(not s.atom.negated and s.addresses for s in self.found if s.part == self.part)
        return self.negation.reaches(Said(atom, self.connector, self.opened), whoever=self.whoever, told=told)

    # --- what stands between atoms --------------------------------------------------------

    def pass_mark(self, place: int, mark: Mark) -> None:
        """What a mark changes."""
        if mark.kind == "unknown" and self.negation.waits and (ends_here(self.nodes, place) or self._has_none(mark)):
            self.negation.family, self.opened = "unknown", False
        elif mark.kind == "not":
            self._pass_not(place, mark)
        elif mark.kind == "after_wish" and not self.run and leads(self.nodes, place):
            self._begin_wish(suits=False)
        elif mark.kind == "wish" and self._is_afterthought(place):
            self._soften()
            if place + 1 < len(self.nodes) and is_mark(self.nodes[place + 1], "or"):
                self._begin_wish(suits=False)  # "Texas perhaps or Florida"
        elif mark.kind in _CONNECTORS:
            self._connect(mark)
        else:
            self._apply(mark)

    def _has_none(self, mark: Mark) -> bool:
        """Whether somebody has none of what is counted, whatever comes behind it: "no kids Texas"."""
        return bool(mark.word) and self.negation.word in ("no", "without")

    def _pass_not(self, place: int, mark: Mark) -> None:
        """What a "not" changes, by what stands around it and by the one that applies already."""
        negation = self.negation
        if is_answer(self.nodes, place):
            told = is_mark(self.nodes[place - 1], "colon") and bool(self.run)
            self._refuse(self._last_list() if told else self.run or self.last_run)
        elif self.found and is_trailing(self.nodes, place):
            self._refuse(self.found[-1:])
        elif negation.turned_round_by(mark):
            self._end_not()
        elif negation.excepts(mark, self.connector, last := self._last_mark(place)):
            if negation.family is not None:
                negation.sparing = mark  # "no phones except a Pixel"
            else:
                self._end_not()  # "nobody except teachers"
                self.wish = last is not None and last.kind == "unknown"  # "no students except teachers"
        elif negation.denied_by(mark, self.connector, self.links):
            negation.denied = not negation.denied
            self.links.add(mark.word)
        elif negation.holds_within(mark, whoever=self.whoever):
            self._end_not()
        else:
            negation.begin(mark.word, told_of=self.whoever or "who" in self.links)

    def _end_not(self) -> None:
        self.negation.active = self.wish = False

    def _last_mark(self, place: int) -> Mark | None:
        """The mark before a place, "who" and the like left out."""
        before = [n for n in self.nodes[max(0, place - _FAR) : place] if isinstance(n, Mark)]
        return next((n for n in reversed(before) if n.kind not in ("open", "whoever")), None)

    def _apply(self, mark: Mark) -> None:
        match mark.kind:
            case "anew":
                if self.negation.word == "no" and self.negation.family is not None:  # "no headset, a smartphone"
                    self.negation.active = False
            case "plain":
                self._end_not()
            case "instead":
                if self.negation.active and self.negation.family is not None:  # "forget interns, give me managers"
                    self.negation.active, self.connector = False, ""
                    self._begin_run()
            case "after_not":
                self._refuse(self.run if self.unknown else self.run or self.last_run)
            case "welcome" if self.negation.active and self.found and self.found[-1].connector:
                self._allow(self.found[-1], only=mark.word in _YES)  # "no laptops, phones OK"
            case "averse" if self.found and self.found[-1].atom.negated:
                self._allow(self.found[-1])  # "not meat haters"
            case "averse":
                self._refuse(self.found[-1:])
            case "stop" | "but":
                self._end_not()
                self.opened = self.neutral = self.negation.listed = False
                self.connector, self.part = "", self.part + 1
                self._begin_run()
            case "neutral":
                self.neutral = True
            case "count":
                self.count = mark.count
            case "whoever":
                self.whoever = True
            case _:
                self._apply_to_wishes(mark)

    def _apply_to_wishes(self, mark: Mark) -> None:
        match mark.kind:
            case "wish" | "suits":
                self._begin_wish(suits=mark.kind == "suits")
            case "hard":
                self.wish = False
            case "after_wish":
                for said in self.run if self.unknown else self.run or self.last_run:
                    said.atom.wish = not said.atom.negated
            case "unknown":
                self.unknown, self.dangling = True, bool(self.connector)
                self._end_suiting()
            case "colon":
                self._end_suiting()
                self.negation.active = self.negation.waits  # "no laggards: gamers" but "not on these: TikTok"
                self.negation.listed = self.negation.active and self.negation.leaves_out
            case "open":
                self.opened = True
                self.links.add(mark.word)
                if self.wished is not None:
                    self._end_suiting()  # "for a headset in Texas"

    def _connect(self, mark: Mark) -> None:
        if mark.kind == "comma" and self.dangling:
            self.connector, self.dangling = "", False  # "or something unknown, in Texas"
        if mark.kind in ("or", "slash") and self.dangling and self.connector == "comma":
            self.dangled = True
        if mark.word == "plus" and self.negation.word == "minus":
            self.negation.active = False  # "minus Texans plus New Yorkers"
        self.either = self.either or mark.word == "either"
        if mark.word != "either" and _CONNECTORS[mark.kind] > _CONNECTORS.get(self.connector, 0):
            self.connector = mark.kind
        if mark.kind == "comma":
            self.neutral = False
            self._begin_run()

    def _begin_run(self) -> None:
        """What comes next is another part of the sentence."""
        self.last_run, self.run, self.unknown = self.run or self.last_run, [], False

    @staticmethod
    def _refuse(run: Sequence[Said]) -> None:
        """What was said is not wanted, as is told behind it."""
        for said in run:
            said.atom.negated, said.atom.wish = True, False

    def _allow(self, said: Said, *, only: bool = False) -> None:
        """What was said is not excluded after all; `only` when it is asked for."""
        self.negation.active = said.atom.negated = False
        said.atom.wish = not only

    def _is_afterthought(self, place: int) -> bool:
        """Whether "maybe" stands behind what it is said of: "a laptop maybe", unlike "maybe a laptop"."""
        behind = (
            bool(self.run) and isinstance(self.nodes[place - 1], Atom) and self.run[-1].atom is self.nodes[place - 1]
        )
        return behind and ends_here(self.nodes, place)

    def _soften(self) -> None:
        """The list that was said last is only wished for."""
        for said in self._last_list():
            said.atom.wish = not said.atom.negated

    def _last_list(self) -> list[Said]:
        """What was said last, with all that is listed with it."""
        found: list[Said] = []
        for said in reversed(self.run):
            if found and said.atom.family != found[-1].atom.family:
                break
            found.append(said)
            if not said.connector:
                break
        return found

    def _begin_wish(self, *, suits: bool) -> None:
        self.wish, self.wished, self.suits = True, None, suits

    def _end_suiting(self) -> None:
        if self.suits:
            self.wish = self.suits = False
