"""``python -m techfinder``: the command line."""

from techfinder.cli import main

main()
