"""S3 by `rclone serve s3`, which really checks signatures and their expiry.

rclone says two things differently from S3 itself and from MinIO: a part of an object comes with status
200 instead of 206, and XML is called `text/xml`, which the minio client does not take for an answer of
S3. A thin front puts those two right, so that resumed downloads, seeking in a video and the codes of
errors can be tested. It passes everything else through as it is, signatures and hosts included.
"""

import secrets
import shutil
import sys
import threading
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from minio import Minio
from minio.deleteobjects import DeleteObject

from tests.servers.process import ServerMissingError, ServerProcess, free_port

_BLOCK = 64 * 1024
_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "proxy-connection", "upgrade"}


class S3Store:
    """Buckets for tests at an S3 server: ours, or the one that `TEST_S3_URL` names."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.hostname or not parts.username or not parts.password:
            raise ValueError("the address of an S3 server has the form s3://KEY:SECRET@host:port/?secure=0")
        self.key = unquote(parts.username)
        self.secret = unquote(parts.password)
        self.host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self.is_secure = parse_qs(parts.query).get("secure", ["1"])[0] != "0"
        self._parts = parts

    @property
    def client(self) -> Minio:
        # With a region given the client need not ask for it at every new bucket.
        return Minio(self.host, self.key, self.secret, secure=self.is_secure, region="us-east-1")

    def new_bucket(self) -> str:
        """Make an empty bucket; the answer is the setting for it: `s3://KEY:SECRET@host:port/bucket?secure=0`."""
        bucket = f"storefront-test-{secrets.token_hex(6)}"
        self.client.make_bucket(bucket)
        return self._parts._replace(path=f"/{bucket}").geturl()

    def drop_bucket(self, url: str) -> None:
        """Remove a bucket of `new_bucket` with all that is in it."""
        bucket = urlsplit(url).path.lstrip("/")
        names = [item.object_name for item in self.client.list_objects(bucket, recursive=True)]
        for error in self.client.remove_objects(bucket, [DeleteObject(name) for name in names if name]):
            raise RuntimeError(f"{error.name} could not be removed: {error.message}")
        self.client.remove_bucket(bucket)


class S3Server(ServerProcess, S3Store):
    """A server of our own. `stop`, `kill` and `start` shut and open the front too, on the same port."""

    name = "S3"

    def __init__(self) -> None:
        self._program = _find_program()
        ServerProcess.__init__(self)
        self.front_port = free_port()
        S3Store.__init__(
            self, f"s3://{secrets.token_hex(8)}:{secrets.token_hex(16)}@127.0.0.1:{self.front_port}/?secure=0"
        )
        self._front: _Front | None = None
        (self.folder / "buckets").mkdir()

    def command(self) -> Sequence[str]:
        return [
            self._program,
            "serve",
            "s3",
            str(self.folder / "buckets"),
            f"--auth-key={self.key},{self.secret}",
            f"--addr=127.0.0.1:{self.port}",
            "--config=",
            f"--cache-dir={self.folder / 'cache'}",
            "--vfs-cache-mode=off",
            # With 0 it would look again and again, on a whole core.
            "--dir-cache-time=1s",
        ]

    def start(self) -> "S3Server":
        super().start()
        if self._front is None:
            self._front = _Front(self.front_port, self.port)
        return self

    def drop_bucket(self, url: str) -> None:
        # Quicker than asking the server to forget one object after the other.
        shutil.rmtree(self.folder / "buckets" / urlsplit(url).path.lstrip("/"), ignore_errors=True)

    def _end(self, number: int) -> None:
        if self._front is not None:
            self._front.close()
            self._front = None
        super()._end(number)


class _Front(ThreadingHTTPServer):
    """Listens for S3's clients and asks rclone."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, rclone_port: int) -> None:
        super().__init__(("127.0.0.1", port), _Exchange)
        self.rclone_port = rclone_port
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="s3-front", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Front

    def pass_on(self) -> None:
        """Ask rclone the same, answer what it answers."""
        connection = HTTPConnection("127.0.0.1", self.server.rclone_port, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_ONE_CONNECTION:
                    connection.putheader(name, value)
            connection.endheaders()
            self._send_body(connection)
            self._answer(connection.getresponse())
        except (OSError, HTTPException):
            self.close_connection = True
        finally:
            connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = pass_on

    def _send_body(self, connection: HTTPConnection) -> None:
        left = int(self.headers.get("Content-Length", 0))
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
            connection.send(block)
            left -= len(block)

    def _answer(self, response: HTTPResponse) -> None:
        is_part = response.status == 200 and response.getheader("Content-Range") is not None
        self.send_response_only(206 if is_part else response.status)
        for name, value in response.getheaders():
            if name.lower() == "content-type" and value.startswith("text/xml"):
                self.send_header(name, value.replace("text/xml", "application/xml", 1))
            elif name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        if response.getheader("Content-Length") is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        while block := response.read(_BLOCK):
            self.wfile.write(block)

    def log_message(self, format: str, *args: object) -> None:
        """The server's own log tells enough."""


def _find_program() -> str:
    beside_python = Path(sys.executable).parent / "rclone"
    program = str(beside_python) if beside_python.exists() else shutil.which("rclone")
    if program is None:
        raise ServerMissingError(
            "S3 is missing: no rclone beside Python or on the PATH (`make test` fetches it)"
        )
    return program
