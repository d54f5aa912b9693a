"""Ends the program when asked."""

import sys

from techfinder import hookimpl


@hookimpl
def register_filters(schema):
    sys.exit("enough")
