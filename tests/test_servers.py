"""The servers of the tests are real, start by themselves and leave nothing behind."""

import contextlib
import io
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
import requests
from minio import Minio
from minio.error import S3Error

from tests.servers.emptied import EmptiedDatabase
from tests.servers.network import NetworkGuard, OutsideNetworkError
from tests.servers.postgres import PostgresCluster, PostgresServer
from tests.servers.s3 import S3Server, S3Store
from tests.servers.smtp import PASSWORD, USER, SmtpServer
from tests.servers.smtp import smtp_server as open_smtp_server
from tests.servers.valkey import ValkeyServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.servers.lighthouse import PageReport

ROOT = Path(__file__).parents[1]


# PostgreSQL


def test_postgres_is_version_18_and_the_database_is_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        version = connection.info.server_version
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert version // 10_000 == 18 or "TEST_DATABASE_URL" in os.environ
    assert tables == (0,)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(postgres_url: str, turn: int) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (turn integer)")
        connection.execute("INSERT INTO mine VALUES (%s)", [turn])
        assert connection.execute("SELECT turn FROM mine").fetchall() == [(turn,)]


def test_template_is_built_once_and_copied(postgres_server: PostgresCluster) -> None:
    built: list[str] = []

    def build(url: str) -> None:
        built.append(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE shelf AS SELECT 7 AS books")

    for _ in range(2):
        url = postgres_server.new_database(postgres_server.template("shelf", build))
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT books FROM shelf").fetchone() == (7,)
        postgres_server.drop_database(url)
    assert len(built) == 1


_SHELF = """
    CREATE TABLE shelf (id serial PRIMARY KEY, above integer REFERENCES shelf ON DELETE RESTRICT, name text);
    CREATE TABLE book (id serial PRIMARY KEY, shelf_id integer NOT NULL REFERENCES shelf);
    INSERT INTO shelf (name) VALUES ('lowest')"""


@pytest.fixture
def emptied(postgres_server: PostgresCluster) -> Iterator[EmptiedDatabase]:
    def build(url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_SHELF)

    database = EmptiedDatabase(postgres_server, "shelves", build)
    yield database
    database.close()


def test_emptied_database_can_not_be_told_from_a_new_one(emptied: EmptiedDatabase) -> None:
    url = emptied.take()
    leftover = psycopg.connect(url)  # somebody who forgot to go, in the middle of something
    leftover.execute("LOCK TABLE book; LISTEN news")
    leftover.execute("INSERT INTO shelf (above, name) VALUES (1, 'above')")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO shelf (above, name) SELECT 1, repeat('x', 2000) FROM generate_series(1, 900)"
        )
        connection.execute("UPDATE shelf SET name = 'changed' WHERE id = 1")
    emptied.give_back()
    assert emptied.take() == url
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT * FROM shelf").fetchall() == [(1, None, "lowest")]
        shelf = connection.execute("INSERT INTO shelf (name) VALUES ('next') RETURNING id").fetchone()
        book = connection.execute("INSERT INTO book (shelf_id) VALUES (1) RETURNING id").fetchone()
        assert (shelf, book) == ((2,), (1,))
    with pytest.raises(psycopg.OperationalError):
        leftover.execute("SELECT 1")
    leftover.close()


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="that server may not let us empty a database")
@pytest.mark.parametrize(
    "change", ["CREATE TABLE more (id integer)", "ALTER TABLE shelf DROP COLUMN name", "DROP TABLE book"]
)
def test_database_whose_tables_were_changed_is_given_to_nobody_else(
    emptied: EmptiedDatabase, change: str
) -> None:
    url = emptied.take()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change.encode())
    emptied.give_back()
    assert emptied.take() != url


def test_fresh_postgres_database_is_cheap(postgres_server: PostgresCluster) -> None:
    began = time.monotonic()
    for _ in range(5):
        postgres_server.drop_database(postgres_server.new_database())
    assert (time.monotonic() - began) / 5 < 0.5


def test_own_postgres_keeps_what_was_committed_through_a_kill(own_postgres: PostgresServer) -> None:
    url = own_postgres.new_database()
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")

    own_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    own_postgres.start()

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]


# Valkey


