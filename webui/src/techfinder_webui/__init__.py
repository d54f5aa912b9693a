"""The web interface of techfinder: a plugin that adds pages to the app.

It reads the :class:`~techfinder.finder.Finder` and nothing else. Without this plugin the core
still searches and answers JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder import hookimpl

if TYPE_CHECKING:
    from flask import Blueprint

    from techfinder.finder import Finder

__all__ = ["register_blueprints"]


@hookimpl
def register_blueprints(finder: Finder) -> list[Blueprint]:
    """The search page, the profile page, and what they load; the administration where settings offer it."""
    from techfinder_webui.admin import make_admin_blueprint
    from techfinder_webui.admin_access import make_admin_access_blueprint
    from techfinder_webui.signing import make_signing_blueprint
    from techfinder_webui.views import make_blueprint

    offered = [make_blueprint(finder)]
    if finder.settings.asks_to_sign_in:
        offered += [make_signing_blueprint(finder), make_admin_access_blueprint(finder)]
    if finder.settings.offers_admin:
        offered.append(make_admin_blueprint(finder))
    return offered
