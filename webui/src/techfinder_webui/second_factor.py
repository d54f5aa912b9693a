"""Switching the second factor on and off: a code to scan, the first code of the app, codes to keep on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, url_for
from htmx_flask import request
from werkzeug.wrappers import Response as AnyResponse

from techfinder import AccessError, needs
from techfinder_webui.gate import access, gate
from techfinder_webui.rendering import render
from techfinder_webui.signing_contexts import FactorPage
from techfinder_webui.signing_pages import done, me, status_of, why

if TYPE_CHECKING:
    from techfinder_webui.parts import Banner

__all__ = ["add_second_factor"]


def add_second_factor(blueprint: Blueprint) -> None:
    """Answer below ``/account/factor``."""

    @blueprint.post("/account/factor")
    @needs("account")
    def new_factor() -> AnyResponse:
        return render("factor.html", _to_scan(access().own.new_factor()))

    @blueprint.post("/account/factor/on")
    @needs("account")
    def factor_on() -> AnyResponse:
        key = request.form.get("key", "")
        try:
            made = access().own.factor_on(me(), key, request.form.get("code", ""), gate().asker())
        except AccessError as error:
            return render("factor.html", _again(key, error), status_of(error))
        return gate().tell_next(url_for("signing.codes"), *made)

    @blueprint.get("/account/factor")
    @needs("account")
    def codes() -> AnyResponse:
        told = gate().told()
        return render("factor.html", FactorPage("", "", "", told)) if told else redirect(url_for("signing.account"))

    @blueprint.post("/account/factor/off")
    @needs("account")
    def factor_off() -> AnyResponse:
        def change() -> str:
            access().own.factor_off(me(), request.form.get("old", ""), gate().asker())
            return "No code is asked for any more."

        return done(change)


def _again(key: str, error: AccessError) -> FactorPage:
    """The same key once more; another one where it is no key of ours."""
    try:
        return _to_scan(key, why(error))
    except AccessError as no_key:
        return _to_scan(access().own.new_factor(), why(no_key))


def _to_scan(key: str, *banners: Banner) -> FactorPage:
    import segno

    address = access().own.factor_address(me(), key)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff")
    spelt = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    return FactorPage(key, spelt, picture, (), banners)
