"""Mail by Plunk's HTTP interface."""

from urllib.parse import SplitResult, parse_qs, unquote

import requests

from storefront.core.errors import N_
from storefront.gateways.mail.envelope import (
    TIMEOUT_SECONDS,
    Envelope,
    MailRefused,
    MailUnreachable,
    checked_address,
    one_line,
    shortened,
)

PLUNK_HOST = "next-api.useplunk.com"


class PlunkMailer:
    """Sends by Plunk: ``plunk://SECRET_KEY@host``; without a host by its own. ``?secure=0`` speaks http.

    The Idempotency-Key is the mail's id, so that a try whose answer was lost is not delivered twice.
    """

    def __init__(self, parts: SplitResult, sender: str) -> None:
        is_secure = parse_qs(parts.query).get("secure", ["1"])[0] != "0"
        place = parts.netloc.rpartition("@")[2] or PLUNK_HOST
        self._url = f"{'https' if is_secure else 'http'}://{place}{parts.path.rstrip('/')}/v1/send"
        self._key = unquote(parts.username or "")
        self._sender = sender

    def send(self, envelope: Envelope) -> str:
        """Post the mail and return Plunk's word for it."""
        recipient = checked_address(envelope.recipient)
        response = self._post(self._body(envelope, recipient), envelope.message_id)
        if response.status_code == 409 and _took_it_before(response):
            return N_("taken at an earlier try")
        if response.status_code == 409:
            # The earlier try failed inside Plunk, and the key is spent: rather twice than never.
            response = self._post(self._body(envelope, recipient), None)
        answer = shortened(f"{response.status_code} {response.text}")
        if response.ok:
            return answer
        if response.status_code in (400, 422):
            raise MailRefused(answer)
        raise MailUnreachable(answer)

    def _body(self, envelope: Envelope, recipient: str) -> dict[str, object]:
        body: dict[str, object] = {
            "to": recipient,
            "from": {"name": one_line(envelope.sender_name), "email": self._sender},
            "subject": one_line(envelope.subject).replace("{{", "{ {").replace("{%", "{ %"),
            # Plunk fills in {{ names }}; a title that looks like one must arrive as it is.
            "body": envelope.html.replace("{{", "&#123;&#123;").replace("{%", "&#123;%"),
        }
        body |= {"headers": envelope.list_headers} if envelope.list_headers else {}
        return body | ({"reply": envelope.reply_to} if envelope.reply_to else {})

    def _post(self, body: dict[str, object], idempotency_key: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._key}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        try:
            return requests.post(
                self._url, json=body, headers=headers, timeout=(3.0, TIMEOUT_SECONDS), allow_redirects=False
            )
        except requests.RequestException as error:
            raise MailUnreachable(N_("Plunk can't be reached") + f": {type(error).__name__}.") from error


def _took_it_before(response: requests.Response) -> bool:
    """Whether Plunk says that an earlier try with this key came through."""
    try:
        told = response.json()
    except ValueError:
        return False
    error = told.get("error") if isinstance(told, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    earlier = details.get("originalStatusCode") if isinstance(details, dict) else None
    return isinstance(earlier, int) and 200 <= earlier < 300
