"""What a Finder searches with: settings, plugins, schema, store and encoder, each opened when it is first needed."""

from __future__ import annotations

import threading

from techfinder.encoding import CheckedEncoder
from techfinder.errors import EncoderError, FingerprintMismatch, StoreError
from techfinder.interfaces import Collection, EncoderEntry, Store
from techfinder.models import GenerationInfo
from techfinder.plugins import Plugins
from techfinder.query_encoders import QueryEncoders
from techfinder.registry.fetched import with_fetched
from techfinder.schema import Schema
from techfinder.sensitivity import chosen_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.warmup import EncoderState, Warmup

__all__ = ["Opened"]

_LOOK_S = 0.5


class Opened:
    """Safe for many threads.

    Attributes:
        settings, schema, plugins: What it was made from.
        stopping: Set when a server that answers from this object is about to stop: what would go on for
            long, such as a stream of events, is to end.
    """

    def __init__(self, settings: Settings, plugins: Plugins | None = None, schema: Schema | None = None) -> None:
        """Read the schema unless it is given, ask the plugins. Raises SchemaError, SettingsError, PluginLoadError."""
        self.settings = settings
        self.schema: Schema = schema or chosen_schema(settings)
        self.plugins = plugins if plugins is not None else Plugins.load(settings)
        self.stopping = threading.Event()
        self._lock, self._opening = threading.Lock(), threading.Lock()
        self._store: Store | None = None
        self._collection: Collection | None = None
        self._encoders = QueryEncoders(self._entry_of, settings.threads // 2)

    @property
    def store(self) -> Store:
        """The store that the settings select; opened at the first use."""
        with self._opening:
            if self._store is None:
                self._store = open_store(self.settings)
            return self._store

    def collection(self) -> Collection:
        """The reader of the live generation. Raises CollectionNotFound when there is none."""
        with self._lock:
            if self._collection is None:
                self._collection = self.store.open(self.settings.collection, self._encoders.prepare)
            return self._collection

    def reader(self) -> Collection:
        """One more reader of the live generation, for whoever must not keep others waiting; it closes with the store.

        Raises CollectionNotFound when there is none.
        """
        return self.store.open(self.settings.collection)

    def generation(self) -> GenerationInfo:
        """What answers now. Raises CollectionNotFound when nothing has been indexed."""
        return self.collection().info()

    def _readable_collection(self) -> Collection:
        """The collection, when it holds what the schema in use says."""
        collection = self.collection()
        self.require_readable(collection.info())
        return collection

    def require_readable(self, live: GenerationInfo) -> None:
        """Raise FingerprintMismatch when a generation was made with another schema than the one in use.

        One that was edited since asks for what is not stored, or means something else by it.
        """
        if (live.schema, live.template) != (self.schema.name, self.schema.template):
            raise FingerprintMismatch(
                f"Collection {live.collection!r} was indexed with schema {live.schema!r} as it was then (text template "
                f"{live.template}); the schema in use is {self.schema.name!r} ({self.schema.template}). Index again "
                "with --rebuild, or select what it was made with: TECHFINDER_SCHEMA_FILE, TECHFINDER_FIELD_ROLES."
            )

    def close(self) -> None:
        """Close the store's readers. The Finder cannot be used afterwards."""
        self.stopping.set()
        with self._lock:
            if self._collection is not None:
                self._collection.close()
            if self._store is not None:
                self._store.close()

    # --- the encoder ----------------------------------------------------------------------

    def encoder_entry(self) -> EncoderEntry:
        """The encoder to build with: the one that the settings name, else the one that what is live was built with.

        Where neither says anything it is the installed one with the lowest rank. Raises SettingsError when no plugin
        offers it.
        """
        if not self.settings.encoder and (made := self._made()) is not None:
            return made
        return self.encoder_named(self.settings.encoder)

    def encoder_named(self, name: str) -> EncoderEntry:
        """The installed encoder of that name. Raises SettingsError when no plugin offers it."""
        return with_fetched(self.plugins.encoder(name), self.settings.home)

    def encoder_of(self, generation: GenerationInfo) -> CheckedEncoder:
        """The encoder that made a generation, loaded. Raises FingerprintMismatch, EncoderError."""
        return self._encoders.loaded(generation)

    def encoder_state(self) -> EncoderState:
        """Whether the encoder is ready; ``failed`` keeps its error for the next search."""
        return self._warmup.state

    def encoder_loading_s(self) -> float:
        """For how many seconds the encoder has been loading; 0.0 when it is not."""
        return self._warmup.loading_s

    def encoder_error(self) -> EncoderError | None:
        """Why the encoder failed to load; None when it did not fail."""
        return self._warmup.error

    def start_encoder(self) -> None:
        """Begin loading the encoder in the background, unless it has begun already."""
        looking = threading.Thread(target=lambda: self._warmup.start(), name="encoder-start", daemon=True)
        looking.start()  # a server that does not answer must not keep the page from coming up
        looking.join(_LOOK_S)

    def load_encoder(self) -> CheckedEncoder:
        """The encoder, loaded now if need be. Raises EncoderError."""
        return self._warmup.load()

    @property
    def _warmup(self) -> Warmup:
        """Of the encoder that questions go through now."""
        made = self._made()
        return self._encoders.of(made) if made else self._encoders.selected(self.encoder_entry, self.settings.encoder)

    def _made(self) -> EncoderEntry | None:
        """The encoder that what is live was built with; None when nothing is live, or nobody offers it."""
        name, opened = self.settings.collection, self._collection
        try:
            found = [opened.info()] if opened else [g for g in self.store.collections() if g.collection == name]
        except StoreError:  # whoever needs the store is told
            return None
        return self._encoders.made(found[0]) if found else None

    def _entry_of(self, fingerprint: str) -> EncoderEntry | None:
        offered = (e for e in self.plugins.encoders().values() if e.info.fingerprint == fingerprint)
        entry = next(offered, None)
        return with_fetched(entry, self.settings.home) if entry else None
