"""People who are named to be like: "like TU0042 but in Texas", "similar to TU0042 and TU0007, not like TU0001"."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from techfinder.parser.english import likeness_words

__all__ = ["Likeness", "read_likeness"]

Known = Callable[[Sequence[str]], Collection[str]]
"""Which of some ids somebody has."""

_ID = r"(?:[^\W\d_]{1,40}[-_]?\d[\w-]{0,100})"
_MARKED = r"(?:(?:\#|(?:id|number|no|person|user|customer|profile|client|contact|account|company)\b[.:#]?)\s*){1,3}"
_NAMED = rf"(?:(?:{_MARKED}[\w-]{{0,100}}?\d[\w-]{{0,100}})|{_ID})(?![\w-])"
# Each sign is followed by at most one blank part, so that there is one way only to match.
_NEXT = r"\s*(?:,|&|\b(?:and|or)\b)(?:\s*(?:&|\b(?:and|or)\b))?\s*"


_MOST = 100
"""People that one plan may name to be like; further ones are left out."""


@dataclass(frozen=True)
class Likeness:
    """Ids of people to be like, and not to be like, and the sentence without them."""

    like: tuple[str, ...]
    not_like: tuple[str, ...]
    rest: str


def read_likeness(text: str, known: Known) -> Likeness | None:
    """Who is named to be like; None when nobody is whom anybody knows.

    Args:
        text: As typed.
        known: Asked for the ids that seem to be named. An unknown one is left in the sentence.
    """
    matches = list(_pattern().finditer(text))
    named = {m: re.findall(r"(?<![\w-])[\w-]*\d[\w-]*", m["ids"]) for m in matches}
    ids = [i for found in named.values() for i in found]
    there = known(list(dict.fromkeys([*ids, *(i.upper() for i in ids)]))) if ids else ()
    like: list[str] = []
    not_like: list[str] = []
    rest, end = [], 0
    for match, found in named.items():
        people = [i if i in there else i.upper() for i in found]
        if not all(i in there for i in people):
            continue
        (not_like if match["unlike"] else like).extend(people)
        rest.append(text[end : match.start()])
        end = match.end()
    if not like:
        return None
    return Likeness(
        tuple(dict.fromkeys(like))[:_MOST],
        tuple(dict.fromkeys(i for i in not_like if i not in like))[:_MOST],
        " ".join((*rest, text[end:])).strip(" ,;."),
    )


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    like, unlike = (_either(likeness_words(kind)) for kind in ("like", "unlike"))
    return re.compile(
        rf"\b(?:(?P<unlike>{unlike})|{like})\s+(?:the\s+)?(?P<ids>{_NAMED}(?:{_NEXT}{_NAMED})*)", re.IGNORECASE
    )


def _either(phrases: Sequence[str]) -> str:
    longest_first = sorted(phrases, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in longest_first) + ")"
