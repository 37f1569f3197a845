"""What every test may ask for: servers, a browser, and a machine without a way out.

The fixtures of the shop itself live in `tests/fixtures/`; each module there is loaded by itself.

The servers of a session are started by the first test that asks for them, once in each process of
pytest-xdist. A test that wants to stop, kill or wipe a server asks for one of its own (`own_...`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.servers.postgres import PostgresCluster, PostgresServer
from tests.servers.process import ServerMissingError
from tests.servers.s3 import S3Server, S3Store
from tests.servers.smtp import SmtpServer
from tests.servers.smtp import smtp_server as open_smtp_server
from tests.servers.valkey import ExternalValkey, ValkeyServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.servers.lighthouse import PageReport

_FIXTURES = sorted(path.stem for path in (Path(__file__).parent / "fixtures").glob("[!_]*.py"))

pytest_plugins = [
    "tests.servers.alone",
    "tests.servers.skips",
    "tests.servers.network",
    *(f"tests.fixtures.{name}" for name in _FIXTURES),
]

T = TypeVar("T")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresCluster]:
    """PostgreSQL for the session: `new_database()`, `template(name, build)`, `new_database(name)`."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        cluster = PostgresCluster(url)
        yield cluster
        cluster.drop_all()
        return
    with _or_skip(PostgresServer) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresCluster) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that only this test uses, with durable commits, to be stopped, killed and frozen."""
    with _or_skip(lambda: PostgresServer(durable=True)) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(worker_id: str) -> Iterator[ValkeyServer | ExternalValkey]:
    """Valkey for the session."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield ExternalValkey(url, number=int(worker_id.removeprefix("gw")) if worker_id != "master" else 0)
        return
    with _or_skip(ValkeyServer) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: ValkeyServer | ExternalValkey) -> Iterator[str]:
    """An empty Redis database."""
    redis_server.wipe()
    yield redis_server.url
    redis_server.wipe()


@pytest.fixture
def own_redis() -> Iterator[ValkeyServer]:
    """A Valkey that only this test uses, to be stopped, killed, frozen and wiped."""
    with _or_skip(lambda: ValkeyServer(append_only=True)) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Store]:
    """S3 for the session: `new_bucket()` and a `client`."""
    if url := os.environ.get("TEST_S3_URL"):
        yield S3Store(url)
        return
    with _or_skip(S3Server) as server:
        yield server


@pytest.fixture
def s3_url(s3_server: S3Store) -> Iterator[str]:
    """An empty bucket: `s3://KEY:SECRET@host:port/bucket?secure=0`."""
    url = s3_server.new_bucket()
    yield url
    s3_server.drop_bucket(url)


@pytest.fixture
def own_s3() -> Iterator[S3Server]:
    """An S3 server that only this test uses, to be stopped and killed."""
    with _or_skip(S3Server) as server:
        yield server


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A mail server that keeps what it gets: `url`, `messages`, `wait_for`, and its faults."""
    with open_smtp_server() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The machine's Chromium. Each test opens and closes a context of its own in it."""
    from tests.servers.chromium import chromium

    with _or_skip(chromium) as opened:
        yield opened


@pytest.fixture(scope="session")
def lighthouse() -> "Callable[..., PageReport]":
    """Lighthouse on a phone: `lighthouse(url, runs=2)` gives `scores` from 0 to 100."""
    from tests.servers.lighthouse import check_present, measure_page

    try:
        check_present()
    except ServerMissingError as missing:
        pytest.skip(str(missing))
    return measure_page


@contextmanager
def _or_skip(make: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """The server that `make` makes; a machine that lacks its program skips the test and says so."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(make())
        except ServerMissingError as missing:
            pytest.skip(str(missing))
        yield server
