"""What a check finds, and how checks are run: one that crashes or hangs costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from techfinder.errors import TechfinderError, cut
from techfinder.plugins.deadline import Overdue, call_within

if TYPE_CHECKING:
    from techfinder.doctor.case import Case

__all__ = ["Check", "Finding", "State", "examine", "ok", "problem", "warning"]

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        state: ``problem`` where something does not work, ``warning`` where it works and could fail somebody.
        text: What it is, in a sentence.
        remedy: What to do, a command as a rule; empty where there is nothing to do.
        check: Name of the check.
    """

    state: State
    text: str
    remedy: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes:
        name: For people, a word or two.
        run: Looks, and yields what it finds. An error of ours that it raises is a problem.
        limit_s: How long it may take; `deep_s` where there is time for more.
        advice: What to do where it raises an error.
    """

    name: str
    run: Callable[[Case], Iterable[Finding]]
    limit_s: float = 10.0
    advice: str = ""
    deep_s: float = 0.0


def ok(text: str) -> Finding:
    """Something is as it should be."""
    return Finding("ok", text)


def warning(text: str, remedy: str) -> Finding:
    """Something works, and could fail somebody."""
    return Finding("warning", text, remedy)


def problem(text: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding("problem", text, remedy)


def examine(case: Case, checks: Sequence[Check]) -> Iterator[Finding]:
    """What the checks find, in their order; those of each check as soon as it has ended."""
    for check in checks:
        for found in _run(case, check):
            yield replace(found, check=check.name)


def _run(case: Case, check: Check) -> list[Finding]:
    found: list[Finding] = []
    limit_s = max(check.limit_s, check.deep_s) if case.deep else check.limit_s

    def look() -> None:
        for finding in check.run(case):
            found.append(finding)

    try:
        call_within(limit_s, look, f"doctor-{check.name}")
    except KeyboardInterrupt:
        raise
    except Overdue:
        advice = check.advice or "See whether a disk, a server or the processor is overloaded, then look again."
        return [*found, problem(f"No answer within {limit_s:g} s.", advice)]
    except TechfinderError as error:
        return [*found, problem(str(error), check.advice)]
    except BaseException as error:  # a check must not cost the others anything, whatever it does
        what = f"The check itself failed: {type(error).__name__}: {cut(str(error), 300)}."
        return [*found, problem(what, check.advice or "The other checks count all the same; please report this one.")]
    return found