def test_redis_database_is_empty_and_works(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_own_redis_is_wiped_stopped_and_started_again(own_redis: ValkeyServer) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=2) as client:
        client.set("lost", 1)
        own_redis.wipe()
        client.set("kept", 1)
        own_redis.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        own_redis.start()
        assert client.keys() == [b"kept"]


def test_frozen_redis_accepts_and_never_answers(own_redis: ValkeyServer) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.3, retry=None) as client:
        own_redis.freeze()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_redis.thaw()
        assert client.ping()


# S3


def test_s3_keeps_an_object(s3_server: S3Store, s3_url: str) -> None:
    bucket = _bucket(s3_url)
    s3_server.client.put_object(bucket, "课程/one.txt", io.BytesIO(b"hello"), 5, content_type="text/plain")

    found = s3_server.client.stat_object(bucket, "课程/one.txt")
    assert (found.size, found.content_type) == (5, "text/plain")
    assert [o.object_name for o in s3_server.client.list_objects(bucket, recursive=True)] == ["课程/one.txt"]


def test_s3_refuses_a_wrong_secret(s3_server: S3Store, s3_url: str) -> None:
    stranger = Minio(s3_server.host, s3_server.key, "wrong secret", secure=False, region="us-east-1")
    with pytest.raises(S3Error) as refusal:
        stranger.put_object(_bucket(s3_url), "x", io.BytesIO(b"x"), 1)
    assert refusal.value.code == "SignatureDoesNotMatch"


def test_s3_refuses_who_has_no_signature(s3_server: S3Store, s3_url: str) -> None:
    _put(s3_server, s3_url, b"secret")
    answer = requests.get(f"http://{s3_server.host}/{_bucket(s3_url)}/object", timeout=5)
    assert answer.status_code in (400, 403)
    assert b"secret" not in answer.content


def test_signed_url_opens_the_object_under_the_name_it_carries(s3_server: S3Store, s3_url: str) -> None:
    _put(s3_server, s3_url, b"0123456789")
    disposition = "attachment; filename*=UTF-8''%E8%AF%BE.txt"
    url = _signed(s3_server, s3_url, 60, {"response-content-disposition": disposition})

    answer = requests.get(url, timeout=5)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["Content-Disposition"] == disposition
    assert requests.get(url.replace("Signature=", "Signature=0"), timeout=5).status_code == 403


def test_signed_url_dies(s3_server: S3Store, s3_url: str) -> None:
    _put(s3_server, s3_url, b"0123456789")
    url = _signed(s3_server, s3_url, 1)
    assert requests.get(url, timeout=5).status_code == 200
    time.sleep(2.1)
    assert requests.get(url, timeout=5).status_code in (400, 403)


def test_signed_url_serves_a_part(s3_server: S3Store, s3_url: str) -> None:
    _put(s3_server, s3_url, b"0123456789")
    answer = requests.get(_signed(s3_server, s3_url, 60), headers={"Range": "bytes=3-5"}, timeout=5)
    assert (answer.status_code, answer.content) == (206, b"345")
    assert answer.headers["Content-Range"] == "bytes 3-5/10"


def test_s3_takes_an_object_in_parts(s3_server: S3Store, s3_url: str) -> None:
    content = os.urandom(6 << 20)
    s3_server.client.put_object(_bucket(s3_url), "big", io.BytesIO(content), -1, part_size=5 << 20)
    assert requests.get(_signed(s3_server, s3_url, 60, name="big"), timeout=10).content == content


def test_s3_names_the_error_when_an_object_is_missing(s3_server: S3Store, s3_url: str) -> None:
    with pytest.raises(S3Error) as refusal:
        s3_server.client.get_object(_bucket(s3_url), "missing")
    assert refusal.value.code == "NoSuchKey"


def test_own_s3_is_killed_and_keeps_its_objects(own_s3: S3Server) -> None:
    url = own_s3.new_bucket()
    _put(own_s3, url, b"kept")
    own_s3.kill()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{own_s3.host}/", timeout=2)
    own_s3.start()
    assert requests.get(_signed(own_s3, url, 60), timeout=5).content == b"kept"


