"""What the hanging plugins wait for; a test opens it when it is done with them."""

import threading

OPENED = threading.Event()
