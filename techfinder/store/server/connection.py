"""The connection to a Qdrant server: addresses, key, deadlines, retries, and errors in words.

Reads and writes of points go through :meth:`Server.ask`, which every other module of the server
adapter uses. All of them may be sent twice without harm, so one that fails on the way is sent
once more: to another address if the settings name several. All tries together end within the
timeout of the settings.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import grpc
from qdrant_client import QdrantClient, models

from techfinder.errors import StoreError, StoreUnavailable, cut
from techfinder.store.server.address import ServerOptions, trusted
from techfinder.store.server.errors import CLIENT_ERRORS, details_of, explained, shown, wait_of
from techfinder.store.server.silence import ServerSilent, Silence
from techfinder.store.server.transport import Deadline, TimedTransport, answers

if TYPE_CHECKING:
    import ssl

__all__ = ["Server", "ServerOptions"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_KEY = "techfinder"
_REST_S = 60.0
_PAUSE_S = 0.1
_PATIENCE_SHARE, _PATIENCE_S = 6, 2.0
"""A server has to say something within a sixth of the timeout, and no less than two seconds."""
_WITH_SHARDS = 4
"""The level of detail from which on the server tells the sizes of shards."""


class Server:
    """A Qdrant server, or several addresses of one. Safe to use from many threads; connects when first asked."""

    def __init__(self, options: ServerOptions) -> None:
        """Open nothing. Raises StoreError when an address, the key or the file of certificates cannot be used."""
        options.check()
        self.options = options
        self._trusted: ssl.SSLContext | None = trusted(options)
        self._deadline = Deadline(options.timeout_s)
        self._lock = threading.Lock()
        self._clients: dict[str, QdrantClient] = {}
        self._rest_until: dict[str, float] = {}
        patience_s = max(_PATIENCE_S, options.timeout_s / _PATIENCE_SHARE)
        self._silences = {u: Silence(partial(answers, u, self._trusted), patience_s) for u in options.urls}
        self._first = 0
        self._closed = False

    @property
    def url(self) -> str:
        """The address that is asked first, without a password."""
        return shown(self.options.urls[self._first])

    def within(self, seconds: float | None = None) -> AbstractContextManager[None]:
        """In the block, all that this thread asks ends within so many seconds (as a rule, the timeout)."""
        return self._deadline.within(self.options.timeout_s if seconds is None else seconds)

    def left(self) -> float:
        """Seconds that this thread may still wait: the timeout of a gRPC call."""
        return self._deadline.left()

    def ask(self, doing: str, question: Callable[[QdrantClient], _T]) -> _T:
        """The answer to `question`, which must be safe to ask twice.

        Args:
            doing: For messages, as "counting people".
            question: Gets a connected client; may raise what the client raises.

        Raises:
            StoreUnavailable: No address answered in time, or the one that there is answers nobody.
            CollectionNotFound: The server does not have the collection.
            StoreError: It refused: wrong key, no Qdrant, wrong version, bad request.
        """
        others = len(self.options.urls) - 1
        with self.within():
            for attempt in range(max(2, others + 1)):
                place, more = self._first, attempt < others
                try:
                    # A silent address must leave time for the next one.
                    with self.within(self.left() / 2 if more else None):
                        return self._once(doing, place, question)
                except StoreUnavailable as problem:
                    pause = 0.0 if more else max(_PAUSE_S, wait_of(_cause(problem)))
                    silent = self._silences[self.options.urls[place]].silent
                    if attempt >= max(1, others) or self._closed or pause >= self.left() or (silent and not others):
                        raise
                    _log.warning("%s Trying once more.", problem)
                self._turn_from(place)
                time.sleep(pause)
        raise AssertionError("unreachable")

    def _once(self, doing: str, place: int, question: Callable[[QdrantClient], _T]) -> _T:
        url = self.options.urls[place]
        try:
            self._silences[url].require(self.left())
            return question(self._client(url))
        except CLIENT_ERRORS as error:
            self._require_open()
            raise explained(error, doing, shown(url), self.options.timeout_s) from error

    def either(
        self, doing: str, over_grpc: Callable[[QdrantClient], _T], over_rest: Callable[[QdrantClient], _T]
    ) -> _T:
        """Like :meth:`ask`, over gRPC where its port answers, else over REST for the next minute.

        An error over gRPC decides nothing, whatever it says, as the port may belong to something
        else: REST has the last word. Another Qdrant holds no collection of the same name.
        """
        url = self.options.urls[self._first]
        silence = self._silences[url]
        problem: grpc.RpcError | None = None
        with self.within():
            if self.options.grpc_port and not silence.silent and time.monotonic() >= self._rest_until.get(url, 0.0):
                try:
                    with self.within(min(self.left() / 2, 2 * silence.patience_s)):
                        found = over_grpc(self._client(url))
                    silence.heard()
                    return found
                except grpc.RpcError as error:
                    problem = error
                except (StoreError, *CLIENT_ERRORS) as error:
                    _log.debug("%s: over gRPC: %s", shown(url), error)
                if self.left() > 2 * silence.patience_s:
                    with suppress(ServerSilent):  # `ask` tells it
                        silence.doubt()
            found = self.ask(doing, over_rest)
            if problem is not None:
                self._note_grpc(url, problem)
            return found

    def close(self) -> None:
        """Close all connections; later calls raise StoreUnavailable."""
        with self._lock:
            self._closed = True
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    # --- collections and what is noted on them -----------------------------------------------

    def aliases(self) -> dict[str, str]:
        """Collection by alias."""
        found = self.ask("listing aliases", lambda c: c.get_aliases()).aliases
        return {a.alias_name: a.collection_name for a in found}

    def names(self) -> list[str]:
        """All collections, sorted."""
        return sorted(c.name for c in self.ask("listing collections", lambda c: c.get_collections()).collections)

    def version(self) -> str:
        """The version of the Qdrant that answers, as ``1.16.3``."""
        return str(self.ask("asking for the version", lambda c: c.info()).version)

    def sizes(self) -> dict[str, int]:
        """Bytes of vectors and payload by collection, on the node that answers; empty where that is not told."""
        try:
            told = self.ask("asking for sizes", _telemetry)
        except StoreUnavailable:
            raise
        except StoreError as error:  # a key for some collections only, or a Qdrant that words it otherwise
            _log.info("%s", error)
            return {}
        try:
            return {c["id"]: _bytes_of(c) for c in told["result"]["collections"]["collections"]}
        except (KeyError, TypeError):
            return {}

    def nodes(self) -> int:
        """How many nodes the cluster has; 1 for a server that is none."""
        found = self.ask("asking for the nodes", lambda c: c.cluster_status())
        return len(getattr(found, "peers", None) or "1")

    def replicas(self, name: str) -> int:
        """How many nodes hold a collection whole and ready: what the shard with the fewest has."""
        found = self.ask(f"looking where {name!r} lies", lambda c: c.collection_cluster_info(name))
        everywhere: list[models.LocalShardInfo | models.RemoteShardInfo] = [*found.local_shards, *found.remote_shards]
        ready = Counter(s.shard_id for s in everywhere if s.state == models.ReplicaState.ACTIVE)
        return min((ready[s.shard_id] for s in everywhere), default=0)

    def strict(self, name: str) -> bool:
        """Whether the server limits what may be asked of a collection. Raises CollectionNotFound."""
        mode = self.describe(name).config.strict_mode_config
        return bool(mode is not None and mode.enabled)

    def describe(self, name: str) -> models.CollectionInfo:
        """What the server says of a collection. Raises CollectionNotFound."""
        return self.ask(f"looking at collection {name!r}", lambda c: c.get_collection(name))

    def facts(self, name: str) -> dict[str, Any] | None:
        """What we noted on a collection, None when it is not ours. Raises CollectionNotFound."""
        noted = (self.describe(name).config.metadata or {}).get(_KEY)
        return noted if isinstance(noted, dict) else None

    def note(self, name: str, facts: Mapping[str, Any]) -> None:
        """Note `facts` on a collection, in place of what was noted before."""
        self.ask(f"noting on {name!r}", lambda c: c.update_collection(name, metadata={_KEY: dict(facts)}))

    def create(self, name: str, facts: Mapping[str, Any], **config: Any) -> None:
        """A new collection with `facts` noted on it. Raises StoreError when the name is taken."""
        try:
            self.ask(f"creating {name!r}", lambda c: c.create_collection(name, metadata={_KEY: dict(facts)}, **config))
        except StoreError:
            # Sent twice, the second finds the collection of the first.
            noted = self.facts(name) if name in self.names() else None
            if not noted or noted.get("build") != facts.get("build"):
                raise

    def delete(self, name: str) -> None:
        """Remove a collection; an unknown one is ignored."""
        self.ask(f"removing {name!r}", lambda c: c.delete_collection(name))

    def point(self, alias: str, name: str) -> None:
        """Let `alias` name collection `name`, in one step for all readers."""
        to = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=name, alias_name=alias))
        off = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        steps: Sequence[Any] = [off, to] if alias in self.aliases() else [to]
        self.ask(f"making {name!r} live", lambda c: c.update_collection_aliases(steps))

    def unpoint(self, alias: str) -> None:
        """Remove an alias; an unknown one is ignored."""
        off = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        if alias in self.aliases():
            self.ask(f"removing alias {alias!r}", lambda c: c.update_collection_aliases([off]))

    # --- connections --------------------------------------------------------------------------

    def _turn_from(self, place: int) -> None:
        with self._lock:
            if self._first == place:
                self._first = (place + 1) % len(self.options.urls)

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"The connection to {self.url} is closed.")

    def _client(self, url: str) -> QdrantClient:
        self._require_open()
        client = self._clients.get(url)
        if client is not None:
            return client
        made = self._connected(url)  # without the lock: a silent server must not make others wait in a row
        with self._lock:
            kept = made if self._closed else self._clients.setdefault(url, made)
        if kept is not made or self._closed:
            made.close()
        self._require_open()
        return kept

    def _connected(self, url: str) -> QdrantClient:
        options, parts = self.options, urlsplit(url)
        secure = parts.scheme == "https"
        client = QdrantClient(
            url=url,
            port=parts.port or (443 if secure else 80),
            https=secure,
            headers=_headers(url, options.api_key),
            grpc_port=options.grpc_port or 6334,
            timeout=math.ceil(options.timeout_s),
            check_compatibility=False,
            # A kept connection without TLS costs 30 ms a request: its headers and body come in two
            # packets, and the server waits for the second one.
            transport=TimedTransport(self.left, self._trusted, secure, self._silences[url]),
            grpc_options=_grpc_options(options, secure),
        )
        try:
            _require_version(client, shown(url))
        except BaseException:
            client.close()
            raise
        return client

    def _note_grpc(self, url: str, error: grpc.RpcError) -> None:
        _log.warning(
            "%s: gRPC port %d gives no answer (%s), REST does; using REST for %g s. Is it the port of this Qdrant? "
            "TECHFINDER_QDRANT_GRPC_PORT=0 uses REST for good.",
            shown(url),
            self.options.grpc_port,
            details_of(error),
            _REST_S,
        )
        self._rest_until[url] = time.monotonic() + _REST_S


def _telemetry(client: QdrantClient) -> dict[str, Any]:
    """Its telemetry as it comes: the client's own model of it fits one version of the server."""
    found: dict[str, Any] = client.http.client.request(
        type_=dict, method="GET", url="/telemetry", params={"details_level": str(_WITH_SHARDS)}
    )
    return found


