"""The pages beside the search: several people side by side, and the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techfinder import needs
from techfinder_webui.comparing import Chosen, compare_page
from techfinder_webui.fields import fields_page
from techfinder_webui.rendering import render

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["add_overviews"]


def add_overviews(blueprint: Blueprint, finder: Finder) -> None:
    """Add ``/compare`` and ``/schema`` to the blueprint."""

    @blueprint.get("/compare")
    @needs("view")
    def compare() -> AnyResponse:
        asked, path = Chosen.read(request.args.getlist("ids"), request.args.get("only", "")), url_for("webui.search")
        if asked.pairs() != list(request.args.items(multi=True)):
            return redirect(asked.url(path))
        page, status = compare_page(finder, asked, path, request.host_url.rstrip("/"))
        return render("compare.html", page, status)

    @blueprint.get("/schema")
    @needs("search")
    def fields() -> AnyResponse:
        page, status = fields_page(finder, url_for("webui.search"))
        return render("fields.html", page, status)
