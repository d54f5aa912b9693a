"""What applies to each thing said: which "not" reaches it, whether it is only wished for, how it is connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from techfinder.parser.clauses import Clauses
from techfinder.parser.narrowing import DENYING, excepts, narrowed, narrows, omits, spared
from techfinder.parser.sentence import Atom, Count, Mark
from techfinder.parser.surroundings import ends_here, ends_with_people, is_answer, is_mark, is_trailing, leads
from techfinder.plan import Condition
from techfinder.schema import Schema

__all__ = ["Said", "scoped"]

_FAR = 40
"""Nodes beyond which nothing is looked for."""

_BESIDE = 2
"""Items from "no" to "except" where they mean everybody: "no one except"."""

_PARTICLES = frozenset(
    {"no", "not", "none", "never", "neither", "nor", "without", "lacking", "lack", "lacks", "nope", "nah"}
)
"""Words that deny what follows; the other ones of their kind ask to leave it out."""

_YES = frozenset({"yes", "yep", "yup"})
"""They ask for what they stand behind, "OK" only allows it."""

_CONNECTORS = {"or": 3, "slash": 3, "and": 2, "comma": 1}


@dataclass
class Said:
    """An atom with how it is connected with the one before it.

    Attributes:
        opened: Whether "with", "in" or the like stand before it.
        count: How many are asked for of the list it begins.
        part: The number of the part of the sentence, which "but" and a full stop end.
        either: Whether "either" stands before it.
    """

    atom: Atom
    connector: str = ""
    opened: bool = False
    count: Count | None = None
    part: int = 0
    either: bool = False

    @property
    def addresses(self) -> bool:
        """Whether it begins to tell of somebody: "teachers ...", "people in ...", unlike "in healthcare"."""
        return self.atom.addressed or (self.atom.people and not self.atom.aged and not self.opened)


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
        negated: A "not" applies, with `family` what it was said of first (None: nothing yet).
        none: It was "no"; `left_out` when it asks to leave out, `bare` when nothing opened after it ("no laggards").
        listed: A colon stands behind it: it reaches all of the list.
        wish, wished: What comes is only wished for, and the family that this was said of.
        suits: It is wished for because something suits: "good prospects for a headset".
        neutral: What comes next does not count.
        connector, opened, whoever: What stands between the last atom and the next one.
        dangling, dangled: A connector that only words nobody knows follow; that one followed a comma.
        unknown: Words nobody knows are in this part of the sentence.
        count: How many are asked for of the list that comes.
        word: The "not" that applies, as typed.
        links: What "who", "with" and the like stand between the last atom and the next one.
        excluded: Whom that "not" was said of last.
        heads: What they were before the last thing that was said of them.
        denied: Whether what comes is what they do not have: "nobody who doesn't".
        sparing: What takes the next atom out of the exclusion: "no phones other than".
        spared: Whether it took out the last one.
        part, either: The number of this part of the sentence; whether "either" stands before the next atom.
        run, last_run: The atoms of this part of the sentence, and of the one before.
    """

    nodes: Sequence[Atom | Mark]
    schema: Schema
    found: list[Said] = field(default_factory=list)
    negated: bool = False
    family: str | None = None
    none: bool = False
    left_out: bool = False
    bare: bool = False
    listed: bool = False
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
    word: str = ""
    links: set[str] = field(default_factory=set)
    excluded: list[Said] = field(default_factory=list)
    heads: list[Clauses] = field(default_factory=list)
    denied: bool = False
    sparing: Mark | None = None
    spared: bool = False
    part: int = 0
    either: bool = False
    run: list[Said] = field(default_factory=list)
    last_run: list[Said] = field(default_factory=list)

    def take(self, place: int, atom: Atom) -> None:
        """The next atom, with what applies to it."""
        if self.neutral:
            self.neutral = False
            return
        if self.dangled and not self.negated and self.found and self.found[-1].atom.family != atom.family:
            self.connector = "comma"  # "lawyers, something unknown or Texas"
        if self._spare(atom) or self._narrow(atom):
            self._pass_atom()
            return
        self._negate(place, atom)
        if self.wish and self.wished not in (None, atom.family) and self.connector == "comma":
            self.wish = False
        self.wished = atom.family if self.wish else None
        atom.wish = (atom.wish or self.wish) and not self.negated
        said = Said(atom, self.connector, self.opened, self.count, self.part, self.either)
        self.found.append(said)
        self.run.append(said)
        self.excluded, self.heads = [said] if atom.negated else [], []
        self._pass_atom()

    def _pass_atom(self) -> None:
        """What stood before an atom has been dealt with."""
        self.connector, self.opened, self.whoever = "", False, False
        self.dangling, self.dangled, self.count = False, False, None
        self.links, self.denied, self.either = set(), False, False

    def _spare(self, atom: Atom) -> bool:
        """Take an atom out of what is excluded: "no phones except a Pixel"."""
        mark, goes_on = self.sparing, self.spared and bool(self.connector)
        self.sparing, self.spared = None, False
        if not self.excluded or (mark is None and not goes_on):
            return False
        left = [spared(s.atom.clauses, atom, self.schema) for s in self.excluded]
        if all(clauses is None for clauses in left):
            if mark is None:
                return False
            self.denied = True
            if self._exclude(atom, anew=False):
                return True  # "skip the laggards except for teachers"
            self._apply(mark)
            return False
        for said, clauses in zip(self.excluded, left, strict=True):
            if clauses:
                said.atom.clauses, said.atom.uses = clauses, ""
            elif clauses is not None:
                self.found.remove(said)
        self.excluded = [s for s in self.excluded if s in self.found]
        self.spared = True
        return True

    def _narrow(self, atom: Atom) -> bool:
        """Take an atom that tells more of those who are excluded: "no women under 30"."""
        if not self.negated or not self.excluded:
            return False
        base = self.excluded[-1].atom
        if not self.connector:
            return narrows(self.word, base, atom, self.links) and self._exclude(atom, anew=False)
        if not self.heads or atom.family != self.family or atom.people:
            return False
        keys = {c.field for s in self.excluded for c in s.atom.clauses if isinstance(c, Condition)}
        same = any(isinstance(c, Condition) and c.field in keys for c in atom.clauses)
        return self._exclude(atom, anew=self.connector != "and" or same)

    def _exclude(self, atom: Atom, *, anew: bool) -> bool:
        """Exclude only those of whom the atom holds as well; `anew` beside those who are excluded."""
        heads = self.heads if anew else [s.atom.clauses for s in self.excluded]
        made = [narrowed(head, atom, self.schema, denied=self.denied) for head in heads]
        if not all(made):
            return False
        base, self.heads, self.family = self.excluded[-1].atom, heads, atom.family
        if not anew:
            self.found = self.found[: -len(self.excluded)]
            self.run = self.run[: -len(self.excluded)]
            self.excluded = []
        kept = replace(base, last=atom.last, uses="", brand="", negation=None, negated=True, wish=False)
        said = [Said(replace(kept, clauses=clauses)) for each in made for clauses in each]
        base.negated, base.last = True, atom.last
        self.excluded += said
        self.found += said
        self.run += said
        return True

    def _negate(self, place: int, atom: Atom) -> None:
        """Whether a "not" that was said reaches the atom."""
        if self.negated and self.family is not None and not self._reaches(atom):
            people_follow = self.bare and self.connector == "comma" and ends_with_people(self.nodes, place)
            self.negated = people_follow
        if self.negated:
            if self.family is None:
                self.bare = not self.opened  # "no laggards", unlike "not on TikTok"
            self.family = atom.family
        atom.negated = self.negated

    def _reaches(self, atom: Atom) -> bool:
        """Whether a negation goes on to an atom after the first one."""
        if self.listed and self.connector:
            return True  # "exclude: laggards, TikTok users"
        if self.connector in ("or", "and") and self._tells_of_others(atom):
            return False
        if self.connector in ("and", "or") and self.heads and atom.people:
            return True  # "skip women under 30 and men over 60"
        if self.connector in ("and", "or") and self.whoever:
            return True  # "leave out those under 21 and anybody in government"
        if self.connector in ("or", "slash"):
            if omits(self.word):
                return True  # "drop anyone who has a headset or is under 25"
            return not self.opened or atom.family == self.family
        return atom.family == self.family and bool(self.connector) and not self.opened

    def _tells_of_others(self, atom: Atom) -> bool:
        """Whether other people begin who are no part of an exclusion: "teachers without a phone or women over 60"."""
        inner = self.word in _PARTICLES and self.word not in ("no", "nor", "neither", "none")
        told = any(not s.atom.negated and s.addresses for s in self.found if s.part == self.part)
        return (
            inner
            and told
            and not any(s.atom.people for s in self.excluded[-1:])
            and Said(atom, "or", self.opened).addresses
        )

    # --- what stands between atoms --------------------------------------------------------

    def pass_mark(self, place: int, mark: Mark) -> None:
        """What a mark changes."""
        if mark.kind == "unknown" and self.negated and self.family is None and ends_here(self.nodes, place):
            self.family, self.opened = "unknown", False
        elif mark.kind == "not" and is_answer(self.nodes, place):
            told = is_mark(self.nodes[place - 1], "colon") and bool(self.run)
            self._refuse(self._last_list() if told else self.run or self.last_run)
        elif mark.kind == "not" and self.found and is_trailing(self.nodes, place):
            self._refuse(self.found[-1:])
        elif mark.kind == "not" and self._turns_round(mark):
            self.negated = self.wish = False
        elif mark.kind == "not" and self._is_but(place, mark):
            if self.family is None:
                self.negated = self.wish = False  # "nobody except teachers"
            else:
                self.sparing = mark  # "no phones except a Pixel"
        elif mark.kind == "not" and self._denies(mark):
            self.denied = not self.denied
            self.links.add(mark.word)
        elif mark.kind == "not" and self._leaves_out(mark):
            self.negated = self.wish = False
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

    def _turns_round(self, mark: Mark) -> bool:
        """Whether an exclusion is of those who do not: "exclude people without a laptop"."""
        return self.negated and self.family is None and omits(self.word) and mark.word in DENYING

    def _is_but(self, place: int, mark: Mark) -> bool:
        """Whether a "not" takes somebody out of those who are excluded, or out of everybody: "no one except"."""
        if not self.negated or not excepts(mark.word) or self.connector not in ("", "comma"):
            return False
        if self.family is not None:
            return bool(self.excluded) and not self.heads
        between = [n for n in self.nodes[max(0, place - _FAR) : place] if isinstance(n, Mark)]
        said = next((n for n in reversed(between) if n.kind not in ("open", "whoever")), None)
        return said is not None and said.kind == "not" and mark.place - said.place <= _BESIDE

    def _denies(self, mark: Mark) -> bool:
        """Whether a "not" is said of those who are excluded: "skip women who don't use TikTok"."""
        if not self.negated or not self.excluded or self.connector or mark.word not in _PARTICLES:
            return False
        told = bool(self.links) or mark.word in DENYING - {"not"}
        return told and self.excluded[-1].atom.people and (self.word == "no" or omits(self.word))

    def _leaves_out(self, mark: Mark) -> bool:
        """Whether a "not" is within what is to be left out: "omit beginners and those without a phone"."""
        inside = self.left_out and self.whoever and self.negated and self.family is not None
        return inside and mark.word in _PARTICLES

    def _apply(self, mark: Mark) -> None:
        match mark.kind:
            case "not":
                self.negated, self.family, self.none = True, None, mark.word == "no"
                self.left_out, self.listed = mark.word not in _PARTICLES, False
                self.word, self.excluded, self.heads, self.sparing = mark.word, [], [], None
            case "anew":
                if self.none and self.family is not None:  # "no headset, a smartphone"
                    self.negated = False
            case "plain":
                self.negated = self.wish = False
            case "instead":
                if self.negated and self.family is not None:  # "forget interns, give me managers"
                    self.negated, self.connector = False, ""
                    self._begin_run()
            case "after_not":
                self._refuse(self.run if self.unknown else self.run or self.last_run)
            case "welcome" if self.negated and self.found and self.found[-1].connector:
                self._allow(self.found[-1], only=mark.word in _YES)  # "no laptops, phones OK"
            case "averse" if self.found and self.found[-1].atom.negated:
                self._allow(self.found[-1])  # "not meat haters"
            case "averse":
                self._refuse(self.found[-1:])
            case "stop" | "but":
                self.negated = self.wish = self.opened = self.neutral = self.listed = False
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
                self.negated = self.negated and self.family is None  # "no laggards: gamers" but "not on these: TikTok"
                self.listed = self.negated and self.left_out
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
        self.negated = said.atom.negated = False
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
