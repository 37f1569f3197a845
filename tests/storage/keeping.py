"""A storage with its database, for tests that keep files."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from storefront import schema
from storefront.core import db
from storefront.core.settings import Settings
from storefront.gateways.files import FileStore, make_file_store
from storefront.storage import service
from storefront.storage.models import StoredFile


def settings_for(folder: Path, **overrides: Any) -> Settings:
    """Settings of a small shop in `folder`."""
    values: dict[str, Any] = {"var_dir": folder, "secret_keys": ("k" * 40,), "storage_url": ""}
    return Settings(**(values | overrides))


def opened_storage(settings: Settings) -> FileStore:
    """The storage of `settings`, used by this process."""
    store = make_file_store(settings)
    service.configure(store, settings)
    return store


@contextmanager
def opened_shop(settings: Settings) -> Iterator[FileStore]:
    """An empty database and the storage of `settings`, used by this process."""
    engine = db.connect(settings.database_dsn)
    schema.metadata.create_all(engine)
    try:
        yield opened_storage(settings)
    finally:
        db.disconnect()


def kept(data: bytes, filename: str, *, is_public: bool = False) -> StoredFile:
    """A stored file with its row."""
    uploaded = service.upload(io.BytesIO(data), filename, is_public=is_public)
    with db.unit_of_work():
        return service.register(uploaded)


def memory() -> int:
    """Bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Endless:
    """A stream of `size` bytes that are never all there; notes how much memory is held meanwhile."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.highest_memory = 0
        self._reads = 0

    def read(self, length: int = -1) -> bytes:
        length = self.left if length < 0 else min(length, self.left)
        self.left -= length
        self._reads += 1
        if self._reads % 16 == 0 or not self.left:
            self.highest_memory = max(self.highest_memory, memory())
        return b"\x01" * length

    @property
    def stream(self) -> BinaryIO:
        return cast(BinaryIO, self)
