"""What every way of sending needs: the envelope, the answers and the mail in its standard form."""

from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from email_validator import EmailNotValidError, validate_email

from storefront.core.clock import datetime, now
from storefront.core.errors import N_
from storefront.core.logging import mask

TIMEOUT_SECONDS = 10.0
# Short lines of seven bits: a server of any age passes them on. UTF-8 only where an address needs it.
ASCII_FORM = policy.SMTP.clone(cte_type="7bit")
UTF8_FORM = policy.SMTPUTF8.clone(cte_type="7bit")

# Of RFC 5322, less the name of the header.
_LONGEST_LINE = 900
_LONGEST_ANSWER = 500
_LONGEST_SUBJECT = 200


class MailRefused(Exception):
    """The server refused this mail for good; ``str()`` is its answer."""


class MailUnreachable(Exception):
    """The server is down, slow or does not want it now; ``str()`` says what it said."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail to one person. ``message_id`` stays the same at each try, so that a repetition can be told."""

    message_id: str
    queued_at: datetime
    sender_name: str
    recipient: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    unsubscribe_url: str = ""

    @property
    def list_headers(self) -> dict[str, str]:
        """What lets mail programs end such mails by one press of a button (RFC 8058)."""
        if not self.unsubscribe_url:
            return {}
        return {
            "List-Unsubscribe": f"<{self.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }


class Mailer(Protocol):
    """A way to send mail."""

    def send(self, envelope: Envelope) -> str:
        """Send it and return the server's answer.

        Raises:
            MailRefused: it will never go.
            MailUnreachable: it may go later.
        """


def compose(envelope: Envelope, sender: str) -> EmailMessage:
    """Return the mail with a text and an HTML form.

    Raises:
        MailRefused: the recipient is no address.
    """
    recipient = checked_address(envelope.recipient)
    message = EmailMessage(policy=ASCII_FORM if recipient.isascii() else UTF8_FORM)
    message["From"] = _address(sender, one_line(envelope.sender_name))
    message["To"] = _address(recipient)
    if envelope.reply_to:
        message["Reply-To"] = _address(checked_address(envelope.reply_to))
    message["Subject"] = one_line(envelope.subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{envelope.message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    for name, value in envelope.list_headers.items():
        message[name] = value
    message.set_content(envelope.text)
    message.add_alternative(envelope.html, subtype="html")
    if envelope.unsubscribe_url:
        # An address that is folded is encoded as a word, which no mail program takes for an address.
        message.policy = message.policy.clone(max_line_length=_LONGEST_LINE)
    return message


def checked_address(address: str) -> str:
    """Return the address in the form that servers understand, international domains in ASCII.

    Raises:
        MailRefused: it is none.
    """
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise MailRefused(N_("This is not an e-mail address") + f": {mask(str(error))}") from error
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def one_line(text: str) -> str:
    """Return the text without line breaks and control characters: nothing in it can become a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def shortened(text: str) -> str:
    """Return a server's answer as we keep it: one line, not too long, without addresses and keys."""
    return mask(one_line(text))[:_LONGEST_ANSWER]


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)
