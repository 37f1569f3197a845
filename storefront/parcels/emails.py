"""Mails about parcels and returns, in the buyer's language; one for the owner."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.errors import N_, NotFound
from storefront.notifications.rendering import Mail, mail, render_mail
from storefront.orders.models import Order
from storefront.orders.queries import get_order
from storefront.parcels import queries
from storefront.parcels.models import ReturnRequest, Shipment
from storefront.shipping import service as shipping
from storefront.web.language import in_language, speaking
from storefront.web.links import absolute_url

# Subject, heading and words of one mail, and what the link says.
Words = tuple[str, str, str, str]
Blocks = list[tuple[str, str]]


@mail("parcel_sent", title=N_("Parcel on its way"))
def parcel_sent(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a parcel has left, what is in it, and where one sees how far it is."""
    return _about_parcel(args, language, _sent_words)


@mail("parcel_tracking", title=N_("Right parcel number"))
def parcel_tracking(args: dict[str, Any], language: str) -> Mail | None:
    """Say the right number of a parcel."""
    return _about_parcel(args, language, _tracking_words)


@mail("parcel_delivered", title=N_("Parcel delivered"))
def parcel_delivered(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a parcel has arrived, and what to do if it has not."""
    return _about_parcel(args, language, _delivered_words)


@mail("pickup_ready", title=N_("Ready to be picked up"))
def pickup_ready(args: dict[str, Any], language: str) -> Mail | None:
    """Say that one can come for the things, where and when."""
    return _about_parcel(args, language, _pickup_words)


@mail("return_requested", title=N_("Return asked for"))
def return_requested(args: dict[str, Any], language: str) -> Mail | None:
    """Confirm that somebody wants to return something."""
    return _about_return(args, language, _requested_words)


@mail("return_approved", title=N_("Return approved"))
def return_approved(args: dict[str, Any], language: str) -> Mail | None:
    """Say that something may come back, and how to send it."""
    return _about_return(args, language, _approved_words)


@mail("return_refused", title=N_("Return refused"))
def return_refused(args: dict[str, Any], language: str) -> Mail | None:
    """Say that something can't come back, and why."""
    return _about_return(args, language, _refused_words)


@mail("return_received", title=N_("Return arrived"))
def return_received(args: dict[str, Any], language: str) -> Mail | None:
    """Say that what was sent back has arrived."""
    return _about_return(args, language, _received_words)


@mail("return_asked", title=N_("A buyer wants to return something"))
def return_asked(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that somebody wants to return something."""
    return _about_return(args, language, _asked_words, path="/admin/returns/{return_id}")


def _about_parcel(
    args: dict[str, Any], language: str, words: Callable[[Order, queries.ParcelView], Words]
) -> Mail | None:
    order = get_order(args["order_id"])
    statement = (
        select(Shipment).where(Shipment.id == args["shipment_id"]).options(selectinload(Shipment.lines))
    )
    shipment = db.session().scalar(statement)
    if shipment is None:
        raise NotFound
    with speaking(language):
        view = queries.view_of(order, shipment)
        said, blocks = words(order, view), _parcel_blocks(order, view)
    return _write(language, order, said, blocks, view.things, view.link or absolute_url(order.path, language))


def _about_return(
    args: dict[str, Any],
    language: str,
    words: Callable[[Order, ReturnRequest], tuple[Words, Blocks]],
    path: str = "",
) -> Mail | None:
    order = get_order(args["order_id"])
    statement = select(ReturnRequest).where(ReturnRequest.id == args["return_id"])
    found = db.session().scalar(statement.options(selectinload(ReturnRequest.lines)))
    if found is None:
        raise NotFound
    with speaking(language):
        said, blocks = words(order, found)
        view = queries.return_view_of(order, found)
    address = path.format(return_id=found.public_id) or order.path
    return _write(language, order, said, blocks, view.things, absolute_url(address, language))


def _write(language: str, order: Order, words: Words, blocks: Blocks, things: Any, address: str) -> Mail:
    subject, heading, text, link = words
    return render_mail(
        "parcel",
        language,
        order=order,
        subject=subject,
        heading=heading,
        words=text,
        link=link,
        address=address,
        blocks=[(title, body) for title, body in blocks if body],
        things=things,
    )


def _parcel_blocks(order: Order, view: queries.ParcelView) -> Blocks:
    if view.shipment.is_pickup:
        facts = order.delivery or {}
        return [(gettext("Where"), facts.get("place", "")), (gettext("When"), facts.get("opening", ""))]
    return [(gettext("Sent with"), view.carrier), (gettext("Parcel number"), view.shipment.tracking_number)]


def _link_words(view: queries.ParcelView) -> str:
    return str(gettext("See where it is") if view.link else gettext("Look at my order"))


def _sent_words(order: Order, view: queries.ParcelView) -> Words:
    return (
        gettext("Your parcel is on its way (order %(number)s)", number=order.number),
        gettext("Your parcel is on its way"),
        gettext("We have sent you the things below."),
        _link_words(view),
    )


def _tracking_words(order: Order, view: queries.ParcelView) -> Words:
    return (
        gettext("The right parcel number (order %(number)s)", number=order.number),
        gettext("The right parcel number"),
        gettext("The number that we told you before was wrong. This is the right one; we are sorry."),
        _link_words(view),
    )


def _delivered_words(order: Order, view: queries.ParcelView) -> Words:
    return (
        gettext("Your parcel has arrived (order %(number)s)", number=order.number),
        gettext("Your parcel has arrived"),
        gettext("If you do not have it, please ask your neighbours first and then answer this mail."),
        _link_words(view),
    )


def _pickup_words(order: Order, view: queries.ParcelView) -> Words:
    return (
        gettext("Ready for you to come (order %(number)s)", number=order.number),
        gettext("Your things are ready"),
        gettext("You can come for them now. Please bring this mail or the number of your order."),
        gettext("Look at my order"),
    )


def _requested_words(order: Order, found: ReturnRequest) -> tuple[Words, Blocks]:
    words = (
        gettext("Your return (order %(number)s)", number=order.number),
        gettext("We have your wish to return something"),
        gettext("Please send nothing yet. We answer soon and tell you how."),
        gettext("Look at my order"),
    )
    return words, [(gettext("Your words"), found.words)]


def _approved_words(order: Order, found: ReturnRequest) -> tuple[Words, Blocks]:
    words = (
        gettext("Please send it back (order %(number)s)", number=order.number),
        gettext("You can send it back"),
        gettext("Please put a note with the number %(number)s into the parcel.", number=order.number),
        gettext("Look at my order"),
    )
    rules = shipping.rules()
    instructions = found.instructions or in_language(rules, "return_instructions")
    blocks = [
        (gettext("Our answer"), found.answer),
        (gettext("How to send it"), instructions),
        (gettext("Where to"), rules.sender),
    ]
    return words, blocks


def _refused_words(order: Order, found: ReturnRequest) -> tuple[Words, Blocks]:
    words = (
        gettext("About your return (order %(number)s)", number=order.number),
        gettext("We can't take it back"),
        gettext("We are sorry. This is why:"),
        gettext("Look at my order"),
    )
    return words, [(gettext("Our answer"), found.answer)]


def _received_words(order: Order, found: ReturnRequest) -> tuple[Words, Blocks]:
    words = (
        gettext("Your return has arrived (order %(number)s)", number=order.number),
        gettext("Your return has arrived"),
        gettext("We look at it and tell you about the money, or send you the exchange."),
        gettext("Look at my order"),
    )
    return words, []


def _asked_words(order: Order, found: ReturnRequest) -> tuple[Words, Blocks]:
    words = (
        gettext("Somebody wants to return something (order %(number)s)", number=order.number),
        gettext("A return waits for your answer"),
        gettext("%(email)s would like to send back the things below.", email=order.email),
        gettext("Look at the return"),
    )
    return words, [(gettext("Their words"), found.words)]
