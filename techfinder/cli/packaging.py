"""``mlflow package``: the service as an MLflow model."""

from __future__ import annotations

import re
from dataclasses import asdict

import click
from rich.markup import escape

from techfinder.cli.common import echo_json, open_finder, out, say

__all__ = ["mlflow"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@click.group()
def mlflow() -> None:
    """Hand the service to MLflow."""


@mlflow.command(epilog="Example: techfinder mlflow package")
@click.option("--name", default="Tech_Adoption_Similarity", show_default=True, help="Of the registered model.")
@click.option(
    "--with-data", is_flag=True, help="Put the people into the artifact. Whoever is erased must be erased there, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def package(name: str, with_data: bool, as_json: bool) -> None:
    """Log and register the service as a model that `mlflow models serve` serves.

    It answers from the store that settings name where it is served; no profile is in the artifact, unless you say
    --with-data. The same again adds nothing.
    """
    from techfinder.service import package as package_service

    if not _NAME.fullmatch(name):
        raise click.BadParameter("expected letters, digits, - _ and . (at most 100)", param_hint="--name")
    with open_finder() as finder:
        if not as_json:
            say.print("Loading and measuring ...")
        done = package_service(finder, name, with_data)
    if as_json:
        echo_json(asdict(done))
        return
    what = f"{done.model} version {done.number}"
    out.print(f"Packaged {escape(what)}." if done.added else f"{escape(what)} is the same; nothing was added.")
    if done.carries:
        say.print(f"[yellow]Note[/]: the artifact holds {done.carries:,} people.")
    out.print("Serve it where techfinder is installed:")
    uri = re.sub(r"://[^/@\s]+@", "://", done.uri)
    serve = f"mlflow models serve -m models:/{done.model}/{done.number} --env-manager local -p 5001"
    out.print(f"  MLFLOW_TRACKING_URI={uri} {serve}", soft_wrap=True, markup=False, highlight=False)
