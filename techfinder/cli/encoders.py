"""``encoders``: versions of encoders, and which one answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from techfinder.cli.common import echo_json, open_finder, out, say
from techfinder.errors import CollectionNotFound, RegistryError
from techfinder.registry import Registry

if TYPE_CHECKING:
    from techfinder.evaluation import Question
    from techfinder.finder import Finder
    from techfinder.registry import EncoderVersion

__all__ = ["as_json_option", "encoders", "live_fingerprint", "questions_option"]

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
questions_option = click.option(
    "--questions",
    "questions",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of questions to measure with, as for `techfinder eval`; may be given several times.  [default: those "
    "that ship for the schema]",
)


@click.group()
def encoders() -> None:
    """Look after encoders: what is installed, registered versions, which one answers.

    A version is registered in MLflow with its weights, their hashes, and how good and quick it was found
    to be. MLflow is a database in the home folder, or the server that MLFLOW_TRACKING_URI names. Searching
    never needs it.
    """


@encoders.command("list", epilog="Example: techfinder encoders list --json")
@as_json_option
def list_(as_json: bool) -> None:
    """List installed encoders and registered versions; the one that answers now is marked."""
    with open_finder() as finder:
        live = live_fingerprint(finder)
        offered = {name: entry.info.fingerprint for name, entry in sorted(finder.plugins.encoders().items())}
        versions, problem = _listed(finder)
    if as_json:
        told = [{"name": n, "fingerprint": f, "live": f == live} for n, f in offered.items()]
        echo_json({"installed": told, "registered": [asdict(v) for v in versions], "problem": problem})
        return
    for name, fingerprint in offered.items():
        mark = "  [green]live[/]" if fingerprint == live else ""
        out.print(f"[bold]{escape(name)}[/]  {escape(fingerprint)}{mark}", soft_wrap=True)
        for version in (v for v in versions if v.name == name):
            _print_line(version, live)
    for version in (v for v in versions if v.name not in offered):
        out.print(f"[bold]{escape(version.name)}[/]  [yellow]its plugin is not installed[/]")
        _print_line(version, live)
    if problem:
        say.print(f"[yellow]Note[/]: {escape(problem)}")


@encoders.command(epilog="Example: techfinder encoders register minilm-openvino")
@click.argument("name")
@questions_option
@as_json_option
def register(name: str, questions: tuple[Path, ...], as_json: bool) -> None:
    """Measure the installed encoder NAME and register it, with its weights, as a new version.

    What is registered already (same code, weights, dimension, text template, number format) is not registered again.
    The new version is the `challenger`.
    """
    from techfinder.registering import register as register_encoder

    with open_finder() as finder:
        if not as_json:
            say.print(f"Loading and measuring {escape(name)} ...")
        done = register_encoder(finder, Registry(finder.settings.home), name, _asked(finder, questions))
    if as_json:
        echo_json({"added": done.added, **asdict(done.version)})
    elif done.added:
        out.print(f"Registered [bold]{escape(done.version.reference)}[/]  {escape(done.version.fingerprint)}")
        _print_figures([done.version])
    else:
        out.print(f"{escape(done.version.reference)} is registered already, with the same facts; nothing was added.")


@encoders.command(epilog="Example: techfinder encoders show minilm@1")
@click.argument("version")
@as_json_option
def show(version: str, as_json: bool) -> None:
    """Tell what is known of VERSION: NAME (the newest), NAME@3 or NAME@champion."""
    with open_finder() as finder:
        registry = Registry(finder.settings.home)
        found = registry.find(version)
        facts = registry.facts(found)
    if as_json:
        echo_json({**asdict(found), "facts": asdict(facts)})
        return
    out.print(f"[bold]{escape(found.reference)}[/]  {escape(', '.join(found.aliases))}")
    told = {"fingerprint": found.fingerprint, "registered": found.created_at, **found.notes}
    for name, value in told.items():
        out.print(f"  {escape(name)}: {escape(value)}", soft_wrap=True)
    for file, sha256 in facts.files.items():
        out.print(f"  {sha256[:12]}…  {escape(file)}", soft_wrap=True)
    _print_figures([found])


@encoders.command(epilog="Example: techfinder encoders compare minilm minilm-openvino")
@click.argument("versions", nargs=-1, required=True)
@click.option("--groups", is_flag=True, help="Show each group of questions, not only all of them together.")
@as_json_option
def compare(versions: tuple[str, ...], groups: bool, as_json: bool) -> None:
    """Put the figures of several VERSIONS side by side.

    nDCG@10 of `answers` is of searches as they are answered, of `cosine` that of similarity alone.
    """
    with open_finder() as finder:
        registry = Registry(finder.settings.home)
        found = [registry.find(v) for v in versions]
    if as_json:
        echo_json([asdict(v) for v in found])
    else:
        _print_figures(found, groups)


@encoders.command(epilog="Example: techfinder encoders fetch minilm@1")
@click.argument("version")
def fetch(version: str) -> None:
    """Copy the weights of VERSION from MLflow to this machine, and check every file.

    An encoder whose plugin finds no weights of its own is loaded from there.
    """
    with open_finder() as finder:
        registry = Registry(finder.settings.home)
        found = registry.find(version)
        folder = registry.fetch(found)
    out.print(
        f"The weights of {escape(found.reference)} are in {escape(str(folder))}; every hash is right.", soft_wrap=True
    )


def _listed(finder: Finder) -> tuple[Sequence[EncoderVersion], str]:
    """Registered versions, or none and why."""
    try:
        return Registry(finder.settings.home).versions(), ""
    except RegistryError as error:
        return (), str(error)


def live_fingerprint(finder: Finder) -> str:
    """Of the encoder that answers now; empty when nothing is live."""
    try:
        return finder.generation().encoder
    except CollectionNotFound:
        return ""


def _asked(finder: Finder, paths: Sequence[Path]) -> list[Question]:
    from techfinder.evaluation import check_questions, load_questions
    from techfinder.quality import default_questions

    asked = [q for path in paths for q in load_questions(path)]
    check_questions(asked, finder.schema)
    return asked or default_questions(finder)


def _print_line(version: EncoderVersion, live: str) -> None:
    aliases = f"  {', '.join(version.aliases)}" if version.aliases else ""
    other = "" if version.fingerprint == live or not live else "  other vectors than what is live"
    when = version.created_at[:16].replace("T", " ")
    out.print(escape(f"  version {version.number}  {when} UTC  {version.precision}{aliases}{other}"), soft_wrap=True)


def _print_figures(versions: Sequence[EncoderVersion], groups: bool = False) -> None:
    """One column for each version; groups of questions where they are asked for."""
    measured = {name for v in versions for name in v.figures}
    names = sorted((n for n in measured if groups or "." not in n or n.endswith(".all")), key=_order)
    if not names:
        out.print("Nothing was measured: no people or no questions were at hand.")
        return
    table = Table("measured", *(escape(v.reference) for v in versions))
    for name in names:
        table.add_row(_told(name), *(_cell(v.figures, name) for v in versions))
    out.print(table)


def _order(name: str) -> tuple[bool, str]:
    return name.startswith("ndcg"), name


def _told(name: str) -> str:
    """A figure's name for people: ``nDCG@10 answers, places``."""
    kind, *group = name.split(".")
    return (
        " ".join([kind.replace("ndcg_at_", "nDCG@"), ", ".join(group)]).replace("_", " ").replace(", all", "").strip()
    )


def _cell(figures: Mapping[str, float], name: str) -> str:
    value = figures.get(name)
    if value is None:
        return ""
    return f"{value:.3f}" if name.startswith("ndcg") else f"{value:,.1f}"
