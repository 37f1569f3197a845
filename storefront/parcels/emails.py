"""Mails about parcels and returns, in the buyer's language; one for the owner."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.errors import N_, NotFound
from storefront.notifications.rendering import Mail, Variable, block, mail, render_mail
from storefront.orders.mailing import ORDER_VARIABLES, newest_order, order_facts
from storefront.orders.models import Order
from storefront.orders.queries import get_order
from storefront.parcels import queries
from storefront.parcels.models import ReturnRequest, Shipment
from storefront.shipping import service as shipping
from storefront.web.language import in_language, speaking
from storefront.web.links import absolute_url

Details = list[tuple[str, str]]

_THINGS = Variable(N_("Which things, and how many of each"), N_("1 × A shirt\n2 × A poster"))
_PARCEL = {
    **ORDER_VARIABLES,
    "things": _THINGS,
    "details": Variable(
        N_("Carrier and parcel number, or where and when to pick it up"),
        N_("Sent with:\nDHL\nParcel number:\n00340434"),
    ),
    "tracking_url": Variable(
        N_("Where the carrier shows how far it is, if there is such a page"), "/orders/example"
    ),
}
_RETURN = {
    **ORDER_VARIABLES,
    "things": _THINGS,
    "details": Variable(
        N_("What was said about the return, and how to send it"), N_("Our answer:\nYou are welcome.")
    ),
    "return_url": Variable(N_("The page of the return"), "/orders/example"),
}


def _newest_parcel() -> dict[str, Any] | None:
    row = db.execute(select(Shipment.order_id, Shipment.id).order_by(Shipment.id.desc()).limit(1)).first()
    return {"order_id": row[0], "shipment_id": row[1]} if row else None


def _newest_return() -> dict[str, Any] | None:
    newest = select(ReturnRequest.order_id, ReturnRequest.id).order_by(ReturnRequest.id.desc()).limit(1)
    row = db.execute(newest).first()
    return {"order_id": row[0], "return_id": row[1]} if row else None


@mail("parcel_sent", title=N_("Parcel on its way"), variables=_PARCEL, example=_newest_parcel)
def parcel_sent(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a parcel has left, what is in it, and where one sees how far it is."""
    return _about_parcel("parcel_sent", args, language)


@mail("parcel_tracking", title=N_("Right parcel number"), variables=_PARCEL, example=_newest_parcel)
def parcel_tracking(args: dict[str, Any], language: str) -> Mail | None:
    """Say the right number of a parcel."""
    return _about_parcel("parcel_tracking", args, language)


@mail("parcel_delivered", title=N_("Parcel delivered"), variables=_PARCEL, example=_newest_parcel)
def parcel_delivered(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a parcel has arrived, and what to do if it has not."""
    return _about_parcel("parcel_delivered", args, language)


@mail("pickup_ready", title=N_("Ready to be picked up"), variables=_PARCEL, example=_newest_parcel)
def pickup_ready(args: dict[str, Any], language: str) -> Mail | None:
    """Say that one can come for the things, where and when."""
    return _about_parcel("pickup_ready", args, language)


@mail("return_requested", title=N_("Return asked for"), variables=_RETURN, example=_newest_return)
def return_requested(args: dict[str, Any], language: str) -> Mail | None:
    """Confirm that somebody wants to return something."""
    return _about_return("return_requested", args, language, _words_details)


@mail("return_approved", title=N_("Return approved"), variables=_RETURN, example=_newest_return)
def return_approved(args: dict[str, Any], language: str) -> Mail | None:
    """Say that something may come back, and how to send it."""
    return _about_return("return_approved", args, language, _approved_details)


@mail("return_refused", title=N_("Return refused"), variables=_RETURN, example=_newest_return)
def return_refused(args: dict[str, Any], language: str) -> Mail | None:
    """Say that something can't come back, and why."""
    return _about_return("return_refused", args, language, _refused_details)


@mail("return_received", title=N_("Return arrived"), variables=_RETURN, example=_newest_return)
def return_received(args: dict[str, Any], language: str) -> Mail | None:
    """Say that what was sent back has arrived."""
    return _about_return("return_received", args, language, _no_details)


@mail(
    "return_asked", title=N_("A buyer wants to return something"), variables=_RETURN, example=_newest_return
)
def return_asked(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that somebody wants to return something."""
    return _about_return("return_asked", args, language, _their_words_details)


@mail("exchange_placed", title=N_("Exchange on its way"), variables=ORDER_VARIABLES, example=newest_order)
def exchange_placed(args: dict[str, Any], language: str) -> Mail | None:
    """Say that something is sent instead, and that there is nothing to pay."""
    return render_mail("exchange_placed", language, **order_facts(get_order(args["order_id"]), language))


def _about_parcel(kind: str, args: dict[str, Any], language: str) -> Mail | None:
    order = get_order(args["order_id"])
    statement = (
        select(Shipment).where(Shipment.id == args["shipment_id"]).options(selectinload(Shipment.lines))
    )
    shipment = db.session().scalar(statement)
    if shipment is None:
        raise NotFound
    with speaking(language):
        view = queries.view_of(order, shipment)
        details = _parcel_details(order, view)
    return render_mail(
        kind,
        language,
        **order_facts(order, language),
        things=block("_things", language, things=view.things),
        details=block("_details", language, details=details),
        tracking_url=view.link or "",
    )


def _about_return(
    kind: str, args: dict[str, Any], language: str, details_of: Callable[[ReturnRequest], Details]
) -> Mail | None:
    order = get_order(args["order_id"])
    statement = select(ReturnRequest).where(ReturnRequest.id == args["return_id"])
    found = db.session().scalar(statement.options(selectinload(ReturnRequest.lines)))
    if found is None:
        raise NotFound
    with speaking(language):
        details = [(title, body) for title, body in details_of(found) if body]
        view = queries.return_view_of(order, found)
    page = f"/admin/returns/{found.public_id}" if kind == "return_asked" else order.path
    return render_mail(
        kind,
        language,
        **order_facts(order, language),
        things=block("_things", language, things=view.things),
        details=block("_details", language, details=details),
        return_url=absolute_url(page, language),
    )


def _parcel_details(order: Order, view: queries.ParcelView) -> Details:
    if view.shipment.is_pickup:
        facts = order.delivery or {}
        said = [(gettext("Where"), facts.get("place", "")), (gettext("When"), facts.get("opening", ""))]
    else:
        said = [
            (gettext("Sent with"), view.carrier),
            (gettext("Parcel number"), view.shipment.tracking_number),
        ]
    return [(title, body) for title, body in said if body]


def _words_details(found: ReturnRequest) -> Details:
    return [(gettext("Your words"), found.words)]


def _their_words_details(found: ReturnRequest) -> Details:
    return [(gettext("Their words"), found.words)]


def _approved_details(found: ReturnRequest) -> Details:
    rules = shipping.rules()
    instructions = found.instructions or in_language(rules, "return_instructions")
    return [
        (gettext("Our answer"), found.answer),
        (gettext("How to send it"), instructions),
        (gettext("Where to"), rules.sender),
    ]


def _refused_details(found: ReturnRequest) -> Details:
    return [(gettext("Our answer"), found.answer)]


def _no_details(found: ReturnRequest) -> Details:
    return []
