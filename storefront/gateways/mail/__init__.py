"""Sending mail: into files, over SMTP, or by Plunk's HTTP interface. ``MAIL_URL`` chooses.

A mailer either returns the server's answer, or raises ``MailRefused`` (this mail will never go) or
``MailUnreachable`` (it may go later).
"""

from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from storefront.core.errors import NotFound
from storefront.core.settings import Settings
from storefront.gateways.mail.envelope import Envelope, Mailer, MailRefused, MailUnreachable
from storefront.gateways.mail.outbox import OutboxMail, OutboxMailer
from storefront.gateways.mail.plunk import PlunkMailer
from storefront.gateways.mail.smtp import SmtpMailer

__all__ = [
    "Envelope",
    "MailRefused",
    "MailUnreachable",
    "Mailer",
    "OutboxMail",
    "configure",
    "has_outbox",
    "list_outbox",
    "mailer",
    "make_mailer",
    "read_outbox",
]

_mailer: Mailer | None = None


def configure(settings: Settings) -> None:
    """Choose the mailer of this process by ``MAIL_URL``."""
    global _mailer  # one mailer a process
    _mailer = make_mailer(settings)


def mailer() -> Mailer:
    """Return the mailer of this process."""
    if _mailer is None:
        raise RuntimeError("gateways.mail.configure() was not called")
    return _mailer


def make_mailer(settings: Settings) -> Mailer:
    """Return the mailer that the settings ask for."""
    parts = urlsplit(settings.mail_url)
    sender = parseaddr(settings.mail_sender)[1]
    if parts.scheme == "file":
        return OutboxMailer(Path(unquote(parts.path)) if parts.path else settings.var_dir / "outbox", sender)
    if parts.scheme == "plunk":
        return PlunkMailer(parts, sender)
    return SmtpMailer(parts, sender)


def has_outbox() -> bool:
    """Whether mails go into files, for the owner to read, instead of out."""
    return isinstance(_mailer, OutboxMailer)


def list_outbox(limit: int = 50) -> list[OutboxMail]:
    """Return the newest mails of the outbox folder, newest first; none when mails really go out."""
    return _mailer.newest(limit) if isinstance(_mailer, OutboxMailer) else []


def read_outbox(name: str) -> OutboxMail:
    """Return one mail of the outbox with its texts.

    Raises:
        NotFound: there is none of that name.
    """
    if not isinstance(_mailer, OutboxMailer):
        raise NotFound
    return _mailer.read(name)
