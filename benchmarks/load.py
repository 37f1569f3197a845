"""A small load generator: processes that keep connections open and count answers.

Requests are bytes made beforehand; an answer is read as far as its Content-Length says. It is light enough to fill one
web process from one core, and is bounded in requests and in time.
"""

import multiprocessing
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty
from selectors import EVENT_READ, DefaultSelector

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CONNECTIONS = 16
_GIVE_UP_AFTER = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a round has shown."""

    requests: int
    seconds: float
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


def request_bytes(
    path: str, port: int, headers: dict[str, str], *, method: str = "GET", body: bytes = b""
) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def run_for(port: int, requests: Sequence[bytes], seconds: float, connections: int = _CONNECTIONS) -> Load:
    """Send these requests in turn, again and again, for so long."""
    return _in_process(port, list(requests), seconds, connections, once=False)


def run_once(port: int, requests: Sequence[bytes], connections: int = _CONNECTIONS) -> Load:
    """Send each of these requests once, as fast as they are answered."""
    return _in_process(port, list(requests), _GIVE_UP_AFTER, connections, once=True)


def _in_process(port: int, requests: list[bytes], seconds: float, connections: int, *, once: bool) -> Load:
    """Work in a fresh process, so that its own work is on another core and in nobody's way."""
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[Load] = context.Queue()
    process = context.Process(
        target=_work, args=(port, requests, seconds, connections, once, answers), daemon=True
    )
    process.start()
    try:
        return answers.get(timeout=seconds + 20)
    except Empty:
        raise RuntimeError("the load generator did not come to an end") from None
    finally:
        process.terminate()
        process.join(5)


def _work(
    port: int,
    requests: list[bytes],
    seconds: float,
    connections: int,
    once: bool,
    answers: "multiprocessing.Queue[Load]",
) -> None:
    waiting = DefaultSelector()
    statuses: dict[int, int] = {}
    sent = done = 0
    most = len(requests) if once else 10**9
    began = time.perf_counter()
    ends = began + seconds
    for _ in range(min(connections, most)):
        opened = socket.create_connection(("127.0.0.1", port), timeout=10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(opened, EVENT_READ, [b""])
        opened.sendall(requests[sent % len(requests)])
        sent += 1
    while waiting.get_map():
        now = time.perf_counter()
        if now > ends + 10:
            break
        for key, _ in waiting.select(timeout=1):
            assert isinstance(key.fileobj, socket.socket)
            connection, kept = key.fileobj, key.data
            piece = connection.recv(262144)
            kept[0] += piece
            status = _status_if_whole(kept[0])
            if status is None and piece:
                continue
            statuses[status or 0] = statuses.get(status or 0, 0) + 1
            done += 1
            kept[0] = b""
            if piece and sent < most and time.perf_counter() < ends:
                connection.sendall(requests[sent % len(requests)])
                sent += 1
            else:
                waiting.unregister(connection)
                connection.close()
    answers.put(Load(done, time.perf_counter() - began, statuses))


def _status_if_whole(answer: bytes) -> int | None:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return None
    status = int(answer[9:12])
    if status in (204, 304):
        return status
    length = _LENGTH.search(answer, 0, head)
    if length is None:
        return status if b"0\r\n\r\n" in answer[-7:] else None
    return status if len(answer) >= head + 4 + int(length[1]) else None