def _bucket(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _put(server: S3Store, url: str, content: bytes) -> None:
    server.client.put_object(_bucket(url), "object", io.BytesIO(content), len(content))


def _signed(
    server: S3Store, url: str, seconds: int, headers: dict[str, str] | None = None, name: str = "object"
) -> str:
    expires = timedelta(seconds=seconds)
    return server.client.presigned_get_object(
        _bucket(url), name, expires, response_headers={**(headers or {})}
    )


# SMTP


def test_smtp_keeps_the_message(smtp_server: SmtpServer) -> None:
    _send(smtp_server, "订单已付款")
    (received,) = smtp_server.wait_for(1)
    assert received.recipients == ["buyer@example.org"]
    assert received.message["Subject"] == "订单已付款"


def test_smtp_is_down_and_up_again(smtp_server: SmtpServer) -> None:
    smtp_server.down()
    with pytest.raises(ConnectionRefusedError):
        _send(smtp_server)
    smtp_server.up()
    _send(smtp_server)
    assert len(smtp_server.messages) == 1


def test_slow_smtp_lets_the_sender_wait(smtp_server: SmtpServer) -> None:
    smtp_server.slow(2)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        _send(smtp_server, timeout=0.5)


def test_smtp_refuses_for_now_and_then_takes_it(smtp_server: SmtpServer) -> None:
    smtp_server.refuse("451 try later", times=1)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        _send(smtp_server)
    assert refusal.value.smtp_code == 451
    _send(smtp_server)
    assert len(smtp_server.messages) == 1


def test_smtp_refuses_a_recipient_for_good(smtp_server: SmtpServer) -> None:
    smtp_server.refuse("550 no such user", at="RCPT")
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            _send(smtp_server)
    assert smtp_server.messages == []


def test_smtp_takes_the_message_and_cuts_the_line(smtp_server: SmtpServer) -> None:
    smtp_server.drop_after_data()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        _send(smtp_server)
    assert len(smtp_server.messages) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_smtp_speaks_tls_and_asks_for_a_login(security: str) -> None:
    with open_smtp_server(security=security, needs_login=True) as server:
        context = ssl.create_default_context(cafile=str(server.certificate))
        with _connect_tls(server, context) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login(USER, "wrong")
            client.login(USER, PASSWORD)
            client.send_message(_mail("hello"))
        (received,) = server.wait_for(1)
        assert (received.login, received.is_encrypted) == (USER, True)


def _connect_tls(server: SmtpServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=context)
    client = smtplib.SMTP("localhost", server.port, timeout=5)
    client.starttls(context=context)
    return client


def _send(server: SmtpServer, subject: str = "hello", timeout: float = 5) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=timeout) as client:
        client.send_message(_mail(subject))


def _mail(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.org", "buyer@example.org", subject
    message.set_content("Thank you.")
    return message


# The browser


def test_browser_opens_a_page_of_this_machine(browser: "Browser", s3_server: S3Store, s3_url: str) -> None:
    page_bytes = b"<!doctype html><title>\xe4\xbd\xa0\xe5\xa5\xbd</title><meta charset=utf-8>"
    client = s3_server.client
    client.put_object(
        _bucket(s3_url), "object", io.BytesIO(page_bytes), len(page_bytes), content_type="text/html"
    )
    page = browser.new_page()
    page.goto(_signed(s3_server, s3_url, 60))
    assert page.title() == "你好"
    page.close()


def test_browser_can_not_leave_the_machine(browser: "Browser") -> None:
    from playwright.sync_api import Error

    page = browser.new_page()
    for address in ("http://example.org/", "http://192.0.2.1/"):
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(address, timeout=5_000)
    page.close()


def test_lighthouse_marks_a_page(
    lighthouse: "Callable[..., PageReport]", s3_server: S3Store, s3_url: str
) -> None:
    page_bytes = (
        b"<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title>"
        b"<meta name=viewport content='width=device-width'><meta name=description content='A shop'>"
        b"<h1>Shop</h1><p style='color:#bbb'>Pale words</p></html>"
    )
    client = s3_server.client
    client.put_object(
        _bucket(s3_url), "object", io.BytesIO(page_bytes), len(page_bytes), content_type="text/html"
    )
    report = lighthouse(_signed(s3_server, s3_url, 300))
    assert set(report.scores) == {"performance", "accessibility", "best-practices", "seo"}
    assert report.scores["performance"] > 80
    assert report.layout_shift == 0
    assert any(weakness.startswith("color-contrast") for weakness in report.weaknesses())


# The way out


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.create_connection(("example.org", 80), timeout=1),
        lambda: socket.socket(socket.AF_INET6).connect_ex(("2001:db8::1", 80)),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", ("192.0.2.1", 53)),
        lambda: requests.get("http://example.org/", timeout=1),
    ],
)
def test_nothing_beyond_the_machine_is_reached(
    reach: Callable[[], object], network_guard: NetworkGuard
) -> None:
    with pytest.raises(OutsideNetworkError):
        reach()
    assert len(network_guard.attempts) == 1
    network_guard.attempts.clear()


