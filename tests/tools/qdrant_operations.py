"""Every operation of Qdrant's REST API, as the official client's generated modules call them."""

from __future__ import annotations

import re
from pathlib import Path

import qdrant_client.http.api as generated

__all__ = ["operations"]

_CALL = re.compile(r'method="(?P<method>[A-Z]+)",\s*url="(?P<url>[^"]+)"')

_VALUES = {
    "id": "00000000-0000-0000-0000-000000000001",
    "field_name": "age",
    "snapshot_name": "x.snapshot",
    "shard_id": "0",
    "peer_id": "1",
}


def operations(collection: str) -> list[tuple[str, str, str]]:
    """Method, path as a template, and path about `collection`; sorted."""
    texts = [p.read_text(encoding="utf-8") for p in Path(generated.__path__[0]).glob("*_api.py")]
    found = {(m["method"], m["url"]) for text in texts for m in _CALL.finditer(text)}
    values = {**_VALUES, "collection_name": collection}
    return [(method, url, url.format(**values)) for method, url in sorted(found)]
