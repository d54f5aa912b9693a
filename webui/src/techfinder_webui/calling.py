"""The search of the page as a call of Qdrant's REST API, to be copied into a shell or a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techfinder import TechfinderError, needs
from techfinder_webui.address import Address
from techfinder_webui.answering import planned
from techfinder_webui.contexts import CallPage
from techfinder_webui.parts import CallText
from techfinder_webui.rendering import failed, render

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["add_calling", "call_url"]

_MOST_ROWS = 30


def call_url(finder: Finder, asked: Address) -> str:
    """Where the search stands as a call; empty where the gateway is off."""
    return asked.url(url_for("webui.call")) if finder.settings.gateway == "on" else ""


def add_calling(blueprint: Blueprint, finder: Finder) -> None:
    """Answer ``/call`` with the page for what its address searches for."""

    @blueprint.get("/call")
    @needs("search")
    def call() -> AnyResponse:
        asked = Address.read(request.args.items(multi=True))
        try:
            return render("call.html", _page(finder, asked, f"{request.host_url}qdrant"))
        except TechfinderError as error:
            return failed(finder, error)


def _page(finder: Finder, asked: Address, gateway: str) -> CallPage:
    plan = planned(finder, asked).plan
    call = finder.qdrant_call(plan)
    return CallPage(
        text=asked.text,
        back_url=asked.url(url_for("webui.search")),
        note=call.note,
        calls=(
            _text("curl", "In a shell", call.curl(gateway)),
            _text("python", "In Python, with the official client", call.python(gateway)),
        ),
    )


def _text(name: str, title: str, text: str) -> CallText:
    return CallText(name, title, text, min(_MOST_ROWS, text.count("\n") + 2))
