"""What a person would do in Stripe's dashboard, done in Practice Stripe: only where no real money moves."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from storefront.core.errors import NotFound, Refused, Unavailable
from storefront.core.money import Money
from storefront.core.settings import Settings
from storefront.gateways.stripe import from_stripe

_TIMEOUT = (2.0, 6.0)


@dataclass(frozen=True, slots=True)
class DelayedPayment:
    """A payment by a slow method that waits to be confirmed or to fail."""

    session_id: str
    amount: Money
    email: str


class PracticeDesk:
    """The controls of Practice Stripe, spoken to over HTTP like its API.

    Raises, at each call:
        NotFound: the shop takes real money, or there is no such thing. Refused: it can't be done now.
        Unavailable: Practice Stripe does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_open = settings.is_practice
        self._base = f"{settings.stripe_base}/practice"
        self._headers = {"Authorization": f"Bearer {settings.stripe_key}"}

    def list_delayed(self) -> list[DelayedPayment]:
        """Return the payments that wait, newest first."""
        return [_delayed(session) for session in self._call("GET", "/delayed")["data"]]

    def confirm(self, session_id: str) -> None:
        """Let the money of a delayed payment arrive."""
        self._call("POST", f"/delayed/{quote(session_id, safe='')}/confirm")

    def fail(self, session_id: str) -> None:
        """Let a delayed payment come to nothing."""
        self._call("POST", f"/delayed/{quote(session_id, safe='')}/fail")

    def open_dispute(self, payment_intent_id: str) -> None:
        """Have the buyer's bank ask the money back."""
        self._call("POST", f"/charges/{quote(payment_intent_id, safe='')}/dispute")

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        """Have the bank decide."""
        path = f"/disputes/{quote(dispute_id, safe='')}/close"
        self._call("POST", path, outcome="won" if won else "lost")

    def _call(self, method: str, path: str, **fields: str) -> dict[str, Any]:
        if not self._is_open:
            raise NotFound
        try:
            answer = requests.request(
                method, self._base + path, data=fields, headers=self._headers, timeout=_TIMEOUT
            )
            body = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Unavailable from error
        if answer.status_code == 404:
            raise NotFound
        if answer.status_code >= 500:
            raise Unavailable
        if answer.status_code >= 400:
            raise Refused(str(body.get("error", {}).get("message") or Refused.sentence).replace("%", "%%"))
        return dict(body)


def _delayed(session: dict[str, Any]) -> DelayedPayment:
    details = session.get("customer_details") or {}
    amount = from_stripe(session["amount_total"], str(session["currency"]))
    return DelayedPayment(session["id"], amount, str(details.get("email") or ""))
