"""The three ways of sending, against real servers, and their faults."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from storefront.core.errors import NotFound
from storefront.gateways import mail
from storefront.gateways.mail import MailRefused, MailUnreachable, plunk, smtp
from storefront.gateways.mail.envelope import compose
from tests.gateways.posting import an_envelope, settings_for
from tests.servers.process import free_port
from tests.servers.smtp import PASSWORD, USER, SmtpServer
from tests.servers.smtp import smtp_server as open_smtp_server


@pytest.fixture
def send(tmp_path: Path) -> Callable[..., str]:
    """Send an envelope to a MAIL_URL."""

    def sending(url: str, **values: Any) -> str:
        return mail.make_mailer(settings_for(tmp_path, mail_url=url)).send(an_envelope(**values))

    return sending


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Path]:
    mail.configure(settings_for(tmp_path))
    yield tmp_path / "outbox"
    mail._mailer = None


# The mail itself


def test_a_mail_has_both_forms_and_the_headers_that_belong_to_it() -> None:
    message = compose(an_envelope(reply_to="owner@example.org"), "shop@quiet.example.org")
    assert message["From"] == "Quiet Pages <shop@quiet.example.org>"
    assert message["To"] == "maria@example.org"
    assert message["Reply-To"] == "owner@example.org"
    assert message["Message-ID"] == "<0123456789abcdefABCDE_@quiet.example.org>"
    assert message["Date"].datetime is not None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_chinese_mail_is_plain_ascii_on_the_wire_and_comes_out_right(
    send: Callable[..., str], smtp_server: SmtpServer
) -> None:
    subject, text = "您的订单 K7QM-4XRP 已付款", "谢谢！\n" * 40
    send(smtp_server.url, subject=subject, sender_name="静页", text=text, html=f"<p>{'书' * 2000}</p>")
    [received] = smtp_server.wait_for(1)
    assert received.content.isascii()
    assert max(len(line) for line in received.content.splitlines()) < 200
    assert received.message["Subject"] == subject
    assert received.message["From"].addresses[0].display_name == "静页"
    assert _text_of(received.message) == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "Hi\r\nBcc: everyone@example.org"),
        ("subject", "Hi\nBcc: everyone@example.org\n\nbody"),
        ("subject", "Hi\x00\x0b\x85\u2028Bcc: everyone@example.org"),
        ("sender_name", 'Shop" <evil@example.org>\r\nBcc: everyone@example.org'),
    ],
)
def test_no_text_becomes_a_header(
    send: Callable[..., str], smtp_server: SmtpServer, field: str, value: str
) -> None:
    send(smtp_server.url, **{field: value})
    [received] = smtp_server.wait_for(1)
    assert received.message["Bcc"] is None
    assert received.recipients == ["maria@example.org"]
    assert [address.addr_spec for address in received.message["From"].addresses] == ["shop@quiet.example.org"]


@pytest.mark.parametrize(
    "recipient",
    ["", "maria", "maria@", "@example.org", "a@b@c.org", "maria@example.org\r\nRCPT TO:<x@example.org>"],
)
def test_what_is_no_address_is_refused_before_any_server_is_asked(
    send: Callable[..., str], recipient: str
) -> None:
    for url in ("file:", f"smtp://127.0.0.1:{free_port()}", "plunk://key@127.0.0.1:9?secure=0"):
        with pytest.raises(MailRefused):
            send(url, recipient=recipient)


def test_an_international_domain_is_written_in_ascii(
    send: Callable[..., str], smtp_server: SmtpServer
) -> None:
    send(smtp_server.url, recipient="maria@bücher.example")
    assert smtp_server.wait_for(1)[0].recipients == ["maria@xn--bcher-kva.example"]


def test_an_international_name_goes_where_the_server_understands_it(
    send: Callable[..., str], smtp_server: SmtpServer
) -> None:
    send(smtp_server.url, recipient="用户@example.org")
    [received] = smtp_server.wait_for(1)
    assert received.recipients == ["用户@example.org"]
    assert "用户@example.org" in received.content.decode()


# SMTP


def test_the_answer_of_the_mail_server_is_kept(send: Callable[..., str], smtp_server: SmtpServer) -> None:
    assert send(smtp_server.url) == "250 OK"
    assert smtp_server.wait_for(1)[0].sender == "shop@quiet.example.org"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_is_encrypted_and_logged_in(
    send: Callable[..., str], security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_smtp_server(security=security, needs_login=True) as server:
        assert server.certificate is not None
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        send(server.url)
        [received] = server.wait_for(1)
    assert (received.is_encrypted, received.login) == (True, USER)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_trusts_stops_the_mail(send: Callable[..., str], security: str) -> None:
    with open_smtp_server(security=security) as server:
        with pytest.raises(MailUnreachable, match="encryption failed: CERTIFICATE_VERIFY_FAILED"):
            send(server.url)
        assert server.messages == []


def test_required_encryption_is_not_done_without(send: Callable[..., str], smtp_server: SmtpServer) -> None:
    with pytest.raises(MailUnreachable, match="offers no STARTTLS"):
        send(f"{smtp_server.url}?starttls=required")
    assert smtp_server.messages == []


def test_encryption_can_be_done_without(send: Callable[..., str]) -> None:
    with open_smtp_server(security="starttls") as server, pytest.raises(MailUnreachable, match="530"):
        send(f"{server.url}?starttls=no")  # this server insists, which shows that we did not


def test_a_wrong_password_is_our_mistake_and_not_the_recipients(
    send: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_smtp_server(security="tls", needs_login=True) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        with pytest.raises(MailUnreachable, match="535") as caught:
            send(server.url.replace(PASSWORD.replace(" ", "%20"), "wrong-horse"))
    assert "wrong-horse" not in str(caught.value)


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("MAIL", "451 try later", MailUnreachable),
        ("MAIL", "550 sender not allowed", MailUnreachable),
        ("RCPT", "450 mailbox busy", MailUnreachable),
        ("RCPT", "550 no such user", MailRefused),
        ("DATA", "452 out of storage", MailUnreachable),
        ("DATA", "554 looks like spam", MailRefused),
    ],
)
def test_only_what_concerns_this_mail_is_a_refusal_for_good(
    send: Callable[..., str],
    smtp_server: SmtpServer,
    stage: str,
    answer: str,
    kind: type[Exception],
) -> None:
    smtp_server.refuse(answer, at=stage)
    with pytest.raises(kind) as caught:
        send(smtp_server.url)
    assert str(caught.value) == answer
    assert type(caught.value) is kind


def test_a_mail_server_that_is_down_is_unreachable(send: Callable[..., str], smtp_server: SmtpServer) -> None:
    smtp_server.down()
    with pytest.raises(MailUnreachable, match="can't be reached: Connection refused"):
        send(smtp_server.url)


def test_a_mail_server_that_is_slow_is_left(
    send: Callable[..., str], smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.5)
    smtp_server.slow(3)
    began = time.monotonic()
    with pytest.raises(MailUnreachable, match="timed out"):
        send(smtp_server.url)
    assert time.monotonic() - began < 2


def test_a_line_cut_after_the_data_may_have_taken_it(
    send: Callable[..., str], smtp_server: SmtpServer
) -> None:
    smtp_server.drop_after_data()
    with pytest.raises(MailUnreachable):
        send(smtp_server.url)
    send(smtp_server.url)
    assert len({message.message["Message-ID"] for message in smtp_server.wait_for(2)}) == 1


def test_a_server_that_is_no_mail_server_is_unreachable(send: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_babble, args=(listener,), daemon=True).start()
        with pytest.raises(MailUnreachable):
            send(f"smtp://127.0.0.1:{listener.getsockname()[1]}")


def test_the_port_follows_from_the_address(tmp_path: Path) -> None:
    ports = {
        "smtp://mail.example.org": 25,
        "smtp://u:p@mail.example.org": 587,
        "smtps://mail.example.org": 465,
        "smtp://mail.example.org:2525": 2525,
    }
    for url, port in ports.items():
        mailer = mail.make_mailer(settings_for(tmp_path, mail_url=url))
        assert isinstance(mailer, smtp.SmtpMailer)
        assert mailer._port == port


# Files


def test_the_outbox_keeps_mails_that_any_program_opens(outbox: Path) -> None:
    answer = mail.mailer().send(an_envelope(subject="您的订单", text="谢谢\n", html="<p>谢谢</p>"))
    [path] = outbox.iterdir()
    assert answer == f"Kept in the outbox: {path.name}"
    assert path.name == "20261120T123000000000-0123456789abcdefABCDE_.eml"
    read = mail.read_outbox(path.name)
    assert (read.recipient, read.subject, read.text) == ("maria@example.org", "您的订单", "谢谢\n")
    assert read.html.strip() == "<p>谢谢</p>"


def test_the_outbox_holds_a_repeated_mail_once(outbox: Path) -> None:
    for _ in range(2):
        mail.mailer().send(an_envelope())
    assert len(list(outbox.iterdir())) == 1


def test_the_outbox_lists_the_newest_first(outbox: Path) -> None:
    assert mail.list_outbox() == []
    for minute in (2, 1, 3):
        queued_at = an_envelope().queued_at.replace(minute=minute)
        mail.mailer().send(an_envelope(queued_at=queued_at, subject=f"Minute {minute}"))
    (outbox / "notes.txt").write_text("not a mail")
    assert [found.subject for found in mail.list_outbox()] == ["Minute 3", "Minute 2", "Minute 1"]
    assert [found.subject for found in mail.list_outbox(limit=1)] == ["Minute 3"]


@pytest.mark.parametrize(
    "name",
    [
        "../secret_key",
        "..",
        "",
        "/etc/passwd",
        "20261120T123000000000-../../secret.eml",
        "20261120T123000000000-gone.eml",
        "20261120T123000000000-x.eml\n",
        "\0.eml",
    ],
)
def test_no_name_leads_out_of_the_outbox(outbox: Path, name: str) -> None:
    outbox.mkdir()
    (outbox.parent / "secret_key").write_text("secret")
    with pytest.raises(NotFound):
        mail.read_outbox(name)


def test_there_is_no_outbox_when_mail_really_goes_out(tmp_path: Path) -> None:
    mail.configure(settings_for(tmp_path, mail_url="smtp://127.0.0.1"))
    assert (mail.has_outbox(), mail.list_outbox()) == (False, [])
    with pytest.raises(NotFound):
        mail.read_outbox("20261120T123000000000-x.eml")
    mail._mailer = None


def test_an_outbox_that_can_not_be_written_is_unreachable(outbox: Path) -> None:
    outbox.write_text("a file where the folder should be")
    with pytest.raises(MailUnreachable, match="outbox"):
        mail.mailer().send(an_envelope())


# Plunk


class PlunkServer:
    """Answers like Plunk's interface, spending idempotency keys as it does: kept after 2xx and 5xx."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self._keys: dict[str, int] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, body = outer.answer(self.path, dict(self.headers), self.rfile.read(_length(self)))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"plunk://sk_key@127.0.0.1:{self.server.server_address[1]}?secure=0"

    def answer(self, path: str, headers: dict[str, str], content: bytes) -> tuple[int, dict[str, Any]]:
        if path != "/v1/send" or headers.get("Authorization") != "Bearer sk_key":
            return 401, {"success": False, "error": {"code": "INVALID_API_KEY"}}
        key = headers.get("Idempotency-Key")
        if key in self._keys:
            details = {"key": key, "originalStatusCode": self._keys[key]}
            return 409, {"success": False, "error": {"code": "IDEMPOTENCY_KEY_REUSED", "details": details}}
        status = self.answers.pop(0) if self.answers else 200
        if key and not 400 <= status < 500:
            self._keys[key] = status
        if status == 200:
            self.requests.append(json.loads(content))
        return status, {"success": status == 200, "data": {"emails": [{"email": "e-1"}]}}


