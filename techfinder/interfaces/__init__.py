"""What plugins and stores implement."""

from techfinder.interfaces.plugins import (
    Encoder,
    EncoderEntry,
    EncoderFiles,
    EncoderInfo,
    Filter,
    FilterEntry,
    FilterOption,
    GaugeEntry,
    Generator,
    Source,
    SourceEntry,
)
from techfinder.interfaces.stores import (
    Collection,
    CollectionSpec,
    FacetRequest,
    Ledger,
    Point,
    Scan,
    ScoredPoint,
    Store,
    Writer,
)

__all__ = [
    "Collection",
    "CollectionSpec",
    "Encoder",
    "EncoderEntry",
    "EncoderFiles",
    "EncoderInfo",
    "FacetRequest",
    "Filter",
    "FilterEntry",
    "FilterOption",
    "GaugeEntry",
    "Generator",
    "Ledger",
    "Point",
    "Scan",
    "ScoredPoint",
    "Source",
    "SourceEntry",
    "Store",
    "Writer",
]