# How a run ends


def test_swallowed_attempt_to_leave_the_machine_fails_the_test(tmp_path: Path) -> None:
    run = _run_pytest(
        tmp_path,
        """
        import socket
        def test_quiet():
            try:
                socket.create_connection(("192.0.2.1", 80), timeout=1)
            except RuntimeError:
                pass
        """,
    )
    assert run.returncode == 1
    assert "tried to reach 192.0.2.1" in run.stdout


SKIPPING = """
    import pytest
    @pytest.mark.skip(reason="the moon is not full")
    def test_by_mark(): pass
    def test_by_call(): pytest.skip("it rains")
    @pytest.mark.xfail(strict=True)
    def test_expected(): assert False
    """


def test_run_ends_with_what_was_skipped_and_why(tmp_path: Path) -> None:
    run = _run_pytest(tmp_path, SKIPPING)
    assert run.returncode == 0
    assert "1 × the moon is not full\n1 × it rains" in run.stdout


def test_skip_is_a_failure_under_ci(tmp_path: Path) -> None:
    run = _run_pytest(tmp_path, SKIPPING, CI="true")
    assert run.returncode == 1
    assert "1 failed, 1 xfailed, 1 error" in run.stdout
    assert "skipped, which CI=true forbids: the moon is not full" in run.stdout


def test_skipped_module_is_a_failure_under_ci(tmp_path: Path) -> None:
    run = _run_pytest(tmp_path, "import pytest\npytest.importorskip('no_such_module')", CI="true")
    assert run.returncode != 0


def test_run_without_skips_says_so(tmp_path: Path) -> None:
    assert "nothing was skipped" in _run_pytest(tmp_path, "def test_fine(): pass").stdout


def test_missing_browser_is_a_skip_with_its_reason(tmp_path: Path) -> None:
    run = _run_pytest(
        tmp_path, "from tests.conftest import browser\ndef test_page(browser): pass", PATH="/nonexistent"
    )
    assert "1 × no browser" in run.stdout


def _run_pytest(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a test file of its own, in a process of its own, under our rules for skips and for the network."""
    (folder / "test_it.py").write_text(dedent(text))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.servers.skips", "-p", "tests.servers.network"]
    return subprocess.run(
        [*command, "-c", str(folder / "pytest.ini"), str(folder / "test_it.py")],
        cwd=ROOT,
        env=_clean_environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "CI" and "PYTEST" not in name}


HANGING = """
    from pathlib import Path
    import time
    def test_hang(own_postgres, own_redis, own_s3, browser):
        servers = own_postgres, own_redis, own_s3
        part = Path(__file__).with_name("note.part")
        part.write_text("\\n".join(f"{server.pid} {server.folder}" for server in servers))
        part.rename(part.with_name("note"))
        time.sleep(100)
    """


def test_killed_run_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(dedent(HANGING))
    # The browser, its driver and the watchdog inherit this mark; the servers are known by number.
    environment = _clean_environment() | {"RUN_OF_A_TEST": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path / "test_it.py")]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
    try:
        _wait(lambda: (tmp_path / "note").exists(), 60)
        servers = [line.split() for line in (tmp_path / "note").read_text().splitlines()]
        assert len(servers) == 3
        assert len(_processes_marked(str(tmp_path))) > 3
    finally:
        run.kill()
        run.wait()

    _wait(lambda: not _processes_marked(str(tmp_path)), 20)
    _wait(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid, _folder in servers), 20)
    assert not [folder for _pid, folder in servers if Path(folder).exists()]


def _processes_marked(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"RUN_OF_A_TEST={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def _wait(is_true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"did not come true in {seconds} s"
        time.sleep(0.05)
