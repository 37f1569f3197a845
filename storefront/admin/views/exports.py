"""Orders, lines, refunds and customers for other programs."""

from collections.abc import Iterator

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.views.asking import words_asked
from storefront.analytics.exporting import Wanted, What, export
from storefront.core.clock import date, now
from storefront.core.errors import NotFound
from storefront.core.logging import get_logger
from storefront.orders.states import OrderState, PaymentState
from storefront.web.access import owner_only
from storefront.web.pages import render_page


@admin.get("/exports")
@owner_only
def exports() -> Response:
    """Show what can be taken away, and let the owner choose which."""
    return render_page(
        "admin/money/exports.html",
        wanted=_wanted(),
        kinds=list(What),
        states=list(OrderState),
        payment_states=list(PaymentState),
    )


@admin.get("/exports/<what>.csv")
@owner_only
def export_orders(what: str) -> BaseResponse:
    """Give a CSV file, piece by piece. That it was taken is written down, since it is full of people."""
    if what not in list(What):
        raise NotFound
    get_logger().info("exported", what=what)
    pieces = export(What(what), _wanted(), bom="plain" not in request.args)
    return as_file(pieces, f"{what}-{now():%Y-%m-%d}.csv")


def as_file(pieces: Iterator[bytes], filename: str) -> Response:
    """Return the answer that a browser keeps as a file."""
    answer = Response(pieces)
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def _wanted() -> Wanted:
    """Return what the address asks for; what it says wrongly is left out, as in the list."""
    state, payment_state = request.args.get("state", ""), request.args.get("payment", "")
    return Wanted(
        words=words_asked(),
        state=OrderState(state) if state in list(OrderState) else None,
        payment_state=PaymentState(payment_state) if payment_state in list(PaymentState) else None,
        only_attention=request.args.get("attention") == "1",
        since=_day_asked("since"),
        until=_day_asked("until"),
    )


def _day_asked(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2999 else None
