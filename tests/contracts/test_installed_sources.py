"""Every source of every installed plugin keeps the source contract."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from techfinder.interfaces import SourceEntry
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.contracts import SourceCase, SourceContract
from techfinder.testing.fakes import sample_rows

NO_HOME = Path(__file__).parents[2] / ".cache" / "no-home"  # nobody's own settings
ENTRIES: Mapping[str, SourceEntry] = Plugins.load(load_settings(home=NO_HOME)).sources()

WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], object]] = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "ndjson": lambda table, path: table.to_json(path, orient="records", lines=True),
    "parquet": lambda table, path: table.to_parquet(path),
}
"""How to make a small input for a file ending; a new kind of file needs a line here."""


def test_there_are_sources() -> None:
    assert {"csv", "jsonl", "parquet", "synthetic"} <= ENTRIES.keys()


@pytest.mark.parametrize("name", sorted(ENTRIES))
class TestInstalledSources(SourceContract):
    @pytest.fixture
    def source_case(self, name: str, tmp_path: Path) -> SourceCase:
        entry = ENTRIES[name]
        if entry.generates:
            return SourceCase(entry, good="n=5,seed=7", bad="n=minus one")
        path = tmp_path / f"people{entry.suffixes[0]}"
        WRITERS[entry.suffixes[0].removeprefix(".")](pd.DataFrame(sample_rows()), path)
        return SourceCase(entry, good=str(path), bad=str(tmp_path / f"absent{entry.suffixes[0]}"))
