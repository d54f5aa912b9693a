"""Points as they travel over gRPC, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qdrant_client import grpc as messages

if TYPE_CHECKING:
    from uuid import UUID

    from techfinder.store.points import StoredPoint

__all__ = ["Record", "identity_of", "message_of", "payload_of", "record_of"]


class Record(NamedTuple):
    """A stored point, over whichever way it came."""

    id: str
    payload: dict[str, Any]
    vector: Any


def record_of(point: Any) -> Record:
    """A point of an answer. Its vector is empty where none was asked for."""
    vector = point.vectors.vector
    return Record(identity_of(point.id), payload_of(point), vector.data or vector.dense.data)


def identity_of(point: messages.PointId) -> str:
    """The id of a point: a UUID, or the number that somebody else gave it."""
    return point.uuid or str(point.num)


def message_of(identity: UUID, point: StoredPoint) -> messages.PointStruct:
    """The point, to be written."""
    return messages.PointStruct(
        id=messages.PointId(uuid=str(identity)),
        vectors=messages.Vectors(vector=messages.Vector(dense=messages.DenseVector(data=point.vector))),
        payload={key: _value(value) for key, value in point.payload.items()},
    )


def _value(value: Any) -> messages.Value:
    match value:
        case str():
            return messages.Value(string_value=value)
        case int():
            return messages.Value(integer_value=value)
        case float():
            return messages.Value(double_value=value)
        case _:
            items = [messages.Value(string_value=v) for v in value]
            return messages.Value(list_value=messages.ListValue(values=items))


def payload_of(point: Any) -> dict[str, Any]:
    """The payload of a point of an answer."""
    return {key: _read(value) for key, value in point.payload.items()}


def _read(value: messages.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [_read(v) for v in value.list_value.values]
    return None if kind in (None, "null_value", "struct_value") else getattr(value, kind)
