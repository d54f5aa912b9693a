"""What a collection must look like for a schema and an encoder, and whether the live one does."""

from __future__ import annotations

from techfinder.errors import IndexingError
from techfinder.interfaces import CollectionSpec, EncoderInfo
from techfinder.models import GenerationInfo
from techfinder.schema import Schema

__all__ = ["collection_spec", "require_same_build"]


def collection_spec(name: str, schema: Schema, info: EncoderInfo) -> CollectionSpec:
    """What a collection of these profiles and vectors must look like in a store."""
    return CollectionSpec(
        name=name,
        dim=info.dim,
        similarity=info.similarity,
        encoder=info.fingerprint,
        template=schema.template,
        schema=schema.name,
        attributes={a.key: a.storage for a in schema.attributes.values()},
    )


def require_same_build(live: GenerationInfo, spec: CollectionSpec) -> None:
    """Raise IndexingError when the live generation was made in another way than `spec` says."""
    differences = [
        f"{name} {getattr(live, name)!r} (now {getattr(spec, name)!r})"
        for name in ("schema", "encoder", "template")
        if getattr(live, name) != getattr(spec, name)
    ]
    if differences:
        raise IndexingError(
            f"The live generation of {spec.name!r} was made with {', '.join(differences)}; its vectors cannot be "
            f"mixed with new ones. Run again with --rebuild and an input that holds everyone."
        )
