"""Objects at any server that speaks S3, by the ``minio`` client."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

import certifi
import urllib3
from minio import Minio
from minio.datatypes import Part
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout

from storefront.core.clock import datetime, now
from storefront.core.logging import get_logger
from storefront.core.settings import SettingsError
from storefront.core.turns import aside
from storefront.gateways.files import (
    BLOCK,
    NoSuchObject,
    ObjectStat,
    StorageDown,
    checked_key,
    content_disposition,
)

# S3 takes at most 10,000 parts: 80 GB. One part at a time is in memory.
_PART = 8 * 1024 * 1024
_GONE = {"NoSuchKey", "NoSuchObject", "NoSuchUpload"}


@dataclass(frozen=True, slots=True)
class S3Address:
    """What ``STORAGE_URL`` says."""

    key: str
    secret: str
    host: str
    bucket: str
    is_secure: bool
    region: str | None
    public: str | None


def parse_s3_url(url: str) -> S3Address:
    """Read ``s3://KEY:SECRET@host:9000/bucket?secure=0&region=eu-1&public=https://files.example.org``.

    Raises:
        SettingsError: something is missing; the sentence does not repeat the secret.
    """
    parts = urlsplit(url)
    bucket = parts.path.strip("/")
    if not (parts.hostname and parts.username and parts.password and bucket) or "/" in bucket:
        raise SettingsError(
            "STORAGE_URL: must be s3://KEY:SECRET@host:9000/bucket?secure=0, or empty for a folder."
        )
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = parts.netloc.rpartition("@")[2]
    return S3Address(
        key=unquote(parts.username),
        secret=unquote(parts.password),
        host=host,
        bucket=bucket,
        is_secure=options.get("secure", "1") not in ("0", "false", "no"),
        region=options.get("region") or _usual_region(host),
        public=_public_origin(options.get("public", "")),
    )


def _usual_region(host: str) -> str | None:
    """Return MinIO's default, so that nobody must be asked; Amazon's regions differ and are asked for."""
    return None if re.search(r"\.amazonaws\.com(\.cn)?(:|$)", host) else "us-east-1"


def _public_origin(address: str) -> str | None:
    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
        raise SettingsError(
            "STORAGE_URL: public= must be an address without a path, such as https://files.example.org."
        )
    return f"{parts.scheme}://{parts.netloc}" if address else None


class S3Store:
    """One bucket. Only the first use of it talks to the server, so the shop starts while S3 is away."""

    def __init__(self, address: S3Address, *, may_make_bucket: bool = False) -> None:
        self._address = address
        self._bucket = address.bucket
        # A part may be long on its way, so that sending is given more time than asking.
        self._asking = _client(address, connect=2, read=10, tries=2)
        self._sending = _client(address, connect=30, read=60, tries=3)
        self._probing = _client(address, connect=1, read=3, tries=0)
        self._signing = _signer(address)
        self.origin: str | None = (
            address.public or f"{'https' if address.is_secure else 'http'}://{address.host}"
        )
        self._must_look_for_bucket = may_make_bucket
        self._lock = Lock()

    def put(self, key: str, stream: BinaryIO, content_type: str) -> None:
        """Send the stream in parts, one at a time; the object appears when the last part has arrived."""
        with _answering():
            self._have_bucket()
            self._sending.put_object(
                self._bucket,
                checked_key(key),
                stream,
                length=-1,
                part_size=_PART,
                num_parallel_uploads=1,
                content_type=content_type,
            )

    def open(self, key: str) -> BinaryIO:
        """Return the object as it comes from the server."""
        with _answering():
            return _body(self._asking.get_object(self._bucket, checked_key(key)))

    def open_range(self, key: str, start: int, stop: int) -> BinaryIO:
        """Return a part of the object; nothing else is asked for."""
        if stop <= start:
            return io.BytesIO()
        with _answering():
            return _body(
                self._asking.get_object(self._bucket, checked_key(key), offset=start, length=stop - start)
            )

    def stat(self, key: str) -> ObjectStat | None:
        """Ask the server for the size of the object."""
        try:
            with _answering():
                found = self._asking.stat_object(self._bucket, checked_key(key))
        except NoSuchObject:
            return None
        return ObjectStat(key, found.size or 0, found.etag or "", found.last_modified or now())

    def delete(self, key: str) -> None:
        """Have the server forget the object."""
        with _answering():
            self._asking.remove_object(self._bucket, checked_key(key))

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """Yield the objects, a thousand by each question."""
        with _answering():
            for item in self._asking.list_objects(self._bucket, prefix=prefix, recursive=True):
                if item.object_name and not item.is_dir:
                    modified_at = item.last_modified or now()
                    yield ObjectStat(item.object_name, item.size or 0, item.etag or "", modified_at)

    def signed_url(
        self, key: str, filename: str, content_type: str, seconds: int, inline: bool
    ) -> str | None:
        """Return a presigned address; made here, without asking the server."""
        with _answering():
            return self._signing.get_presigned_url(
                "GET",
                self._bucket,
                checked_key(key),
                expires=timedelta(seconds=seconds),
                response_headers={
                    "response-content-disposition": content_disposition(filename, inline),
                    "response-content-type": content_type,
                    "response-cache-control": "private, no-store",
                },
            )

    def begin_parts(self, key: str) -> str:
        """Begin an upload in parts at the server, and return its id there."""
        with _answering():
            self._have_bucket()
            return str(self._asking._create_multipart_upload(self._bucket, checked_key(key), {}))

    def put_part(self, key: str, token: str, number: int, offset: int, data: bytes) -> None:
        """Pass a part on, for browsers that can't reach the server themselves."""
        with _answering():
            self._sending._upload_part(self._bucket, checked_key(key), data, None, token, number)

    def part_url(self, key: str, token: str, number: int, seconds: int) -> str | None:
        """Return a presigned address; made here, without asking the server."""
        with _answering():
            return self._signing.get_presigned_url(
                "PUT",
                self._bucket,
                checked_key(key),
                expires=timedelta(seconds=seconds),
                extra_query_params={"partNumber": str(number), "uploadId": token},
            )

    def parts(self, key: str, token: str) -> dict[int, int]:
        """Ask the server which parts it has."""
        return {part.part_number: part.size or 0 for part in self._parts(key, token)}

    def finish_parts(self, key: str, token: str) -> None:
        """Have the server put the parts together."""
        parts = list(self._parts(key, token))
        with _answering():
            self._sending._complete_multipart_upload(self._bucket, checked_key(key), token, parts)

    def abort_parts(self, key: str, token: str) -> None:
        """Have the server forget the parts."""
        with suppress(NoSuchObject), _answering():
            self._asking._abort_multipart_upload(self._bucket, checked_key(key), token)

    def local_path(self, key: str) -> Path | None:
        """Return None: it lies at the server."""
        return None

    def _parts(self, key: str, token: str) -> Iterator[Part]:
        """Yield the parts, a thousand by each question."""
        marker: str | None = None
        while True:
            with _answering():
                found = self._asking._list_parts(
                    self._bucket, checked_key(key), token, part_number_marker=marker
                )
            yield from found.parts
            marker = found.next_part_number_marker
            if not found.is_truncated:
                return

    def forget_unfinished(self, before: datetime) -> int:
        """Return 0: servers end broken uploads themselves: MinIO after a day, Amazon by a rule."""
        return 0

    def is_ready(self) -> bool:
        """Whether the bucket is there; in development it is made when it is missing."""
        try:
            with _answering():
                self._have_bucket()
                return self._probing.bucket_exists(self._bucket)
        except (StorageDown, NoSuchObject):
            return False

    def _have_bucket(self) -> None:
        """Make the bucket, once a process and in development only: elsewhere a wrong name must be seen."""
        if not self._must_look_for_bucket:
            return
        with self._lock:
            if not self._probing.bucket_exists(self._bucket):
                try:
                    self._probing.make_bucket(self._bucket)
                except S3Error as error:
                    # Another process was quicker.
                    if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                        raise
            self._must_look_for_bucket = False


