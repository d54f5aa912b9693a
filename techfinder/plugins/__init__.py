"""Everything that keeps plugins, and the app from what they may do wrong.

``discovery`` finds them, ``roster`` loads each behind a guard and asks it under a ``deadline``,
``offers`` says what they may answer, ``failures`` what went wrong, ``host`` hands it all out.
"""

from techfinder.plugins.failures import PluginFailure
from techfinder.plugins.host import PluginInfo, Plugins

__all__ = ["PluginFailure", "PluginInfo", "Plugins"]
