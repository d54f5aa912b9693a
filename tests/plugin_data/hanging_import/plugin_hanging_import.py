"""Does not come back from its import until the test lets it."""

from plugin_gate import OPENED

OPENED.wait()
