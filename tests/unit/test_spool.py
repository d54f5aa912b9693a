"""The spool keeps what was paid for, and drops what a crash tore."""

from pathlib import Path

import numpy as np
import pytest

from techfinder.digests import text_digest
from techfinder.errors import IndexingError
from techfinder.spool import VectorSpool

DIM = 4


def digest(name: str) -> str:
    return text_digest("fake", name)


def filled(folder: Path) -> VectorSpool:
    spool = VectorSpool(folder, DIM)
    spool.append([digest("a"), digest("b")], np.arange(8, dtype=np.float32).reshape(2, DIM))
    return spool


def test_vectors_come_back_after_reopening(tmp_path: Path) -> None:
    filled(tmp_path).close()
    spool = VectorSpool(tmp_path, DIM)
    assert len(spool) == 2
    assert digest("a") in spool
    assert digest("c") not in spool
    assert spool.get(digest("b")).tolist() == [4, 5, 6, 7]
    spool.append([digest("c")], np.ones((1, DIM), dtype=np.float32))
    assert spool.get(digest("c")).tolist() == [1, 1, 1, 1]
    spool.close()


@pytest.mark.parametrize(("file", "lost_bytes"), [("vectors.f32", 1), ("digests.bin", 5), ("vectors.f32", 16)])
def test_a_torn_tail_costs_one_vector(tmp_path: Path, file: str, lost_bytes: int) -> None:
    filled(tmp_path).close()
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    spool = VectorSpool(tmp_path, DIM)
    assert len(spool) == 1
    spool.append([digest("b")], np.full((1, DIM), 9, dtype=np.float32))
    assert spool.get(digest("a")).tolist() == [0, 1, 2, 3]
    assert spool.get(digest("b")).tolist() == [9, 9, 9, 9]
    spool.close()


def test_two_never_fill_one_spool(tmp_path: Path) -> None:
    """Each would write over what the other has written, and take its vectors for those of other texts."""
    spool = filled(tmp_path)
    with pytest.raises(IndexingError, match="Wait until it is done"):
        VectorSpool(tmp_path, DIM)
    assert spool.get(digest("b")).tolist() == [4, 5, 6, 7]
    spool.close()
    VectorSpool(tmp_path, DIM).close()


def test_removing_leaves_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "spool").remove()
    assert not (tmp_path / "spool").exists()
