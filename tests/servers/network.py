"""Shuts the way out: a test connects to this machine and to nothing else.

Whoever tries is refused, and the test fails even when the code under test swallows the refusal. Servers
that the environment names for the tests are let through.
"""

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

_SETTINGS = ("TEST_DATABASE_URL", "TEST_REDIS_URL", "TEST_S3_URL")


class OutsideNetworkError(RuntimeError):
    """A test tried to reach something that is not on this machine."""


class NetworkGuard:
    """`attempts` lists what was refused; a test that provokes refusals on purpose clears it."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        self._allowed = {urlsplit(os.environ.get(name, "")).hostname for name in _SETTINGS} - {None}
        self._connect = socket.socket.connect
        self._connect_ex = socket.socket.connect_ex
        self._sendto = socket.socket.sendto
        self._resolve = socket.getaddrinfo

    def shut(self) -> None:
        """Refuse from now on, in the whole process."""
        guard = self

        def connect(sock: socket.socket, address: Any) -> None:
            guard.check(sock.family, address)
            return guard._connect(sock, address)

        def connect_ex(sock: socket.socket, address: Any) -> int:
            guard.check(sock.family, address)
            return guard._connect_ex(sock, address)

        def sendto(sock: socket.socket, data: Any, *rest: Any) -> int:
            guard.check(sock.family, rest[-1])
            return guard._sendto(sock, data, *rest)

        def resolve(host: Any, *rest: Any, **named: Any) -> Any:
            guard.check_host(host)
            found = guard._resolve(host, *rest, **named)
            if guard._is_named(host):
                guard._allowed.update(str(entry[4][0]) for entry in found)
            return found

        # Typed by hand: these are attributes of a class and a module of the standard library.
        patched: Any = socket.socket
        patched.connect, patched.connect_ex, patched.sendto = connect, connect_ex, sendto
        module: Any = socket
        module.getaddrinfo = resolve

    def open(self) -> None:
        """Let everything through again."""
        patched: Any = socket.socket
        patched.connect, patched.connect_ex = self._connect, self._connect_ex
        patched.sendto = self._sendto
        module: Any = socket
        module.getaddrinfo = self._resolve

    def check(self, family: int, address: Any) -> None:
        """Raise OutsideNetworkError unless `address` is on this machine."""
        if family in (socket.AF_INET, socket.AF_INET6):
            self.check_host(address[0])

    def check_host(self, host: Any) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name in (None, "", "localhost") or self._is_named(name) or _is_loopback(name):
            return
        self.attempts.append(str(name))
        raise OutsideNetworkError(f"a test tried to reach {name}: only this machine is open to tests")

    def _is_named(self, name: Any) -> bool:
        return name in self._allowed


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


_guard = NetworkGuard()


def pytest_configure() -> None:
    _guard.shut()


def pytest_unconfigure() -> None:
    _guard.open()


@pytest.fixture(autouse=True)
def network_guard() -> Iterator[NetworkGuard]:
    """Fails the test that tried to leave the machine; gives the guard to whom it concerns."""
    _guard.attempts.clear()
    yield _guard
    if _guard.attempts:
        pytest.fail(f"the test tried to reach {', '.join(sorted(set(_guard.attempts)))}", pytrace=False)
