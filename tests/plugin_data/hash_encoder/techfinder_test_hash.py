"""Offers the hash encoder to the command line, so that tests of whole processes need no model."""

import os

from techfinder.hookspecs import hookimpl
from techfinder.interfaces import EncoderEntry
from techfinder.testing.fakes import HashEncoder


@hookimpl
def register_encoders() -> list[EncoderEntry]:
    """The hash encoder, loaded when it is used; ``TECHFINDER_TEST_HASH_DIM`` sets the length of its vectors."""
    dim = int(os.environ.get("TECHFINDER_TEST_HASH_DIM", "64"))
    return [EncoderEntry(HashEncoder(dim).info, "Hashes words; for tests.", lambda: HashEncoder(dim))]
