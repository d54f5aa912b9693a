"""Everybody whom the page finds, to be taken away as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request, stream_with_context, url_for

from techfinder import QueryError, TechfinderError, needs
from techfinder_webui.address import Address
from techfinder_webui.answering import planned
from techfinder_webui.gate import gate
from techfinder_webui.parts import ExportLink
from techfinder_webui.rendering import failed

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["add_export", "export_links"]

_KINDS = {
    "csv": ("CSV", "for spreadsheets; no cell runs as a formula"),
    "jsonl": ("JSON Lines", "for programs"),
    "ids": ("Ids only", "one a line"),
}


def export_links(asked: Address) -> tuple[ExportLink, ...]:
    """One link for each kind of file that can be made of what an address finds; none for who may take none away."""
    if not gate().may("export"):
        return ()
    search = asked.first_page()
    return tuple(
        ExportLink(text, note, search.url(url_for("webui.export", kind=kind))) for kind, (text, note) in _KINDS.items()
    )


def add_export(blueprint: Blueprint, finder: Finder) -> None:
    """Answer ``/export/<kind>`` with a zip of the file and its manifest."""

    @blueprint.get("/export/<any(csv,jsonl,ids):kind>")
    @needs("export")
    def export(kind: str) -> Response:
        try:
            return _packed(finder, kind, Address.read(request.args.items(multi=True)))
        except TechfinderError as error:
            return failed(finder, error)


def _packed(finder: Finder, kind: str, asked: Address) -> Response:
    made = finder.export(planned(finder, asked).plan, kind, wait_s=finder.settings.encoder_wait_s)
    if made.ranked_by == "warming":
        raise QueryError("The encoder is still loading, so that the order is not known yet. Try again in a moment.")
    answer = Response(stream_with_context(made.bundle()), mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{made.name}.zip")
    answer.headers["Cache-Control"] = "no-store"
    return answer