class _Body(io.RawIOBase):
    """The body of an answer, which gives its connection back when it is closed."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # only BufferedReader calls it
        data: bytes = self._response.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


def _body(response: Any) -> BinaryIO:
    return io.BufferedReader(_Body(response), BLOCK)


def _client(address: S3Address, *, connect: float, read: float, tries: int) -> Minio:
    pool = urllib3.PoolManager(
        timeout=Timeout(connect=connect, read=read),
        maxsize=16,
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        retries=Retry(total=tries, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )
    return Minio(
        address.host,
        address.key,
        address.secret,
        secure=address.is_secure,
        region=address.region,
        http_client=pool,
    )


def _signer(address: S3Address) -> Minio:
    """Return the client that signs for the address which browsers can reach."""
    if address.public is None:
        return _client(address, connect=2, read=10, tries=1)
    parts = urlsplit(address.public)
    public = S3Address(
        key=address.key,
        secret=address.secret,
        host=parts.netloc,
        bucket=address.bucket,
        is_secure=parts.scheme == "https",
        region=address.region,
        public=None,
    )
    return _client(public, connect=2, read=10, tries=1)


@contextmanager
def _answering() -> Iterator[None]:
    """Put what goes wrong at the server into our words."""
    try:
        with aside():
            yield
    except S3Error as error:
        if error.code in _GONE:
            raise NoSuchObject(str(error.code)) from error
        get_logger().error("storage refuses", code=error.code)
        raise StorageDown from error
    except (MinioException, HTTPError) as error:
        get_logger().error("storage does not answer", error=type(error).__name__)
        raise StorageDown from error
