"""Mail over SMTP."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from urllib.parse import SplitResult, parse_qs, unquote

from storefront.core.errors import N_
from storefront.gateways.mail.envelope import (
    TIMEOUT_SECONDS,
    Envelope,
    MailRefused,
    MailUnreachable,
    checked_address,
    compose,
    shortened,
)


class SmtpMailer:
    """Speaks to a mail server: ``smtp://user:password@host:587?starttls=required`` or ``smtps://host``.

    STARTTLS is used when the server offers it; ``starttls=required`` insists, ``starttls=no`` does without.
    Certificates are always checked.
    """

    def __init__(self, parts: SplitResult, sender: str) -> None:
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._is_tls else 587 if parts.username else 25)
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._starttls = parse_qs(parts.query).get("starttls", ["offered"])[0]
        self._sender = sender

    def send(self, envelope: Envelope) -> str:
        """Hand the mail over and return the server's last answer, which often holds its queue number."""
        recipient = checked_address(envelope.recipient)
        message = compose(envelope, self._sender)
        try:
            with self._connected() as server:
                return _hand_over(server, self._sender, recipient, message)
        except smtplib.SMTPException as error:
            raise MailUnreachable(_answer_of(error)) from error
        except ssl.SSLError as error:
            raise MailUnreachable(N_("The mail server's encryption failed") + f": {error.reason}.") from error
        except OSError as error:
            raise MailUnreachable(
                N_("The mail server can't be reached") + f": {error.strerror or error}."
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._connect()
        try:
            server.ehlo_or_helo_if_needed()
            self._encrypt(server)
            if self._login:
                server.login(*self._login)
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()  # the mail is taken, whatever becomes of the goodbye
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        own_name = self._sender.rpartition("@")[2] or "localhost"
        if self._is_tls:
            return smtplib.SMTP_SSL(
                self._host,
                self._port,
                local_hostname=own_name,
                timeout=TIMEOUT_SECONDS,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(self._host, self._port, local_hostname=own_name, timeout=TIMEOUT_SECONDS)

    def _encrypt(self, server: smtplib.SMTP) -> None:
        if self._is_tls or self._starttls == "no":
            return
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif self._starttls == "required":
            raise MailUnreachable(N_("The mail server offers no STARTTLS, and MAIL_URL requires it."))


def _hand_over(server: smtplib.SMTP, sender: str, recipient: str, message: EmailMessage) -> str:
    """Say MAIL, RCPT and DATA; only what concerns this recipient or this mail is a refusal for good."""
    is_international = not recipient.isascii()
    if is_international and not server.has_extn("smtputf8"):
        raise MailRefused(N_("The mail server can't write to addresses with such letters."))
    code, said = server.mail(sender, ["SMTPUTF8"] if is_international else [])
    if code != 250:
        raise MailUnreachable(_words(code, said))
    code, said = server.rcpt(recipient)
    if code not in (250, 251):
        raise _refusal(code, said)
    try:
        code, said = server.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    if code != 250:
        raise _refusal(code, said)
    return _words(code, said)


def _refusal(code: int, said: bytes | str) -> MailRefused | MailUnreachable:
    return MailRefused(_words(code, said)) if 500 <= code <= 599 else MailUnreachable(_words(code, said))


def _answer_of(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    return shortened(f"{type(error).__name__}: {error}")


def _words(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return shortened(f"{code} {text}")
