"""The command line: each command parses, calls the core, and prints."""

from __future__ import annotations

import io
import signal
import sys
from difflib import get_close_matches
from importlib import import_module
from types import FrameType

import click

from techfinder import __version__
from techfinder.cli.terminal import abandon_output, echo, fail, prepare
from techfinder.errors import TechfinderError

__all__ = ["cli", "main"]


_COMMANDS = {
    "analyst": "analysts:analyst",
    "audit": "auditing:audit",
    "backup": "backing_up:backup",
    "demo": "serving:demo",
    "doctor": "examining:doctor",
    "encoders": "switching:encoders",
    "erase": "erasing:erase",
    "eval": "evaluating:evaluate",
    "explain": "searching:explain",
    "export": "exporting:export",
    "generate": "data:generate",
    "index": "data:index",
    "jobs": "jobs:jobs",
    "mlflow": "packaging:mlflow",
    "plugins": "stores:plugins",
    "restore": "backing_up:restore",
    "runs": "data:runs",
    "schema": "schemas:schema",
    "search": "searching:search",
    "serve": "serving:serve",
    "stack": "stack:stack",
    "store": "stores:store",
    "token": "tokens:token",
    "user": "users:user",
    "worker": "jobs:worker",
}
"""Module and function of each command."""


class _Commands(click.Group):
    """Imports what a command needs when that one is asked for, so that each starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, function = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"techfinder.cli.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = [] if args[0] in _COMMANDS else get_close_matches(args[0], _COMMANDS, 1)
        if near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from TECHFINDER_* variables, then from techfinder.toml in the home folder.",
)
@click.version_option(__version__, prog_name="techfinder")
def cli() -> None:
    """Find the right people by how they adopt technology."""


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
