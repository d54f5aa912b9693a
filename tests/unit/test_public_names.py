"""What `import techfinder` gives and what it must not load."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys

import pytest

import techfinder

MODULES = (
    *(
        "analyses",
        "edits",
        "encodable",
        "errors",
        "hookspecs",
        "interfaces",
        "lexicons",
        "lifts",
        "marks",
        "models",
        "options",
    ),
    *("overviews", "plan", "schema", "settings", "weights"),
)
KEPT_IN = {  # for the core itself
    *("LexiconEntry", "builtin_lexicons", "MOST_WISHES", "PROJECT", "clause_key", "edit_plan", "hash_file", "hookspec"),
    *("LOOPBACK", "METHOD", "PUBLIC", "needed_by", "Z95", "either", "lift_of", "wilson"),
    *("CountQuery", "FacetQuery", "FoundPoint", "FoundPoints", "NearestQuery", "OrderedQuery", "PointsAnswer"),
    *("PointsQuery", "RetrieveQuery", "ScrollQuery", "FEWEST", "MOST_ORDERS"),
}


def test_names_are_sorted_and_real() -> None:
    assert techfinder.__all__ == sorted(set(techfinder.__all__))
    assert [n for n in techfinder.__all__ if not hasattr(techfinder, n)] == []


def test_everything_public_of_the_contract_modules_is_there() -> None:
    names = {n for m in MODULES for n in importlib.import_module(f"techfinder.{m}").__all__}
    assert set(techfinder.__all__) == names - KEPT_IN | {"__version__"}


@pytest.mark.parametrize("name", [n for n in techfinder.__all__ if n not in ("Value", "Op", "Clause", "__version__")])
def test_every_public_name_is_documented(name: str) -> None:
    public = getattr(techfinder, name)
    assert (inspect.getdoc(public) or "").strip() or name == "hookimpl"


def test_importing_techfinder_loads_nothing_heavy() -> None:
    heavy = ("torch", "mlflow", "pandas", "numpy", "flask", "click", "rich", "pyarrow", "qdrant_edge", "qdrant_client")
    code = f"import sys, techfinder; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=25, check=True
    )
    assert done.stdout.strip() == "[]"
