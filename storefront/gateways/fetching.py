"""Fetching a file from an address that somebody else has written down: never from our own network.

The name is resolved once, every address that it has must be a public one, and the connection goes to that very
address, so that a name that changes its mind meanwhile leads nowhere. Redirects are followed by the same rules.
"""

import ipaddress
import socket
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from storefront.core.errors import N_
from storefront.core.turns import aside

MOST_REDIRECTS = 3
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0

_BLOCK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


class NotFetched(Exception):
    """It was not fetched; ``reason`` is a message id, and ``is_final`` says that trying again is useless."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


def fetch(url: str, most_bytes: int) -> bytes:
    """Return what is at the address, at most so many bytes, within 20 seconds.

    Raises:
        NotFetched: the address is not allowed, does not answer, is too slow, or holds too much.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        with aside():
            answer = _get(url, most_bytes, deadline)
        if isinstance(answer, bytes):
            return answer
        url = answer
    raise NotFetched(N_("The address leads in circles."), is_final=True)


def _get(url: str, most_bytes: int, deadline: float) -> bytes | str:
    """Return the bytes, or the address to which we are sent on."""
    scheme, host, port, target = _parts(url)
    address = _public_address(host, port)
    pool: Any
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    if scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, port, timeout=timeout, retries=False, server_hostname=host, assert_hostname=host
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout, retries=False)
    name = f"[{host}]" if ":" in host else host
    headers = {"Host": name if port == _PORTS[scheme] else f"{name}:{port}", "Accept": "image/*"}
    try:
        answer = pool.request("GET", target, headers=headers, preload_content=False, redirect=False)
        try:
            if answer.status in _REDIRECTS and answer.headers.get("Location"):
                return str(urljoin(url, answer.headers["Location"]))
            _check_status(answer.status)
            return _body(answer, most_bytes, deadline)
        finally:
            answer.close()
    except (HTTPError, OSError, ValueError) as error:
        raise NotFetched(N_("The server there did not answer as it should."), is_final=False) from error
    finally:
        pool.close()


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except ValueError as error:
        raise NotFetched(N_("This is no address of a picture."), is_final=True) from error
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        raise NotFetched(N_("This is no address of a picture."), is_final=True)
    target = urllib3.util.parse_url(url).request_uri
    return parts.scheme, host, port or _PORTS[parts.scheme], target


def _public_address(host: str, port: int) -> str:
    """Return the address to connect to; one of several private ones is enough to refuse the name."""
    try:
        found = addresses_of(host, port)
    except (OSError, UnicodeError) as error:
        raise NotFetched(N_("The server of this address was not found."), is_final=False) from error
    if not found or not all(is_public(address) for address in found):
        raise NotFetched(N_("This address is not on the public internet."), is_final=True)
    return sorted(found, key=lambda address: ":" in address)[0]


def addresses_of(host: str, port: int) -> set[str]:
    """Return the IP addresses of a name; one that is an address already is its own."""
    return {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet rather than to this machine or a network around it."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is not None:
        return is_public(str(inner))
    if ip.version == 6 and ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _check_status(status: int) -> None:
    if status in (404, 410):
        raise NotFetched(N_("There is nothing at this address."), is_final=True)
    if status in (401, 403):
        raise NotFetched(N_("The server there does not give it to us."), is_final=True)
    if status != 200:
        raise NotFetched(N_("The server there did not answer as it should."), is_final=False)


def _body(answer: Any, most_bytes: int, deadline: float) -> bytes:
    data = bytearray()
    while block := answer.read(_BLOCK):
        data += block
        if len(data) > most_bytes:
            raise NotFetched(N_("This file is too large."), is_final=True)
        if time.monotonic() > deadline:
            raise NotFetched(N_("The server there is too slow."), is_final=False)
    return bytes(data)
