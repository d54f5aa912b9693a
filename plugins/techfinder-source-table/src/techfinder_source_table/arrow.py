"""Arrow columns as cells: a value that cannot be one is refused by itself, not with its whole column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from techfinder.errors import cut
from techfinder_source_table.cells import UTF8, too_long, unclean

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Refused", "cells_of"]

_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


class Refused:
    """Stands in a cell that cannot be taken: the value and what was expected."""

    def __init__(self, value: str, expected: str) -> None:
        """Keep the value as text, and what was expected instead."""
        self.value, self.expected = value, expected


def cells_of(column: pa.Array, max_cell_chars: int) -> list[object]:
    """A column as cells: text, numbers, booleans, None, tuples of text (tags), or Refused.

    Args:
        column: Of any type; of a dictionary-encoded one each different value is converted once.
        max_cell_chars: Longest text accepted.
    """
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_nested(column.type):
        return _lists(column, max_cell_chars)
    if pa.types.is_dictionary(column.type):
        return _shared_cells(column, max_cell_chars)
    if (long := _long(column, 4 * max_cell_chars)).any():
        return _without_long(column, long, max_cell_chars)
    convert = _converter(column.type, max_cell_chars)
    values = _times(column) if pa.types.is_time(column.type) else _values(column)
    if convert is None:
        return values
    return [v if v is None or isinstance(v, Refused) else convert(v) for v in values]


def _without_long(column: pa.Array, long: NDArray[np.bool_], max_cell_chars: int) -> list[object]:
    """Cells of a column of text, where those that are too long are refused without being copied."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = cells_of(pc.if_else(pa.array(long), pa.scalar(None, column.type), column), max_cell_chars)
    for place in np.flatnonzero(long).tolist():
        cells[place] = _refused_text(column[place], max_cell_chars)
    return cells


def _shared_cells(column: pa.DictionaryArray, max_cell_chars: int) -> list[object]:
    """Cells of a dictionary-encoded column: only the values that occur are converted, each once."""
    import numpy as np
    import pyarrow as pa

    places = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    used, place = np.unique(places, return_inverse=True)
    known = used[used >= 0]
    long = _long(column.dictionary, 4 * max_cell_chars)[known]
    short = iter(cells_of(column.dictionary.take(pa.array(known[~long])), max_cell_chars))
    table: list[object] = [None] if len(known) < len(used) else []
    for position, is_long in zip(known.tolist(), long.tolist(), strict=True):
        table.append(_refused_text(column.dictionary[position], max_cell_chars) if is_long else next(short))
    return [table[p] for p in place.tolist()]


def _long(column: pa.Array, limit: int) -> NDArray[np.bool_]:
    """Which texts have more bytes than `limit`: they are never copied."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return np.zeros(len(column), dtype=bool)
    long: NDArray[np.bool_] = pc.binary_length(column).fill_null(0).to_numpy() > limit
    return long


def _refused_text(value: pa.Scalar, max_cell_chars: int) -> Refused:
    start = value.as_buffer().slice(0, 200).to_pybytes()
    return Refused(start.decode(errors="replace"), too_long(max_cell_chars))


def _values(column: pa.Array) -> list[Any]:
    """Python values; text as bytes, because a single bad byte would fail the whole column."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        column = column.view(pa.binary())
    elif pa.types.is_large_string(column.type):
        column = column.view(pa.large_binary())
    if (expected := _unknown_zone(column.type)) and column.null_count < len(column):
        return [Refused(str(column.type), expected) if valid else None for valid in column.is_valid().to_pylist()]
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        return [_value(scalar) for scalar in column]
    return values


def _value(scalar: pa.Scalar) -> object:
    """One value of a column that holds some which Python cannot."""
    import pyarrow as pa

    try:
        return scalar.as_py()
    except (ValueError, OverflowError, pa.ArrowException) as error:
        if isinstance(error, UnicodeDecodeError):
            return Refused(error.object[:200].decode(errors="replace"), UTF8)
        temporal = pa.types.is_temporal(scalar.type)
        expected = "a date from the year 1 to 9999" if temporal else f"a value that can be read, but {error}"
        return Refused(f"{getattr(scalar, 'value', '')} as {scalar.type}", expected)


def _unknown_zone(kind: pa.DataType) -> str:
    """What was expected instead of moments in a time zone that this machine does not know; empty when it does."""
    import pyarrow as pa

    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return ""
    try:
        pa.scalar(0, kind).as_py()
    except (ValueError, LookupError, OSError, pa.ArrowException):
        return f"a time zone that this machine knows, not {cut(kind.tz)}: install tzdata, or convert to UTC"
    return ""


def _times(column: pa.Array) -> list[Any]:
    """Times of day; one outside the day is refused, where pyarrow would go on counting from midnight."""
    import pyarrow as pa

    unit = column.type.unit
    ticks = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64()).to_pylist()
    return [
        value if tick is None or 0 <= tick < _DAY[unit] else Refused(f"{tick} {unit}", "a time within one day")
        for tick, value in zip(ticks, _values(column), strict=True)
    ]


def _converter(kind: pa.DataType, max_cell_chars: int) -> Callable[[Any], object] | None:
    """How a value becomes a cell; None when it is one already."""
    import pyarrow as pa

    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return None
    if pa.types.is_floating(kind):
        return _float
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return _moment
    return lambda value: _text(value, max_cell_chars)


def _float(value: float) -> object:
    if value != value:
        return None
    return value if abs(value) != float("inf") else Refused(str(value), "a finite number, or null when it is not known")


def _moment(value: date | datetime | time) -> str:
    """ISO text; a moment at midnight without zone is a date."""
    text = value.isoformat()
    return text.removesuffix("T00:00:00")


def _text(value: object, max_cell_chars: int) -> object:
    if isinstance(value, bytes) and len(value) > 4 * max_cell_chars:
        return Refused(value[:200].decode(errors="replace"), too_long(max_cell_chars))
    text = value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
    expected = unclean(text, max_cell_chars)
    return Refused(text[:200], expected) if expected else text


def _lists(column: pa.Array, max_cell_chars: int) -> list[object]:
    """Lists of plain values as tags; any other nested value is refused."""
    import pyarrow as pa

    is_list = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    if not is_list or pa.types.is_nested(column.type.value_type):
        refused = Refused(str(column.type), "a plain value or a list of plain values")
        return [refused if valid else None for valid in column.is_valid().to_pylist()]
    items = cells_of(column.flatten(), max_cell_chars)
    cells: list[object] = []
    start = 0
    for length in column.value_lengths().to_pylist():
        cells.append(None if length is None else _tags(items[start : start + length]))
        start += length or 0
    return cells


def _tags(items: list[object]) -> object:
    bad = next((i for i in items if isinstance(i, Refused)), None)
    return bad or tuple(str(i) for i in items if i is not None)
