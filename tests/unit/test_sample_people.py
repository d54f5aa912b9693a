from __future__ import annotations

from pathlib import Path

from techfinder.models import Profile, Row
from techfinder.rows import RowReader
from techfinder.schema import load_schema
from techfinder.tables import write_frames
from techfinder_source_synthetic.generator import SyntheticPeople

SAMPLE = Path(__file__).parents[2] / "data" / "people.csv"


def test_the_sample_is_what_the_generator_makes(tmp_path):
    made = tmp_path / "people.csv"
    assert write_frames(SyntheticPeople("n=1000,seed=7").frames(), made) == 1_000
    assert SAMPLE.read_bytes() == made.read_bytes()


def test_every_made_person_passes_the_schema_with_nothing_left_over():
    source = SyntheticPeople("n=1000,seed=7")
    reader = RowReader(load_schema(), source.columns())
    assert reader.unknown_columns == ()
    derivable = {"city", "state", "uses"}
    assert {c for c, (_, part) in load_schema().columns.items() if part not in derivable} <= set(source.columns())
    profiles = [reader.read(row) for row in source.rows() if isinstance(row, Row)]
    assert [p for p in profiles if not isinstance(p, Profile)] == []
    dated = [p.values for p in profiles if isinstance(p, Profile) and p.values["smartphone_uses"] == "yes"]
    assert all("smartphone_adopted_on_day" in values for values in dated)


def test_the_readme_names_every_column():
    text = (SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    for column in SAMPLE.read_text(encoding="utf-8").splitlines()[0].split(","):
        for category in ("smartphone", "laptop", "smarthome", "wearable", "vrar"):
            column = column.replace(f"{category}_", "<category>_")
        assert f"`{column}`" in text, column
