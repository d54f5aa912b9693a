"""Offers the hash encoder to the command line, so that tests of whole processes need no model."""

from techfinder.hookspecs import hookimpl
from techfinder.interfaces import EncoderEntry
from techfinder.testing.fakes import HashEncoder


@hookimpl
def register_encoders() -> list[EncoderEntry]:
    """The hash encoder, loaded when it is used."""
    return [EncoderEntry(HashEncoder().info, "Hashes words; for tests.", HashEncoder)]
