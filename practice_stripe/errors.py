"""Refusals in the shape of Stripe's API."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """A refusal that becomes ``{"error": {...}}`` with a status.

    ``begun`` says whether the endpoint had begun to act: only then does an idempotency key keep the answer.
    """

    begun = True

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status
        self.kind = kind
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body that Stripe would answer."""
        error: dict[str, Any] = {}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        error["message"] = self.message
        if self.param:
            error["param"] = self.param
        error["type"] = self.kind
        return {"error": error}


class InvalidParamsError(StripeError):
    """The parameters could not be understood; nothing was begun."""

    begun = False


class NotBegunError(StripeError):
    """Refused before the endpoint began: key, address, rate, a request under way with the same key."""

    begun = False


def missing_resource(kind: str, resource_id: str, param: str = "id", status: int = 404) -> StripeError:
    """Return Stripe's answer to an id that it does not know."""
    message = f"No such {kind}: '{resource_id}'"
    return StripeError(message, param=param, code="resource_missing", status=status)


def server_error() -> StripeError:
    """Return the 500 that Stripe gives when something broke on its side."""
    message = "An unknown error occurred."
    return StripeError(message, status=500, kind="api_error", headers={"Stripe-Should-Retry": "false"})
