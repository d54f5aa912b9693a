"""The people: schema, store and encoder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from techfinder.doctor.examining import Finding, ok, problem, warning
from techfinder.encoding import CheckedEncoder
from techfinder.errors import EncoderError, StoreError, StoreUnavailable
from techfinder.registry.fetched import find_fetched, with_fetched
from techfinder.settings import LOOPBACK
from techfinder.store import open_store

if TYPE_CHECKING:
    from techfinder.doctor.case import Case
    from techfinder.interfaces import EncoderEntry
    from techfinder.models import GenerationInfo
    from techfinder.store.server.store import ServerStore

__all__ = ["encoder", "schema", "store", "weights"]

_INDEX = "techfinder index SOURCE"
_NO_KEY = SecretStr("")


def schema(case: Case) -> Iterator[Finding]:
    """Whether the schema can be used, and is the one that what is live was made with."""
    found, live = case.schema, case.live
    if live is not None and (live.schema, live.template) != (found.name, found.template):
        yield problem(
            f"Collection {live.collection!r} was indexed with schema {live.schema!r} as it was then; the one in use is "
            f"{found.name!r}, and asks for what is not stored.",
            f"{_INDEX} --rebuild, or select what it was made with: TECHFINDER_SCHEMA_FILE, TECHFINDER_FIELD_ROLES",
        )
    else:
        yield ok(f"{found.name}: {len(found.fields)} fields, {len(found.attributes)} attributes.")


def store(case: Case) -> Iterator[Finding]:
    """Whether the store answers, and holds what was written."""
    place, damaged = case.store.place(), case.store.damaged()
    for name, message in damaged.items():
        way_out = case.store.way_out(name)
        yield problem(message.replace(way_out, "").rstrip(), way_out)
    live = case.live
    if live is None and case.settings.collection not in damaged:
        yield warning(f"Nothing is indexed in {place} as {case.settings.collection!r}.", _INDEX)
    elif live is not None and live.collection not in damaged:
        yield from _whole(case, live, place)
    if case.settings.store == "server":
        yield from _server(case)


def weights(case: Case) -> Iterator[Finding]:
    """Whether the files of the encoder are there, and are those that were hashed."""
    entry = _entry(case)
    if entry.files is None:
        yield ok(f"Encoder {entry.info.name!r} has no files of its own.")
        return
    try:
        entry.files.find()
    except EncoderError:
        if find_fetched(case.settings.home, entry.info.fingerprint) is None:
            raise
        yield ok(f"The files of encoder {entry.info.name!r} were fetched from MLflow, and have their hashes.")
    else:
        yield ok(f"The files of encoder {entry.info.name!r} are there, and have their hashes.")


def encoder(case: Case) -> Iterator[Finding]:
    """Whether the encoder loads and encodes; only where there is time for that."""
    entry = with_fetched(_entry(case), case.settings.home)
    if not case.deep:
        yield ok(f"Encoder {entry.info.name!r} is offered; --deep also loads it.")
        return
    started = time.perf_counter()
    loaded = CheckedEncoder(entry)
    between = time.perf_counter()
    loaded.encode_query("warm up")
    took_ms = 1000 * (time.perf_counter() - between)
    yield ok(f"Encoder {entry.info.name!r} loads in {between - started:.1f} s and encodes in {took_ms:.0f} ms.")


def _entry(case: Case) -> EncoderEntry:
    """The encoder that questions go through. Raises SettingsError, EncoderError."""
    live = case.live
    if live is None:
        return case.plugins.encoder(case.settings.encoder)
    made = next((e for e in case.plugins.encoders().values() if e.info.fingerprint == live.encoder), None)
    if made is None:
        raise EncoderError(
            f"Collection {live.collection!r} was encoded by {live.encoder}, which no plugin offers: sentences cannot "
            "be ranked."
        )
    return made


def _whole(case: Case, live: GenerationInfo, place: str) -> Iterator[Finding]:
    told = f"{place}: generation {live.number} of {live.collection!r} with {live.points:,} people"
    if not case.deep:
        yield ok(f"{told}, whole at a cheap look.")
        return
    found = case.store.verify(live.collection)
    if found:
        yield problem(f"{told} is damaged: {'; '.join(found)}.", case.store.way_out(live.collection))
    else:
        yield ok(f"{told}; every point is as it was written.")


def _server(case: Case) -> Iterator[Finding]:
    """What only a server can have wrong."""
    from techfinder.store.server.store import ServerStore

    server = case.store
    if not isinstance(server, ServerStore):
        return
    yield from _key(case)
    lax = [name for name, strict in server.strict().items() if not strict]
    if lax:
        yield warning(
            f"The server lets anybody ask {', '.join(lax)} for what costs it dearly: strict mode is off.",
            "Start Qdrant with QDRANT__STORAGE__COLLECTION__STRICT_MODE__ENABLED=true, as docker-compose.yml does; "
            f"for what is there: curl -X PATCH {_key_header(case)}-H 'Content-Type: application/json' "
            f"{server.url}/collections/{lax[0]} "
            """-d '{"strict_mode_config": {"enabled": true}}'""",
        )
    yield from _spread(server)


def _key_header(case: Case) -> str:
    """What a command needs where the server has a key, which is not shown."""
    return "-H 'api-key: KEY' " if case.settings.qdrant_api_key.get_secret_value() else ""


def _key(case: Case) -> Iterator[Finding]:
    """Whether whoever reaches the server reads it."""
    hosts = {urlsplit(url.strip()).hostname or "" for url in case.settings.qdrant_url.split(",")}
    given = bool(case.settings.qdrant_api_key.get_secret_value())
    if hosts <= set(LOOPBACK) and not given:
        return
    keyless = open_store(case.settings.model_copy(update={"qdrant_api_key": _NO_KEY, "store_timeout_s": 5.0}))
    try:
        keyless.collections()
    except StoreUnavailable:
        raise
    except StoreError:
        yield ok("The server asks for its key.")
    else:
        yield warning(
            "The server answers whoever reaches it, without a key.",
            "Start Qdrant with QDRANT__SERVICE__API_KEY, and set the same as TECHFINDER_QDRANT_API_KEY.",
        )
    finally:
        keyless.close()


def _spread(server: ServerStore) -> Iterator[Finding]:
    nodes = server.nodes()
    if nodes == 1:
        return
    single = [name for name, copies in server.replicas().items() if copies < 2]
    if single:
        yield warning(
            f"The cluster has {nodes} nodes, and {', '.join(single)} is whole on one of them alone.",
            f"Start the nodes that are missing; what was made before there were several: {_INDEX} --rebuild",
        )
    else:
        yield ok(f"The cluster has {nodes} nodes, and every collection is whole on two at least.")
