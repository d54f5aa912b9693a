"""The pages beside the search: several people side by side, and the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, url_for
from werkzeug.wrappers import Response as AnyResponse

from techfinder_webui.fields import fields_page
from techfinder_webui.rendering import render

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["add_overviews"]


def add_overviews(blueprint: Blueprint, finder: Finder) -> None:
    """Add ``/schema`` to the blueprint."""

    @blueprint.get("/schema")
    def fields() -> AnyResponse:
        page, status = fields_page(finder, url_for("webui.search"))
        return render("fields.html", page, status)
