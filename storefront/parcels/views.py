"""Returns, as whoever knows the address of an order asks for them."""

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.parcels import returning
from storefront.parcels.forms import ReturnForm, pieces_sent
from storefront.web.access import public
from storefront.web.pages import go, render_page

parcels = Blueprint("parcels", __name__)


@parcels.get("/orders/<public_id>/returns/new")
@public
def new_return(public_id: str) -> Response:
    """Ask what is to come back, and why."""
    return _page(_order(public_id), ReturnForm(formdata=None))


@parcels.post("/orders/<public_id>/returns/new")
@public
def ask_to_return(public_id: str) -> BaseResponse:
    """Write the wish down; the owner decides."""
    order = _order(public_id)
    form, pieces = ReturnForm(), pieces_sent(request.form)
    if not form.validate():
        return _page(order, form, pieces, status=422)
    try:
        with unit_of_work():
            returning.ask(order.id, form.wanted(pieces))
    except (returning.NothingToReturn, returning.NotReturnable) as refusal:
        form.form_errors.append(gettext(refusal.sentence))
        return _page(_order(public_id), form, pieces, status=422)
    flash(gettext("Thank you. We answer by mail; please send nothing before that."), "success")
    return go(_page_of(public_id))


@parcels.post("/orders/<public_id>/returns/<return_id>/withdrawal")
@public
def withdraw_return(public_id: str, return_id: str) -> BaseResponse:
    """Keep the things after all."""
    order = _order(public_id)
    if returning.get_return(return_id).order_id != order.id:
        raise NotFound
    with unit_of_work():
        returning.withdraw(return_id)
    flash(gettext("Your return is called off."), "success")
    return go(_page_of(public_id))


def _order(public_id: str) -> Order:
    order = orders.find_by_public_id(public_id)
    if order is None:
        raise NotFound
    return order


def _page_of(public_id: str) -> str:
    return url_for("orders.show", public_id=public_id)


def _page(
    order: Order, form: ReturnForm, pieces: dict[int, int] | None = None, *, status: int = 200
) -> Response:
    allowed = returning.returnable(order)
    if not allowed and status == 200:
        raise NotFound
    lines = [(line, allowed[line.id]) for line in order.lines if line.id in allowed]
    return render_page(
        "parcels/new_return.html", order=order, form=form, lines=lines, pieces=pieces or {}, status=status
    )
