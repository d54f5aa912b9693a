"""A generation that was sealed elsewhere, as the next one of a collection: its files are moved, not made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder.errors import StoreError
from techfinder.store.failures import failure
from techfinder.store.folders import remove_folder

if TYPE_CHECKING:
    from techfinder.models import GenerationInfo
    from techfinder.store.edge.generations import Generations, Sealed, WriteLock

__all__ = ["Adopted"]


class Adopted:
    """What a writer is once it has sealed: it can be published, or discarded."""

    def __init__(self, generations: Generations, sealed: Sealed, lock: WriteLock, keep: int) -> None:
        """Move it here, under the number that is next. `lock` is held from here on. Raises StoreError."""
        self._generations, self._lock, self._keep = generations, lock, keep
        number, self._folder = generations.begin()
        try:
            self._folder.rmdir()
            sealed.folder.rename(self._folder)
            self._sealed = sealed.moved(self._folder, number)
            self._sealed.check()
        except OSError as error:
            remove_folder(self._folder)
            raise failure(f"{self._folder} cannot be written", error, StoreError) from error
        except BaseException:
            remove_folder(self._folder)
            raise

    @property
    def info(self) -> GenerationInfo:
        """What it is here."""
        return self._sealed.info

    def publish(self) -> GenerationInfo:
        """Make it live, in one step. Raises StoreError."""
        self._generations.publish(self._sealed, self._keep)
        self.discard()
        return self._sealed.info

    def discard(self) -> None:
        """Drop it unless it is live, and free the lock."""
        remove_folder(self._folder)
        self._lock.release()
