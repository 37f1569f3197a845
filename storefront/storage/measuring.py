"""A stream that counts, hashes and limits what is read from it."""

import hashlib
from typing import BinaryIO

from storefront.core.errors import ShopError
from storefront.storage.kinds import HEAD

N_ = str
MEGABYTE = 1_000_000


class TooLarge(ShopError):
    """More bytes than the owner allows for one file."""

    status = 413
    sentence = N_("This file is larger than %(megabytes)s MB, the most that the shop takes.")


class Measured:
    """A stream that counts, hashes and limits what is read from it, and lets its beginning be seen."""

    def __init__(self, stream: BinaryIO, limit: int, megabytes: int) -> None:
        self._stream = stream
        self._limit = limit
        self._megabytes = megabytes
        self._ahead = b""
        self._hash = hashlib.sha256()
        self.size = 0

    def peek(self) -> bytes:
        """Return the beginning, which will be read again."""
        while len(self._ahead) < HEAD and (more := self._stream.read(HEAD - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def read(self, length: int = -1) -> bytes:
        """Return up to so many bytes."""
        if self._ahead:
            wanted = len(self._ahead) if length < 0 else length
            data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        else:
            data = self._stream.read(length)
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(megabytes=self._megabytes)
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        """Return the checksum of what was read."""
        return self._hash.hexdigest()
