"""Parcels: what is to be sent, slips to pack by, what left, and where it is."""

import hashlib
import re

from flask import Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.places import envelope_of
from storefront.admin.blueprint import admin
from storefront.admin.forms.parcels import ParcelForm, TrackingForm, tracking_form
from storefront.admin.queries import get_order_by_number
from storefront.admin.views.asking import ask, back_to
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound, Refused
from storefront.core.ids import new_public_id
from storefront.core.settings import LANGUAGES
from storefront.orders.models import Order
from storefront.orders.queries import get_order
from storefront.parcels import queries, returning, sending
from storefront.parcels.carriers import CARRIERS, carrier_name, is_tracking_number, tracking_link
from storefront.parcels.forms import pieces_sent
from storefront.parcels.models import Shipment
from storefront.parcels.sending import ParcelWish, Tracking
from storefront.shipping import service as shipping
from storefront.web.access import owner_only
from storefront.web.language import NAMES, speaking
from storefront.web.pages import go, render_page

_MOST_AT_ONCE = 100


@admin.get("/parcels")
@owner_only
def list_to_ship() -> Response:
    """Show paid orders that wait for their parcel, oldest first."""
    rows, next_after = queries.orders_to_ship(_after())
    return render_page(
        "admin/parcels/to_ship.html",
        rows=rows,
        next_after=next_after,
        is_first_page="after" not in request.args,
        carriers=_carriers(),
        page_key=new_public_id(),
        returns_waiting=returning.count_waiting(),
    )


@admin.get("/parcels/sent")
@owner_only
def list_on_the_way() -> Response:
    """Show parcels that have not arrived, oldest first."""
    rows, next_after = queries.shipments_on_the_way(_after())
    return render_page(
        "admin/parcels/on_the_way.html",
        rows=[
            (shipment, order, carrier_name(shipment.carrier), _link_of(shipment)) for shipment, order in rows
        ],
        next_after=next_after,
        is_first_page="after" not in request.args,
        returns_waiting=returning.count_waiting(),
    )


@admin.post("/parcels/sent")
@owner_only
def mark_many_sent() -> BaseResponse:
    """Note for each ticked order that all that is left of it is on its way; the page sent twice does so once."""
    numbers = _ticked()
    if "slips" in request.form:
        return go(url_for("admin.packing_slips", order=numbers)) if numbers else _nothing_ticked()
    if not numbers:
        return _nothing_ticked()
    sent = [number for number in numbers if _mark_sent(number)]
    said = ngettext("%(num)s order is marked as sent.", "%(num)s orders are marked as sent.", len(sent))
    flash(said, "success" if sent else "warning")
    left_out = sorted(set(numbers) - set(sent))
    if left_out:
        flash(gettext("Not sent, please look at them: %(numbers)s.", numbers=", ".join(left_out)), "warning")
    return go(url_for("admin.list_to_ship"))


@admin.get("/packing-slips")
@owner_only
def packing_slips() -> Response:
    """Print what goes into the parcels of some orders, without prices unless they are asked for."""
    numbers = request.args.getlist("order")[:_MOST_AT_ONCE]
    rows = queries.get_to_ship(numbers)
    if not rows:
        raise NotFound
    language = request.args.get("language", "")
    has_prices = request.args.get("prices") == "1"

    def address(language: str | None, *, prices: bool = has_prices) -> str:
        return url_for(
            "admin.packing_slips", order=numbers, language=language or None, prices=int(prices) or None
        )

    return render_page(
        "admin/parcels/slips.html",
        slips=[_slip(row, language if language in LANGUAGES else row.order.language) for row in rows],
        links=[
            (gettext("Language of the buyer"), address(None), not language),
            *((NAMES[code], address(code), language == code) for code in LANGUAGES),
            (gettext("With prices"), address(language, prices=not has_prices), has_prices),
        ],
        has_prices=has_prices,
        sender=shipping.rules().sender,
    )


@admin.get("/orders/<number>/shipment")
@owner_only
def new_shipment(number: str) -> Response:
    """Ask what is in the parcel and how it can be followed."""
    order = get_order_by_number(number)
    if not sending.may_send(order):
        raise sending.NotToSend
    return _shipment_page(order, ParcelForm(None))


@admin.post("/orders/<number>/shipment")
@owner_only
def mark_sent(number: str) -> BaseResponse:
    """Note that a parcel is on its way."""
    order = get_order_by_number(number)
    form, pieces = ParcelForm(request.form), pieces_sent(request.form)
    if not form.validate():
        return _shipment_page(order, form, pieces, status=422)
    try:
        with unit_of_work():
            sending.send(order.id, ParcelWish(form.key.data, pieces, form.tracking))
    except sending.NothingChosen as refusal:
        form.form_errors.append(gettext(refusal.sentence))
        return _shipment_page(order, form, pieces, status=422)
    flash(gettext("Marked as sent. The buyer is told by mail."), "success")
    return go(_order_url(number))


