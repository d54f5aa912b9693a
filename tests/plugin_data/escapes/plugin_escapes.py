"""Fails at import with a message that would clear the screen and name the window."""

raise RuntimeError("\x1b[2J\x1b]0;all is well\x07 \x9b1A \u202eneppus")
