"""The command line: each command parses, calls the core, and prints."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

import click

from techfinder import __version__
from techfinder.cli.analysts import analyst
from techfinder.cli.auditing import audit
from techfinder.cli.backing_up import backup, restore
from techfinder.cli.data import generate, index, runs
from techfinder.cli.erasing import erase
from techfinder.cli.evaluating import evaluate
from techfinder.cli.examining import doctor
from techfinder.cli.exporting import export
from techfinder.cli.jobs import jobs, worker
from techfinder.cli.packaging import mlflow
from techfinder.cli.schemas import schema
from techfinder.cli.searching import explain, search
from techfinder.cli.serving import demo, serve
from techfinder.cli.stack import stack
from techfinder.cli.stores import plugins, store
from techfinder.cli.switching import encoders
from techfinder.cli.terminal import abandon_output, echo, fail, prepare
from techfinder.cli.tokens import token
from techfinder.cli.users import user
from techfinder.errors import TechfinderError

__all__ = ["cli", "main"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from TECHFINDER_* variables, then from techfinder.toml in the home folder.",
)
@click.version_option(__version__, prog_name="techfinder")
def cli() -> None:
    """Find the right people by how they adopt technology."""


for _command in (
    demo,
    generate,
    index,
    runs,
    search,
    explain,
    export,
    serve,
    schema,
    store,
    plugins,
    encoders,
    evaluate,
    jobs,
    worker,
    mlflow,
    user,
    token,
    analyst,
    audit,
    backup,
    restore,
    erase,
    stack,
    doctor,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; an expected error is one line on standard error and exit code 1."""
    signal.signal(signal.SIGTERM, _interrupt)
    prepare()
    sys.exit(_run())


def _run() -> int:
    """Run what the arguments ask for. Returns the exit code."""
    try:
        return cli.main(standalone_mode=False) or 0
    except click.Abort:
        echo("Aborted!", err=True)
        return 1
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        echo(shown.getvalue().rstrip(), err=True)
        return error.exit_code
    except TechfinderError as error:
        return fail(error)
    except OSError as error:
        abandon_output()
        what = f"Cannot use {error.filename}" if error.filename else "Input or output failed"
        return fail(f"{what}: {error.strerror or error}. Make room or allow access.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