@pytest.fixture
def plunk_server() -> Iterator[PlunkServer]:
    server = PlunkServer()
    thread = threading.Thread(target=server.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_plunk_gets_the_mail(send: Callable[..., str], plunk_server: PlunkServer) -> None:
    assert send(plunk_server.url, reply_to="owner@example.org").startswith("200 ")
    assert plunk_server.requests == [
        {
            "to": "maria@example.org",
            "from": {"name": "Quiet Pages", "email": "shop@quiet.example.org"},
            "subject": "Your order",
            "body": "<p>Thank you!</p>",
            "reply": "owner@example.org",
        }
    ]


def test_plunk_fills_in_nothing(send: Callable[..., str], plunk_server: PlunkServer) -> None:
    send(plunk_server.url, subject="Book {{email}}", html="<p>{{ email }} {% if x %}</p>")
    [request] = plunk_server.requests
    assert request["subject"] == "Book { {email}}"
    assert request["body"] == "<p>&#123;&#123; email }} &#123;% if x %}</p>"


def test_plunk_does_not_deliver_what_it_took_before(
    send: Callable[..., str], plunk_server: PlunkServer
) -> None:
    send(plunk_server.url)
    assert send(plunk_server.url) == "taken at an earlier try"
    assert len(plunk_server.requests) == 1


def test_plunk_failing_inside_loses_nothing(send: Callable[..., str], plunk_server: PlunkServer) -> None:
    plunk_server.answers = [500]
    with pytest.raises(MailUnreachable, match="500"):
        send(plunk_server.url)
    assert send(plunk_server.url).startswith("200 ")
    assert len(plunk_server.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, MailRefused),
        (422, MailRefused),
        (402, MailUnreachable),
        (429, MailUnreachable),
        (503, MailUnreachable),
    ],
)
def test_plunk_refuses_for_good_only_what_is_wrong_with_the_mail(
    send: Callable[..., str], plunk_server: PlunkServer, status: int, kind: type[Exception]
) -> None:
    plunk_server.answers = [status]
    with pytest.raises(kind, match=str(status)):
        send(plunk_server.url)


