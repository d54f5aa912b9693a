"""Makes people who adopt technology the way people do, from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder.hookspecs import hookimpl
from techfinder.interfaces import SourceEntry

if TYPE_CHECKING:
    from techfinder.interfaces import Source

__all__ = ["register_sources"]


@hookimpl
def register_sources() -> list[SourceEntry]:
    """The generator; numpy and pandas are imported when it is loaded."""
    return [SourceEntry("synthetic", "Made people from a seed: synthetic:n=1000,seed=7", _load, generates=True)]


def _load(argument: str) -> Source:
    from techfinder_source_synthetic.generator import SyntheticPeople

    return SyntheticPeople(argument)
