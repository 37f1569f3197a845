"""What applications ask the shop about licence keys: JSON for programs, documented in docs/licences.md.

There is no cookie, no session and no token of a form here: who asks proves nothing but that it has a key, so a page of
another site can do no more with a visitor's browser than with its own server (docs/decisions/licences.md).
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.logging import get_logger
from storefront.licensing import activating
from storefront.licensing.activating import LONGEST_INSTANCE, LONGEST_LABEL, NotGood
from storefront.web import throttle
from storefront.web.access import public
from storefront.web.csrf import exempt

licence_api = Blueprint("licence_api", __name__, url_prefix="/api/licences")

MOST_BYTES = 10_000
_MINUTE, _TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)
# So many requests a minute from one address, and for one key from everywhere.
MOST_FROM_ADDRESS = 120
MOST_FOR_KEY = 60
# So many wrong keys in ten minutes from one address: people mistype, programs guess.
MOST_WRONG = 30
_LONGEST = {
    "key": 120,
    "product": 120,
    "instance": LONGEST_INSTANCE,
    "label": LONGEST_LABEL,
}


@licence_api.post("/verify")
@public
def verify() -> Response:
    """Say whether a key counts, and whether it is active on this instance."""
    asked = _asked("key", "product", maybe=("instance",))
    return _answer(
        asked, lambda: activating.verify(asked["key"], asked["product"], asked.get("instance") or None)
    )


@licence_api.post("/activate")
@public
def activate() -> Response:
    """Take a seat for this instance; the same instance asks as often as it likes."""
    asked = _asked("key", "product", "instance", maybe=("label",))
    return _answer(
        asked,
        lambda: activating.activate(
            asked["key"], asked["product"], asked["instance"], asked.get("label", "")
        ),
    )


@licence_api.post("/deactivate")
@public
def deactivate() -> Response:
    """Give the seat of this instance back."""
    asked = _asked("key", "product", "instance")
    return _answer(asked, lambda: activating.deactivate(asked["key"], asked["product"], asked["instance"]))


for _view in (verify, activate, deactivate):
    exempt(_view)


@licence_api.after_request
def _open_to_all(answer: Response) -> Response:
    """Pages of other sites may read the answers: nothing in them depends on who the visitor is."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = "POST"
        answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
        answer.headers["Access-Control-Max-Age"] = "86400"
    return answer


@licence_api.errorhandler(NotGood)
def _refuse(refusal: NotGood) -> Response:
    answer = jsonify(error=refusal.code, message=str(refusal), **refusal.more)
    answer.status_code = refusal.status
    if "retry_after" in refusal.more:
        answer.headers["Retry-After"] = str(refusal.more["retry_after"])
    return answer


@licence_api.errorhandler(HTTPException)
def _refuse_oddity(error: HTTPException) -> Response:
    return _refuse(NotGood("unreadable", "The request can't be read.", error.code or 400))


@licence_api.errorhandler(Exception)
def _own_up(error: Exception) -> Response:
    get_logger().error("fault", path=request.path, method=request.method, exc_info=error)
    return _refuse(NotGood("fault", "Something broke on our side. Please try again.", 500))


def _answer(asked: dict[str, str], work: Callable[[], dict[str, Any]]) -> Response:
    _count(asked["key"])

    def in_unit() -> dict[str, Any]:
        with db.unit_of_work():
            return work()

    try:
        return jsonify(db.again_on_conflict(in_unit))
    except NotGood as refusal:
        if refusal.status == 404:
            with db.unit_of_work():
                throttle.count("licence_wrong", _address(), per=_TEN_MINUTES)
        raise


def _count(key: str) -> None:
    """Count in a unit of its own: a refusal is counted, too."""
    address = _address()
    with db.unit_of_work():
        from_here = throttle.count("licence_address", address, per=_MINUTE)
        for_key = throttle.count("licence_key", key, per=_MINUTE)
        wrong = throttle.counted("licence_wrong", address, per=_TEN_MINUTES)
    if wrong >= MOST_WRONG:
        raise _too_many(_TEN_MINUTES)
    if from_here > MOST_FROM_ADDRESS or for_key > MOST_FOR_KEY:
        raise _too_many(_MINUTE)


def _too_many(per: timedelta) -> NotGood:
    return NotGood(
        "too_many", "That was too often. Please wait.", 429, retry_after=throttle.seconds_left(per)
    )


def _address() -> str:
    return request.remote_addr or ""


def _asked(*needed: str, maybe: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the named fields of a JSON object or of a form, without spaces around them.

    Raises:
        NotGood: a field is missing, no text, or too long.
    """
    sent = _sent()
    fields, wrong = {}, {}
    for name in (*needed, *maybe):
        value = sent.get(name, "")
        text = value.strip() if isinstance(value, str) else ""
        if not isinstance(value, str):
            wrong[name] = "must be text"
        elif not text and name in needed:
            wrong[name] = "is missing"
        elif len(text) > _LONGEST[name]:
            wrong[name] = f"is longer than {_LONGEST[name]} characters"
        elif not text.isprintable():
            wrong[name] = "holds characters that can't be printed"
        fields[name] = text
    if wrong:
        raise NotGood("invalid", "Some fields are missing or wrong.", 422, fields=wrong)
    return fields


def _sent() -> dict[str, Any]:
    request.max_content_length = MOST_BYTES
    if not request.is_json:
        return request.form.to_dict()
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise NotGood("invalid", "The body must be a JSON object.", 422, fields={})
    return found
