"""A stored object as a stream in which one can go to and fro, also where it lies at S3."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from storefront.gateways.files import NoSuchObject
from storefront.storage.service import store

_AHEAD = 64 * 1024


@contextmanager
def opened(key: str, size: int) -> Iterator[BinaryIO]:
    """Give the object for reading, with ``seek``; only what is read is fetched.

    Raises:
        NoSuchObject: it is gone. Unavailable: the storage is down.
    """
    path = store().local_path(key)
    if path is not None:
        try:
            file: BinaryIO = path.open("rb")
        except FileNotFoundError as error:
            raise NoSuchObject(key) from error
    else:
        file = io.BufferedReader(_Far(key, size), _AHEAD)
    with file:
        yield file


class _Far(io.RawIOBase):
    def __init__(self, key: str, size: int) -> None:
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # only BufferedReader calls it
        stop = min(self._at + len(buffer), self._size)
        if stop <= self._at:
            return 0
        with store().open_range(self._key, self._at, stop) as stream:
            data = stream.read()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
