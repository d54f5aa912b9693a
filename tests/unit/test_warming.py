"""What a server does before it is at its best."""

import gc
from pathlib import Path

import homes
from techfinder.cli.warming import warm_up
from techfinder.testing.fakes import HashEncoder


def test_what_a_server_has_loaded_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    finder, before = homes.open_home(tmp_path, HashEncoder().entry()), gc.get_freeze_count()
    try:
        warm_up(finder).join()
        assert finder.encoder_state() == "ready"
        assert gc.get_freeze_count() > before + 10_000
    finally:
        gc.unfreeze()
        finder.close()
