"""How to reach a Qdrant server: what the settings say, checked before anything is opened."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from techfinder.errors import StoreError, cut
from techfinder.store.server.errors import shown

if TYPE_CHECKING:
    from pathlib import Path

    from techfinder.settings import Settings

__all__ = ["ServerOptions", "trusted"]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to reach a server.

    Attributes:
        urls: Addresses of one server or cluster, as ``https://qdrant.example.com:6333``.
        api_key: Sent with each request; empty sends none.
        grpc_port: Port for bulk writes and searches; 0 does everything over REST.
        ca: File of certificates to trust; None trusts those of the system.
        timeout_s: Longest wait for one answer, in seconds, all tries together.
    """

    urls: tuple[str, ...]
    api_key: str = ""
    grpc_port: int = 6334
    ca: Path | None = None
    timeout_s: float = 30.0

    @classmethod
    def of(cls, settings: Settings, url: str = "") -> ServerOptions:
        """From the settings; `url` replaces their addresses."""
        return cls(
            urls=tuple(u.strip().rstrip("/") for u in (url or settings.qdrant_url).split(",") if u.strip()),
            api_key=settings.qdrant_api_key.get_secret_value(),
            grpc_port=settings.qdrant_grpc_port,
            ca=settings.qdrant_ca,
            timeout_s=settings.store_timeout_s,
        )

    def check(self) -> None:
        """Raise StoreError when an address is no URL, or when the key cannot be one."""
        if not self.urls:
            raise StoreError("No address of a Qdrant server is set. Set TECHFINDER_QDRANT_URL=http://HOST:6333.")
        for url in self.urls:
            if not _is_address(url):
                raise StoreError(
                    f"{cut(shown(url))}, from TECHFINDER_QDRANT_URL or a command, is no address like "
                    "http://localhost:6333 or https://qdrant.example.com/path."
                )
        if not (self.api_key.isascii() and self.api_key.isprintable() and self.api_key == self.api_key.strip()):
            raise StoreError(
                "TECHFINDER_QDRANT_API_KEY holds a character that no key has (a line end, a blank at an end, or a "
                "letter beyond ASCII). Copy the key once more."
            )


def trusted(options: ServerOptions) -> ssl.SSLContext | None:
    """Whom to trust over https, None when no address asks for it. Raises StoreError when the file cannot be read."""
    if not any(urlsplit(u).scheme == "https" for u in options.urls):
        return None
    try:
        return ssl.create_default_context(cafile=options.ca)
    except (OSError, ssl.SSLError) as error:
        raise StoreError(
            f"TECHFINDER_QDRANT_CA: {options.ca} cannot be read as certificates ({error}). Give a PEM file."
        ) from error


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.query
            and not parts.fragment
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        return False
