"""What is examined: settings, and what they select, opened when a check first needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from techfinder.errors import SchemaError, SettingsError, StoreError
from techfinder.plugins import Plugins
from techfinder.schema import Schema
from techfinder.sensitivity import chosen_schema
from techfinder.store import open_store
from techfinder.store.sizing import free_bytes

if TYPE_CHECKING:
    from techfinder.interfaces import Store
    from techfinder.models import GenerationInfo
    from techfinder.settings import Settings

__all__ = ["Case"]

_STORE_S = 5.0
"""Longest wait for a store: whoever looks for what is wrong does not wait as whoever searches does."""


class Case:
    """One installation. What is expensive is asked once, and kept for the other checks.

    Attributes:
        settings: As they are.
        deep: Whether to take minutes where that finds more.
        free_bytes: Measures the disk that a folder is on.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        deep: bool = False,
        free: Callable[[Path], int] = free_bytes,
        plugins: Plugins | None = None,
    ) -> None:
        """Open nothing yet; `plugins` stand for those that are installed."""
        self.settings, self.deep, self.free_bytes = settings, deep, free
        self._plugins = plugins
        self._lock = threading.Lock()
        self._looked = False
        self._live: GenerationInfo | None = None

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins, broken ones too. Raises PluginLoadError where settings are strict."""
        return self._plugins or Plugins.load(self.settings)

    @cached_property
    def schema(self) -> Schema:
        """The schema in use. Raises SchemaError, SettingsError."""
        return chosen_schema(self.settings)

    @property
    def readable_schema(self) -> Schema | None:
        """The schema; None where it cannot be used, which the check of the schema tells."""
        try:
            return self.schema
        except (SchemaError, SettingsError):
            return None

    @cached_property
    def store(self) -> Store:
        """The store, which is given up on after some seconds. Raises StoreError."""
        wait_s = min(_STORE_S, self.settings.store_timeout_s)
        return open_store(self.settings.model_copy(update={"store_timeout_s": wait_s}))

    @property
    def live(self) -> GenerationInfo | None:
        """What answers; None where nothing does, or where the store cannot be asked, which its check tells."""
        with self._lock:
            if not self._looked:
                self._looked = True
                with suppress(StoreError):
                    name = self.settings.collection
                    self._live = next((g for g in self.store.collections() if g.collection == name), None)
            return self._live

    def close(self) -> None:
        """Close what was opened."""
        if "store" in self.__dict__:
            self.store.close()