def test_a_wrong_key_for_plunk_waits_for_the_right_one(
    send: Callable[..., str], plunk_server: PlunkServer
) -> None:
    with pytest.raises(MailUnreachable, match="401") as caught:
        send(plunk_server.url.replace("sk_key", "sk_wrong_key_of_ours"))
    assert "sk_wrong_key_of_ours" not in str(caught.value)


def test_plunk_that_is_away_or_slow_is_unreachable(
    send: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MailUnreachable, match="ConnectionError"):
        send(f"plunk://sk_key@127.0.0.1:{free_port()}?secure=0")
    monkeypatch.setattr(plunk, "TIMEOUT_SECONDS", 0.3)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(MailUnreachable, match="ReadTimeout"),
    ):
        send(f"plunk://sk_key@127.0.0.1:{silent.getsockname()[1]}?secure=0")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("plunk://sk_key@", "https://next-api.useplunk.com/v1/send"),
        ("plunk://sk_key@mail.example.org", "https://mail.example.org/v1/send"),
        ("plunk://sk_key@mail.example.org:8443/api/", "https://mail.example.org:8443/api/v1/send"),
    ],
)
def test_the_address_of_plunk_follows_from_the_setting(tmp_path: Path, url: str, address: str) -> None:
    mailer = mail.make_mailer(settings_for(tmp_path, mail_url=url))
    assert isinstance(mailer, plunk.PlunkMailer)
    assert mailer._url == address


def test_the_sender_may_be_set_with_a_name(tmp_path: Path, smtp_server: SmtpServer) -> None:
    settings = settings_for(tmp_path, mail_url=smtp_server.url).model_copy(
        update={"mail_from": "The Shop <post@quiet.example.org>"}
    )
    mail.make_mailer(settings).send(an_envelope())
    assert smtp_server.wait_for(1)[0].sender == "post@quiet.example.org"


def _babble(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"\xff\xfe hello, what is this?\r\n")


def _length(handler: BaseHTTPRequestHandler) -> int:
    return int(handler.headers.get("Content-Length", "0"))


def _text_of(message: Any) -> str:
    return str(message.get_body(preferencelist=("plain",)).get_content()).replace("\r\n", "\n")
