"""Was written for another techfinder."""

from techfinder import SomethingThatIsGone, hookimpl

hookimpl(SomethingThatIsGone)
