"""For processes under libfaketime 0.9.10: it breaks `time.sleep` where it leaves monotonic clocks alone."""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select((), (), (), seconds)


time.sleep = _sleep
