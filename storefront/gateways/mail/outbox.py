"""Mail for a shop that does not send yet: files that the owner reads in the admin or in any mail program."""

import os
import re
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from storefront.core.clock import UTC, datetime
from storefront.core.errors import N_, NotFound
from storefront.gateways.mail.envelope import Envelope, MailRefused, MailUnreachable, compose

# What the answer to a mail says before the name of its file.
KEPT = N_("Kept in the outbox")
_NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9A-Za-z_-]+\.eml")


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail in the outbox folder. ``text`` and ``html`` are empty in lists."""

    name: str
    queued_at: datetime
    recipient: str
    subject: str
    text: str = ""
    html: str = ""


class OutboxMailer:
    """Keeps mails as ``.eml`` files that any mail program opens. The names sort by time."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, envelope: Envelope) -> str:
        """Write the file in one step. A repetition replaces it."""
        content = compose(envelope, self._sender).as_bytes()
        name = f"{envelope.queued_at:%Y%m%dT%H%M%S%f}-{envelope.message_id}.eml"
        if not _NAME.fullmatch(name):
            raise MailRefused(N_("The name of this mail can't be the name of a file."))
        try:
            self._write(name, content)
        except OSError as error:
            raise MailUnreachable(N_("The outbox can't be written") + f": {error.strerror}.") from error
        return f"{KEPT}: {name}"

    def newest(self, limit: int) -> list[OutboxMail]:
        """Return what is in the folder, newest first."""
        try:
            names = sorted((name for name in os.listdir(self._folder) if _NAME.fullmatch(name)), reverse=True)
        except FileNotFoundError:
            return []
        return [_summary(name, self._load(name)) for name in names[:limit]]

    def read(self, name: str) -> OutboxMail:
        """Return one mail; only a name that we could have given is looked for, so no path leads out."""
        if not _NAME.fullmatch(name):
            raise NotFound
        message = self._load(name)
        return replace(_summary(name, message), text=_part(message, "plain"), html=_part(message, "html"))

    def _load(self, name: str) -> EmailMessage:
        try:
            content = (self._folder / name).read_bytes()
        except OSError as error:
            raise NotFound from error
        return message_from_bytes(content, policy=policy.default)

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f".{name}.{os.getpid()}"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / name)


def _summary(name: str, message: EmailMessage) -> OutboxMail:
    queued_at = datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    return OutboxMail(name, queued_at, str(message["To"] or ""), str(message["Subject"] or ""))


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body(preferencelist=(subtype,))
    return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""