@admin.get("/shipments/<shipment_id>")
@owner_only
def edit_shipment(shipment_id: str) -> Response:
    """Show how a parcel is followed, to be corrected."""
    shipment = queries.get_shipment(shipment_id)
    return _tracking_page(shipment, tracking_form(shipment))


@admin.post("/shipments/<shipment_id>")
@owner_only
def save_shipment(shipment_id: str) -> BaseResponse:
    """Correct the number of a parcel; the buyer is told."""
    shipment = queries.get_shipment(shipment_id)
    form = tracking_form(shipment, request.form)
    if not form.validate():
        return _tracking_page(shipment, form, status=422)
    with unit_of_work():
        is_changed = sending.correct_tracking(shipment_id, form.tracking)
    flash(
        gettext("Saved. The buyer is told by mail.") if is_changed else gettext("Nothing has changed."),
        "success",
    )
    return go(_order_url(get_order(shipment.order_id).number))


@admin.post("/shipments/<shipment_id>/delivery")
@owner_only
def note_delivery(shipment_id: str) -> BaseResponse:
    """Note that a parcel arrived, or was picked up."""
    shipment = queries.get_shipment(shipment_id)
    with unit_of_work():
        sending.note_delivery(shipment_id)
    flash(gettext("Noted."), "success")
    return go(back_to(_order_url(get_order(shipment.order_id).number)))


@admin.get("/shipments/<shipment_id>/removal")
@owner_only
def ask_to_call_off_shipment(shipment_id: str) -> Response:
    """Ask before a parcel that never left is taken back."""
    shipment = queries.get_shipment(shipment_id)
    order = get_order(shipment.order_id)
    return ask(
        gettext("Take back that this parcel has left?"),
        gettext(
            "Its things are to be sent again. The buyer has had a mail about it and gets no other one now."
        ),
        action=url_for("admin.call_off_shipment", shipment_id=shipment_id),
        button=gettext("It has not left"),
        back=_order_url(order.number),
    )


@admin.post("/shipments/<shipment_id>/removal")
@owner_only
def call_off_shipment(shipment_id: str) -> BaseResponse:
    """Take back that a parcel has left."""
    shipment = queries.get_shipment(shipment_id)
    with unit_of_work():
        sending.call_off(shipment_id)
    flash(gettext("Its things are to be sent again."), "success")
    return go(_order_url(get_order(shipment.order_id).number))


def _mark_sent(number: str) -> bool:
    """One order, one unit: what can't be sent keeps no other one from being sent."""
    tracking = Tracking(request.form.get("carrier", ""), request.form.get(f"tracking-{number}", "").strip())
    if tracking.carrier not in CARRIERS:
        tracking = Tracking("", tracking.number)
    if tracking.number and not is_tracking_number(tracking.number):
        return False
    key = hashlib.sha256(f"{request.form.get('page_key', '')}:{number}".encode()).hexdigest()[:22]
    try:
        order = get_order_by_number(number)
        with unit_of_work():
            sending.send_rest(order.id, key, tracking)
    except (NotFound, Refused):
        return False
    return True


def _slip(row: queries.ToShip, language: str) -> dict[str, object]:
    with speaking(language):
        return {
            "order": row.order,
            "things": row.things,
            "language": language,
            "address": envelope_of(row.order.shipping_address),
            "delivery": row.order.delivery or {},
        }


def _ticked() -> list[str]:
    numbers = request.form.getlist("order")[:_MOST_AT_ONCE]
    return list(dict.fromkeys(number for number in numbers if re.fullmatch(r"[A-Z0-9-]{1,12}", number)))


def _nothing_ticked() -> BaseResponse:
    flash(gettext("Please tick some orders first."), "warning")
    return go(url_for("admin.list_to_ship"))


def _carriers() -> list[tuple[str, str]]:
    return sorted(((code, carrier_name(code)) for code in CARRIERS), key=lambda carrier: carrier[1])


def _link_of(shipment: Shipment) -> str | None:
    return tracking_link(shipment.carrier, shipment.tracking_number, shipment.tracking_url)


def _after() -> int:
    after = request.args.get("after", "")
    return int(after) if re.fullmatch(r"[0-9]{1,18}", after) else 0


def _order_url(number: str) -> str:
    return url_for("admin.show_order", number=number)


def _shipment_page(
    order: Order, form: ParcelForm, pieces: dict[int, int] | None = None, *, status: int = 200
) -> Response:
    left = sending.all_that_is_left(order)
    lines = [(line, left[line.id]) for line in order.lines if line.id in left]
    return render_page(
        "admin/parcels/new.html",
        order=order,
        form=form,
        lines=lines,
        pieces=left if pieces is None else pieces,
        address=envelope_of(order.shipping_address),
        status=status,
    )


def _tracking_page(shipment: Shipment, form: TrackingForm, *, status: int = 200) -> Response:
    order = get_order(shipment.order_id)
    return render_page(
        "admin/parcels/edit.html",
        order=order,
        parcel=queries.view_of(order, shipment),
        form=form,
        status=status,
    )
