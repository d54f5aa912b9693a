"""An export as a stream: the file, and a manifest that says what it holds and where that comes from.

The manifest counts and hashes what was sent, so it can be known only at the end. It travels behind the file in one
zip: both come from one request and one generation, cannot be parted, and are never held in memory. A second request for
the manifest would have to make the whole file again to hash it, and might meet other people; a header comes too early.
A zip that breaks off has no directory and does not open, so half an export cannot be taken for a whole one.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from techfinder.exporting.formats import Format
from techfinder.exporting.table import Table
from techfinder.models import Profile, SearchResult
from techfinder.plan import QueryPlan
from techfinder.schema import Schema

__all__ = ["Export", "Manifest"]

MANIFEST = "manifest.json"

Batches = Iterable[Sequence[Profile]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an exported file holds, and where that comes from.

    Attributes:
        file: Its name.
        format, rule: What kind of file it is, and what a reader must know.
        columns: Its columns; empty where it has none.
        count: How many people are in it.
        total: How many fulfil the plan; more than `count` when only the first were asked for.
        bytes: Its size.
        sha256: Of its content, in hex.
        created_at: When it was begun; UTC, ISO 8601.
        plan: What was asked for.
        schema, collection, generation, revision, digest: What answered: names, numbers, and the digest over everybody
            in that generation.
        encoder: Fingerprint of the encoder that made the vectors.
        techfinder: Version of what made it.
    """

    file: str
    format: str
    rule: str
    columns: tuple[str, ...]
    count: int
    total: int
    bytes: int
    sha256: str
    created_at: str
    plan: dict[str, Any]
    schema: str
    collection: str
    generation: int
    revision: int
    digest: str
    encoder: str
    techfinder: str

    def named(self, file: str) -> Manifest:
        """The manifest of the same file under another name."""
        return replace(self, file=file)

    def json(self) -> str:
        """As the text of a file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


class Export:
    """One export, to be streamed once.

    Attributes:
        format: What kind of file it is.
        name: The file's name.
        ranked_by: What orders the people; see :class:`techfinder.models.SearchResult`.
        manifest: What was sent; None until everything was.
    """

    def __init__(self, plan: QueryPlan, schema: Schema, kind: Format, first: SearchResult, batches: Batches) -> None:
        """Prepare to send `batches`, all of the generation that answered `first`, what the first of them comes from."""
        self.format, self.ranked_by = kind, first.ranked_by
        self.name = f"{first.generation.collection}.{kind.ending}"
        self.manifest: Manifest | None = None
        self._plan, self._schema, self._first, self._batches = plan, schema, first, batches

    def chunks(self) -> Iterator[bytes]:
        """The file. Raises what the batches raise; nothing that was sent before is whole then."""
        table, hashed, count, size = Table(self._schema), hashlib.sha256(), 0, 0
        begun = datetime.now(UTC).isoformat(timespec="seconds")
        for part in self._parts(table):
            count += part[0]
            size += len(part[1])
            hashed.update(part[1])
            yield part[1]
        self.manifest = self._manifest(table, count, size, hashed.hexdigest(), begun)

    def bundle(self) -> Iterator[bytes]:
        """A zip of the file and its manifest."""
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
            with packed.open(self._entry(self.name), "w", force_zip64=True) as file:
                for chunk in self.chunks():
                    file.write(chunk)
                    yield sink.taken()
            assert self.manifest is not None
            packed.writestr(self._entry(MANIFEST), self.manifest.json())
        yield sink.taken()

    def _parts(self, table: Table) -> Iterator[tuple[int, bytes]]:
        yield 0, self.format.head(table)
        for batch in self._batches:
            yield len(batch), self.format.body(table, batch)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        made = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        made.compress_type = zipfile.ZIP_DEFLATED
        made.external_attr = 0o644 << 16
        return made

    def _manifest(self, table: Table, count: int, size: int, sha256: str, begun: str) -> Manifest:
        live = self._first.generation
        return Manifest(
            file=self.name,
            format=self.format.name,
            rule=self.format.rule,
            columns=() if self.format.name == "ids" else table.columns,
            count=count,
            total=self._first.total,
            bytes=size,
            sha256=sha256,
            created_at=begun,
            plan=self._plan.model_dump(mode="json", exclude={"limit", "offset"}),
            schema=live.schema,
            collection=live.collection,
            generation=live.number,
            revision=live.revision,
            digest=live.digest,
            encoder=live.encoder,
            techfinder=version("techfinder"),
        )


class _Sink(io.RawIOBase):
    """A file that cannot seek, whose content is taken away as it is written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        self._parts.append(bytes(chunk))
        return len(chunk)

    def taken(self) -> bytes:
        """What was written since."""
        made = b"".join(self._parts)
        self._parts.clear()
        return made
