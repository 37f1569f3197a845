"""A mail server inside the test process that keeps what it gets, and can be down, slow, unwilling or rude."""

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.process import ServerMissingError, free_port, make_folder, remove_folder

USER = "shop"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class ReceivedMail:
    """One message as it came over the wire."""

    sender: str
    recipients: list[str]
    content: bytes
    login: str | None
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class _Faults:
    slow_seconds: float = 0.0
    refusals: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    drops: int = 0


class SmtpServer:
    """`url`, `messages`, and the faults.

    `security` is `plain`, `starttls` or `tls`; `needs_login` asks for AUTH.
    """

    def __init__(self, *, security: str = "plain", needs_login: bool = False) -> None:
        self.port = free_port()
        self.security = security
        self.needs_login = needs_login
        self.messages: list[ReceivedMail] = []
        self.attempts = 0
        self._arrived = threading.Condition()
        self._faults = _Faults()
        self._folder = make_folder() if security != "plain" else None
        self.certificate = _make_certificate(self._folder) if self._folder else None
        self._controller: _Controller | None = None

    @property
    def url(self) -> str:
        """The setting for it, e.g. `smtp://127.0.0.1:2525`; with the login when it asks for one."""
        scheme = "smtps" if self.security == "tls" else "smtp"
        login = f"{USER}:{PASSWORD.replace(' ', '%20')}@" if self.needs_login else ""
        host = "localhost" if self.certificate else "127.0.0.1"
        return f"{scheme}://{login}{host}:{self.port}"

    def up(self) -> None:
        """Listen, again on the same port after `down`."""
        if self._controller is None:
            self._controller = _Controller(self)
            self._controller.start()

    def down(self) -> None:
        """Stop listening: connections are refused."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def slow(self, seconds: float) -> None:
        """Wait so long before the answer to each message."""
        self._faults.slow_seconds = seconds

    def refuse(self, answer: str, *, at: str = "DATA", times: int | None = None) -> None:
        """Answer `answer`, e.g. `451 try later` or `550 no such user`, at `MAIL`, `RCPT` or `DATA`.

        `times` says how often; None is for good.
        """
        self._faults.refusals[at] = (answer, times)

    def drop_after_data(self, times: int = 1) -> None:
        """Take the message, then cut the line before saying so: the sender can't know."""
        self._faults.drops = times

    def mend(self) -> None:
        """End all faults."""
        self._faults = _Faults()
        self.up()

    def clear(self) -> None:
        """Forget what was received."""
        self.messages.clear()
        self.attempts = 0

    def wait_for(self, count: int = 1, timeout: float = 10) -> list[ReceivedMail]:
        """The messages as soon as there are `count`.

        Raises TimeoutError when they do not come within `timeout` seconds.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.messages) >= count, timeout):
                raise TimeoutError(f"{len(self.messages)} of {count} messages came in {timeout} s")
            return list(self.messages)

    def close(self) -> None:
        self.down()
        if self._folder:
            remove_folder(self._folder)

    # aiosmtpd calls these, in its own thread.

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.attempts += 1
        if refusal := self._refusal("MAIL"):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self._refusal("RCPT"):
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self._faults.slow_seconds)
        if refusal := self._refusal("DATA"):
            return refusal
        self._keep(session, envelope)
        if self._faults.drops > 0:
            self._faults.drops -= 1
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"

    def _keep(self, session: Session, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        login: object = session.auth_data  # what `_check_login` put there
        received = ReceivedMail(
            sender=envelope.mail_from or "",
            recipients=[str(address) for address in envelope.rcpt_tos],
            content=content,
            login=login if isinstance(login, str) else None,
            is_encrypted=bool(session.ssl) or self.security == "tls",
        )
        with self._arrived:
            self.messages.append(received)
            self._arrived.notify_all()

    def _refusal(self, stage: str) -> str | None:
        answer, left = self._faults.refusals.get(stage, (None, 0))
        if answer is None or left == 0:
            return None
        if left is not None:
            self._faults.refusals[stage] = (answer, left - 1)
        return answer


class _Controller(Controller):
    def __init__(self, owner: SmtpServer) -> None:
        self._owner = owner
        self._tls = _server_context(owner.certificate) if owner.certificate else None
        super().__init__(
            owner,
            hostname="127.0.0.1",
            port=owner.port,
            ssl_context=self._tls if owner.security == "tls" else None,
        )

    def factory(self) -> SMTP:
        is_starttls = self._owner.security == "starttls"
        return SMTP(
            self.handler,
            hostname="mail.test",
            enable_SMTPUTF8=True,
            tls_context=self._tls if is_starttls else None,
            require_starttls=is_starttls,
            auth_required=self._owner.needs_login,
            auth_require_tls=is_starttls,
            authenticator=_check_login,
            loop=self.loop,
        )


def _check_login(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False, auth_data=USER if is_right else None)


def _server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def _make_certificate(folder: Path) -> Path:
    """A certificate for localhost that nobody trusts, until a test names it as trusted."""
    program = shutil.which("openssl")
    if program is None:
        raise ServerMissingError("mail over TLS can't be tried: no openssl on the PATH")
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
    ]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return folder / "certificate.pem"


@contextmanager
def smtp_server(*, security: str = "plain", needs_login: bool = False) -> Iterator[SmtpServer]:
    """A mail server that listens until the end of the block."""
    server = SmtpServer(security=security, needs_login=needs_login)
    try:
        server.up()
        yield server
    finally:
        server.close()
