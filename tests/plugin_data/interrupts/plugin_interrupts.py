"""Does at import what Ctrl-C does."""

raise KeyboardInterrupt
