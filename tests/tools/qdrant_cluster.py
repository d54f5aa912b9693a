"""Three real Qdrant servers as one cluster, as processes, with two copies of everything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import get_qdrant
from qdrant_process import QdrantProcess

__all__ = ["running_cluster"]


@contextmanager
def running_cluster(folder: Path, nodes: int = 3, **variables: str) -> Iterator[list[QdrantProcess]]:
    """The servers, each of which knows the others; the first one is what the others joined."""
    with ExitStack() as held:
        first = ""
        made = []
        for number in range(nodes):
            own = folder / f"node{number}"
            own.mkdir()
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            cluster = {
                "QDRANT__CLUSTER__ENABLED": "true",
                "QDRANT__CLUSTER__P2P__PORT": str(port),
                "QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR": "2",
            }
            node = QdrantProcess(get_qdrant.BINARY, own, **cluster, **variables)
            here = f"http://127.0.0.1:{port}"
            node.arguments = ("--uri", here, *(("--bootstrap", first) if first else ()))
            first = first or here
            made.append(held.enter_context(node))
        yield made
