"""The read operations of Qdrant's REST API under ``/qdrant``, for analysts: answered from either store.

What may be asked stands in one list (:mod:`techfinder.gateway.routes`); everything else is refused. A request is
read, checked and put into queries of our own (:mod:`techfinder.interfaces.points`), never handed on as it came.
"""

from __future__ import annotations

from techfinder.gateway.reading import Gateway
from techfinder.gateway.routes import PREFIX, gateway

__all__ = ["PREFIX", "Gateway", "gateway"]
