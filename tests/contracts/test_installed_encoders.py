"""Every encoder of every installed plugin keeps the encoder contract."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from techfinder.interfaces import Encoder, EncoderEntry
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.contracts import EncoderContract

NO_HOME = Path(__file__).parents[2] / ".cache" / "no-home"  # nobody's own settings
ENTRIES: Mapping[str, EncoderEntry] = Plugins.load(load_settings(home=NO_HOME)).encoders()


def test_the_encoders_of_this_repository_are_installed() -> None:
    assert {"minilm", "minilm-openvino"} <= ENTRIES.keys()


@pytest.fixture(scope="module")
def loaded() -> Mapping[str, Encoder]:
    """All of them, loaded before the first test is watched: libraries leave variables in the environment."""
    return {name: entry.load() for name, entry in ENTRIES.items()}


@pytest.mark.slow  # each plugin's own tests have asked its encoder the same
@pytest.mark.parametrize("name", sorted(ENTRIES))
class TestInstalledEncoders(EncoderContract):
    @pytest.fixture
    def encoder_entry(self, name: str, loaded: Mapping[str, Encoder]) -> EncoderEntry:
        return replace(ENTRIES[name], load=lambda: loaded[name])
