"""The hosted payment page: what the buyer sees, without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request
from jinja2 import StrictUndefined

from practice_stripe.config import PracticeConfig
from practice_stripe.countries import COUNTRIES, country_name
from practice_stripe.currencies import write_amount
from practice_stripe.errors import NotBegunError
from practice_stripe.faults import take_request_fault
from practice_stripe.forms import PaymentForm, read_form
from practice_stripe.paying import decline, pay, pay_delayed
from practice_stripe.sessions import KIND, expire_overdue
from practice_stripe.store import Book, Json, reading, writing
from practice_stripe.texts import TEXTS, choose_language

_PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
_PAYS = ("pay", "pay_delayed", "pay_risky")


def hosted_pages(config: PracticeConfig) -> Blueprint:
    """Return the pages under ``/pay``."""
    pages = Blueprint("hosted", __name__, template_folder="templates")
    pages.record_once(lambda state: state.app.jinja_env.__setattr__("undefined", StrictUndefined))

    @pages.get("/pay/<session_id>")
    def show(session_id: str) -> Response:
        return _show(config, session_id)

    @pages.post("/pay/<session_id>")
    def submit(session_id: str) -> Response:
        return _submit(config, session_id)

    @pages.errorhandler(NotBegunError)
    def refuse(error: NotBegunError) -> Response:
        return _notice("broken", error.status, None, None)

    return pages


def _show(config: PracticeConfig, session_id: str) -> Response:
    fault = take_request_fault(config, "GET", request.path)
    fault.before_it_begins()
    fault.while_it_runs()
    if fault.kind.startswith("500"):
        return _notice("broken", 500, None, None)
    expire_overdue(config)
    with reading(config) as book:
        session = book.find(KIND, session_id)
        if session is None:
            return _notice("missing", 404, None, None)
        form = PaymentForm.of_session(session)
        page = _page(session, _offer(book, session), form, 200)
    fault.after_it_is_done()
    return page


def _submit(config: PracticeConfig, session_id: str) -> Response:
    fault = take_request_fault(config, "POST", request.path)
    fault.before_it_begins()
    fault.while_it_runs()
    if fault.kind == "500":
        return _notice("broken", 500, None, None)
    expire_overdue(config)
    with writing(config) as book:
        session = book.find(KIND, session_id)
        if session is None:
            return _notice("missing", 404, None, None)
        answer = _press(book, session, request.form.get("action", "pay"))
    fault.after_it_is_done()
    if fault.kind == "500_after_effect":
        return _notice("broken", 500, None, None)
    return answer


def _press(book: Book, session: Json, action: str) -> Response:
    """Do what the pressed button says."""
    if action == "cancel" and session["status"] == "open" and session["cancel_url"]:
        return _go(session["cancel_url"], session)
    if session["status"] == "complete" and action in _PAYS:
        # The second of two clicks: paid once, and both lead back to the shop.
        return _go(session["success_url"], session)
    offer = _offer(book, session)
    if session["status"] != "open" or action not in (*_PAYS, "decline"):
        return _page(session, offer, PaymentForm.of_session(session), 200)
    form = read_form(session, request.form, TEXTS[_language(session)])
    if form.mistakes:
        return _page(session, offer, form, 422)
    if action == "decline":
        decline(book, session, form.buyer())
        return _page(session, offer, form, 402, declined=session["amount_total"] > 0)
    if action == "pay_risky":
        pay(book, session, replace(form.buyer(), risk_level="elevated"))
    else:
        (pay if action == "pay" else pay_delayed)(book, session, form.buyer())
    return _go(session["success_url"], session)


def _go(template: str, session: Json) -> Response:
    response = Response("", 303)
    response.headers["Location"] = _address(template, session)
    # The address goes out as the shop wrote it, also when it is not what Werkzeug would call canonical.
    response.autocorrect_location_header = False
    return _harden(response, session)


def _page(session: Json, offer: Json, form: PaymentForm, status: int, declined: bool = False) -> Response:
    if session["status"] == "complete":
        return _notice("paid", status, session, session["success_url"])
    if session["status"] == "expired":
        return _notice(
            "expired", status, session, session["cancel_url"] or _origin(session["success_url"]) + "/"
        )
    language = _language(session)
    html = render_template(
        "practice_stripe/pay.html",
        t=TEXTS[language],
        session=session,
        offer=offer,
        form=form,
        declined=declined,
        countries=_named(
            (session["shipping_address_collection"] or {}).get("allowed_countries", []), language
        ),
        all_countries=_named(COUNTRIES, language),
        cancel_address=_address(session["cancel_url"] or "", session),
        money=lambda amount: write_amount(amount, session["currency"], language),
    )
    return _harden(Response(html, status), session)


def _notice(name: str, status: int, session: Json | None, back: str | None) -> Response:
    """Show a page with one sentence and a way back."""
    language = _language(session)
    address = _address(back, session) if back and session else None
    html = render_template("practice_stripe/notice.html", t=TEXTS[language], name=name, back=address)
    return _harden(Response(html, status), session)


def _offer(book: Book, session: Json) -> Json:
    """Return what is sold and what each way of shipping would make of the total."""
    lines = []
    for line in book.private(session["id"])["lines"]:
        product = book.get("product", line["price"]["product"])
        images = [image for image in product["images"] if _origin(image) == request.host_url.rstrip("/")]
        lines.append({**line, "product": product, "image": images[0] if images else None})
    without_shipping = session["amount_total"] - (session["shipping_cost"] or {}).get("amount_total", 0)
    options = []
    for option in session["shipping_options"]:
        rate = book.get("shipping_rate", option["shipping_rate"])
        total = without_shipping + option["shipping_amount"]
        options.append(
            {
                "id": rate["id"],
                "name": rate["display_name"],
                "amount": option["shipping_amount"],
                "total": total,
            }
        )
    return {"lines": lines, "options": options}


def _named(codes: Iterable[str], language: str) -> list[tuple[str, str]]:
    """Return countries with their names, in the order of the names."""
    named = [(code, country_name(code, language)) for code in codes]
    return sorted(named, key=lambda country: country[1])


def _language(session: Json | None) -> str:
    return choose_language(session["locale"] if session else None, request.headers.get("Accept-Language", ""))


def _address(template: str, session: Json) -> str:
    return template.replace(_PLACEHOLDER, session["id"])


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _harden(response: Response, session: Json | None) -> Response:
    # form-action also governs where an answered form may redirect to: the shop.
    shop = (
        {_origin(session[name]) for name in ("success_url", "cancel_url") if session[name]}
        if session
        else set()
    )
    targets = " ".join(("'self'", *sorted(shop)))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {targets}"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
