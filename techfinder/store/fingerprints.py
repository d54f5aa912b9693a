"""Which builds may be mixed: vectors of one encoder, texts of one template, values of one schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from techfinder.errors import FingerprintMismatch
from techfinder.interfaces import CollectionSpec
from techfinder.models import GenerationInfo

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["info_of", "refuse_other_kind", "spec_of"]

_FACTS = ("dim", "similarity", "encoder", "template", "schema")


def spec_of(info: GenerationInfo, attributes: Mapping[str, str]) -> CollectionSpec:
    """What a generation was built as: a fresh one of this kind can hold the same points."""
    similarity: Literal["cosine", "dot"] = "cosine" if info.similarity == "cosine" else "dot"
    return CollectionSpec(
        info.collection, info.dim, similarity, info.encoder, info.template, info.schema, dict(attributes)
    )


def info_of(spec: CollectionSpec, number: int, points: int, digest: str, exact: bool) -> GenerationInfo:
    """What a generation that is being sealed now says of itself."""
    return GenerationInfo(
        collection=spec.name,
        number=number,
        points=points,
        dim=spec.dim,
        similarity=spec.similarity,
        encoder=spec.encoder,
        template=spec.template,
        schema=spec.schema,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        digest=digest,
        exact=exact,
    )


def refuse_other_kind(spec: CollectionSpec, live: GenerationInfo, attributes: Mapping[str, str]) -> None:
    """Raise FingerprintMismatch naming what differs unless `spec` fits the live generation and its `attributes`."""
    differing = [
        f"{f}: {getattr(live, f)!r} there, {getattr(spec, f)!r} now"
        for f in _FACTS
        if getattr(live, f) != getattr(spec, f)
    ]
    if dict(spec.attributes) != dict(attributes):
        changed = sorted(set(spec.attributes.items()) ^ set(attributes.items()))
        differing.append(f"attributes: {', '.join(dict.fromkeys(k for k, _ in changed[:10]))}")
    if differing:
        raise FingerprintMismatch(
            f"Collection {spec.name!r} was built differently ({'; '.join(differing)}). "
            "Index again with --rebuild, or use the settings that it was built with."
        )
