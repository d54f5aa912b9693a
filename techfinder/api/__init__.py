"""The JSON API under ``/api`` and the health checks; ``/api/docs`` describes it.

Routes describe themselves (:mod:`techfinder.api.describe`), questions and answers are the models of
:mod:`techfinder.wire`, and errors are problem details (:mod:`techfinder.api.failures`).
"""

from __future__ import annotations

from flask import Blueprint

from techfinder.api import analysing, encoding, exporting, inspecting, searching  # their routes belong to the blueprint
from techfinder.api.describe import api
from techfinder.api.docs import docs
from techfinder.api.failures import register_errors
from techfinder.api.health import health

__all__ = ["BLUEPRINTS", "analysing", "encoding", "exporting", "inspecting", "register_errors", "searching"]

BLUEPRINTS: tuple[Blueprint, ...] = (api, docs, health)
