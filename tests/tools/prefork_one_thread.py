"""Serves with one process of one thread, as ``serve`` with several does; ``python prefork_one_thread.py HOME PORT``.

It says each path that it begins to answer. ``/long`` is answered when the file ``go`` is in the home folder.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from flask import Flask

from techfinder.cli.prefork import _Server
from techfinder.settings import load_settings

_PATIENCE_S = 20.0


class OneThread(_Server):
    """What gunicorn asks, with an application of its own."""

    def load(self) -> Flask:
        app = Flask("one thread", static_folder=None)
        app.extensions["techfinder"] = SimpleNamespace(stopping=threading.Event(), close=lambda: None)
        app.add_url_rule("/<name>", view_func=_answer, methods=["GET", "POST"])
        return app


def _answer(name: str) -> str:
    print(name, flush=True)
    until = time.monotonic() + _PATIENCE_S
    while name == "long" and not Path(sys.argv[1], "go").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return name


if __name__ == "__main__":
    settings = load_settings(home=Path(sys.argv[1]), port=int(sys.argv[2]), threads=1)
    OneThread(settings, lambda: print("ready", flush=True)).run()