def _bytes_of(collection: Mapping[str, Any]) -> int:
    shards = [s["local"] for s in collection["shards"] if s["local"]]
    return sum(int(s["vectors_size_bytes"]) + int(s["payloads_size_bytes"]) for s in shards)


def _cause(problem: StoreError) -> Exception:
    return problem.__cause__ if isinstance(problem.__cause__, Exception) else problem


def _headers(url: str, api_key: str) -> dict[str, str]:
    """The key, and the password of an address, as a proxy in front of Qdrant may ask for one."""
    parts = urlsplit(url)
    headers = {"api-key": api_key} if api_key else {}
    if parts.username or parts.password:
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return headers


def _grpc_options(options: ServerOptions, secure: bool) -> dict[str, Any] | None:
    return {"root_certificates": options.ca.read_bytes()} if options.ca and secure else None


def _require_version(client: QdrantClient, url: str) -> None:
    """Raise StoreError unless a Qdrant answers whose version is at most one minor away from the client's."""
    info = client.info()
    ours, theirs = version("qdrant-client"), str(info.version)
    if "qdrant" not in str(info.title).lower():
        raise StoreError(f"{url} answers as {cut(info.title)}, not as Qdrant. Set TECHFINDER_QDRANT_URL to a Qdrant.")
    try:
        (major, minor), (their_major, their_minor) = (map(int, v.split(".")[:2]) for v in (ours, theirs))
    except ValueError as error:
        raise StoreError(f"{url} says its version is {cut(theirs)}; expected one like 1.17.1.") from error
    if major != their_major or abs(minor - their_minor) > 1:
        raise StoreError(
            f"{url} runs Qdrant {theirs}, the client is {ours}: more than one minor version apart, so answers could "
            f"be wrong. Run a server {major}.{minor - 1} to {major}.{minor + 1}, or install a fitting qdrant-client."
        )
