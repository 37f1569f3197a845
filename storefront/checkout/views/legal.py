"""The terms of sale, and the function by which consumers withdraw from a contract."""

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.checkout import withdrawing
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.errors import NotFound, TooMany
from storefront.orders.queries import get_order
from storefront.shop.legal import LegalKind, find_text
from storefront.web import throttle
from storefront.web.access import public
from storefront.web.language import current_language, in_language
from storefront.web.pages import go, render_page

legal = Blueprint("legal", __name__)

_FIELDS = {"name": 120, "number": 12, "email": 254, "what": 500}
_TRIES = 20


@legal.get("/terms")
@public
def show_terms() -> Response:
    """Show the terms of sale as they are now."""
    text = find_text(LegalKind.TERMS)
    if text is None or not text.body:
        raise NotFound
    return render_page(
        "legal/terms.html", text=in_language(text, "body"), version=text.version, since=text.created_at
    )


@legal.get("/withdrawal")
@public
def withdraw() -> Response:
    """Ask who withdraws from which contract."""
    said = dict.fromkeys(_FIELDS, "") | {"number": request.args.get("order", "")[:12]}
    return render_page("legal/withdraw.html", said=said, errors={})


@legal.post("/withdrawal")
@public
def check_withdrawal() -> Response:
    """Show what is about to be declared, with the button that confirms it. Nothing is written."""
    said, errors = _read()
    if errors:
        return render_page("legal/withdraw.html", said=said, errors=errors, status=422)
    return render_page("legal/confirm_withdrawal.html", said=said)


@legal.post("/withdrawal/confirmation")
@public
def confirm_withdrawal() -> BaseResponse:
    """Write the declaration down."""
    said, errors = _read()
    order = None if errors else withdrawing.find_order(said["number"], said["email"])
    if order is None:
        return render_page("legal/withdraw.html", said=said, errors=errors, status=422)
    with db.unit_of_work():
        made = withdrawing.declare(order.id, said["name"], said["what"], current_language())
    return go(url_for("legal.show_withdrawal", public_id=made.public_id))


@legal.get("/withdrawal/<public_id>")
@public
def show_withdrawal(public_id: str) -> Response:
    """Say that the declaration has arrived, when, and what it says."""
    found = withdrawing.find_withdrawal(public_id)
    if found is None:
        raise NotFound
    return render_page("legal/withdrawn.html", withdrawal=found, order=get_order(found.order_id))


def _read() -> tuple[dict[str, str], dict[str, str]]:
    """Return what was typed and what is wrong by field. Whoever tries numbers on and on is stopped."""
    said = {name: _plain(request.form.get(name, ""))[:longest] for name, longest in _FIELDS.items()}
    errors = {}
    if not said["name"]:
        errors["name"] = gettext("Please enter your name.")
    with db.unit_of_work():
        tries = throttle.count("withdrawal", request.remote_addr or "", per=timedelta(hours=1))
    if tries > _TRIES:
        raise TooMany
    if withdrawing.find_order(said["number"], said["email"]) is None:
        errors["number"] = gettext("We find no paid order with this number and this e-mail address.")
    return said, errors


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
