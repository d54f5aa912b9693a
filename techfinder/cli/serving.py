"""``serve`` and ``demo``."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from techfinder.cli.common import open_finder, say
from techfinder.cli.data import generate_people
from techfinder.cli.terminal import log_as, notice
from techfinder.cli.warming import warm_up
from techfinder.cli.working import own_worker
from techfinder.errors import CollectionNotFound, IndexingError, SettingsError
from techfinder.finder import Finder
from techfinder.setting_files import make_home
from techfinder.settings import Settings

__all__ = ["demo", "prepare_people", "run_server", "serve"]

_host = click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8000]")


@click.command(epilog="Example: techfinder serve --port 8080")
@_host
@_port
def serve(host: str | None, port: int | None) -> None:
    """Serve the web page and the API until interrupted."""
    with open_finder(host=host, port=port) as finder:
        run_server(finder)


@click.command(epilog="Example: techfinder demo --people 2000")
@click.option("--people", default=1000, show_default=True, type=click.IntRange(min=1), help="How many people to make.")
@_host
@_port
def demo(people: int, host: str | None, port: int | None) -> None:
    """Make sample people, index them and serve the page. What is there already is used again."""
    from techfinder.guarding import require_admin  # imports Flask, as serving does

    with open_finder(host=host, port=port) as finder:
        # A busy port is told before the work, not after it.
        require_admin(finder.settings)
        _bind(finder, lambda environ, start: []).close()
        prepare_people(finder, people)
        run_server(finder)


def run_server(finder: Finder) -> None:
    """Listen and serve until interrupted; the encoder loads in the background meanwhile.

    Raises:
        SettingsError: The address cannot be listened on; or people sign in, and there is no admin.
    """
    from techfinder.guarding import require_admin

    log_as(finder.settings.log_format, finder.settings.log_level)
    require_admin(finder.settings)
    if finder.settings.workers > 1:
        _run_prefork(finder.settings)
        return
    from techfinder.app import create_app  # no other command needs Flask and the API

    server = _bind(finder, create_app(finder=finder), finder.stopping.set)
    try:
        _run(server, finder)
    finally:
        server.close()


def prepare_people(finder: Finder, people: int) -> None:
    """Make sample people and index them, where nobody is live."""
    sample = finder.settings.home / f"sample-{people}.csv"
    try:
        live = finder.generation()
        say.print(f"Generation {live.number} with {live.points:,} people is there already.")
        return
    except CollectionNotFound:
        pass
    if not sample.exists():
        make_home(sample.parent)
        generate_people(finder, people, 7, sample)
    _index_apart(sample)


def _index_apart(sample: Path) -> None:
    """Index in a process of its own: its niceness and memory must not stay with the server."""
    done = subprocess.run([sys.executable, "-m", "techfinder", "index", "--keep", str(sample)], check=False)  # noqa: S603 (a fixed command)
    if done.returncode:
        raise IndexingError("Indexing the sample people failed; the reason stands above.")


def _bind(finder: Finder, app: Any, before_stop: Callable[[], None] = lambda: None) -> Any:
    from techfinder.cli.listening import listen

    settings = finder.settings
    try:
        return listen(app, settings.host, settings.port, settings.threads, before_stop, settings.proxies > 0)
    except (OSError, ValueError) as error:  # ValueError: a name that no address belongs to
        where = f"{settings.host}:{settings.port}"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise SettingsError(f"{where} is in use. Stop what uses it, or take another with --port.") from error
        raise SettingsError(f"Cannot listen on {where}: {error}. Choose another --host or --port.") from error


def _run_prefork(settings: Settings) -> None:
    from techfinder.guarding import require_admin

    if settings.store == "edge":
        raise SettingsError(
            f"TECHFINDER_WORKERS={settings.workers}: the embedded store is open in one process at a time. Set "
            "TECHFINDER_STORE=server for several, or TECHFINDER_WORKERS=1."
        )
    try:
        from techfinder.cli.prefork import serve_prefork
    except ImportError as error:
        raise SettingsError(
            f"TECHFINDER_WORKERS={settings.workers} needs gunicorn ({error}): pip install 'techfinder[gunicorn]', or "
            "set TECHFINDER_WORKERS=1."
        ) from error
    require_admin(settings)  # told here in one line, and not by each process
    serve_prefork(settings, lambda: _say_where(settings, settings.port))


def _run(server: Any, finder: Finder) -> None:
    _say_where(finder.settings, _port_of(server))
    warm_up(finder)
    with suppress(KeyboardInterrupt), own_worker(finder.settings):
        server.run()
    notice(finder.settings.log_format, "Stopped.")


def _say_where(settings: Settings, port: int) -> None:
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    notice(settings.log_format, f"techfinder is at [bold]http://{escape(shown)}:{port}[/]  (Ctrl-C stops it)")


def _port_of(server: Any) -> int:
    """The port listened on; a name that stands for several addresses makes a server with several sockets."""
    listened = getattr(server, "effective_listen", None)
    return int(listened[0][1] if listened else server.effective_port)
