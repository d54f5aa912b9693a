"""Offers the hash encoder to the command line, so that tests of whole processes need no model."""

import os

from techfinder.hookspecs import hookimpl
from techfinder.interfaces import EncoderEntry
from techfinder.testing.fakes import HashEncoder


@hookimpl
def register_encoders() -> list[EncoderEntry]:
    """The hash encoder, loaded when it is used; ``TECHFINDER_TEST_HASH_DIM`` sets the length of its vectors.

    ``TECHFINDER_TEST_HASH_ALSO`` names a second one, which is like the first.
    """
    dim = int(os.environ.get("TECHFINDER_TEST_HASH_DIM", "64"))
    names = ["hash", *os.environ.get("TECHFINDER_TEST_HASH_ALSO", "").split()]
    return [_entry(dim, name) for name in names]


def _entry(dim: int, name: str) -> EncoderEntry:
    return EncoderEntry(HashEncoder(dim, name).info, "Hashes words; for tests.", lambda: HashEncoder(dim, name))
