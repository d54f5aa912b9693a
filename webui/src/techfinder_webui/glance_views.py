"""The pages beside the search: the audience at a glance, and lookalikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as AnyResponse

from techfinder import TechfinderError, needs
from techfinder_webui.audience import audience_page
from techfinder_webui.glance_addresses import GlanceAddress, LookalikeAddress
from techfinder_webui.guard import wants_part
from techfinder_webui.lookalikes import lookalike_page
from techfinder_webui.rendering import failed, render

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["add_glances"]


def add_glances(blueprint: Blueprint, finder: Finder) -> None:
    """Answer ``/audience`` and ``/lookalike``."""

    @blueprint.get("/audience")
    @needs("search")
    def audience() -> AnyResponse:
        given = list(request.args.items(multi=True))
        address, path = GlanceAddress.read(given), url_for("webui.audience")
        try:
            page = audience_page(finder, address, path, url_for("webui.search"))
        except TechfinderError as error:
            return failed(finder, error)
        if not wants_part():
            return render("audience.html", page, 200)
        answer = render("_audience.html", page, 200)
        answer.headers["HX-Push-Url"] = address.url(path)
        return answer

    @blueprint.get("/lookalike")
    @needs("search")
    def lookalike() -> AnyResponse:
        given = list(request.args.items(multi=True))
        address, path = LookalikeAddress.read(given), url_for("webui.lookalike")
        if not request.htmx and sorted(address.pairs()) != sorted(given):
            return redirect(address.url(path))
        page, status = lookalike_page(finder, address, path, url_for("webui.search"))
        if not wants_part():
            return render("lookalike.html", page, status)
        answer = render("_lookalike.html", page, status)
        answer.headers["HX-Push-Url"] = address.url(path)
        return answer
