"""Mails about money that goes back, waits, or is asked for by a bank, and about orders that somebody looks at."""

from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from storefront.checkout.emails import WHY, order_of, why_of
from storefront.core import db
from storefront.core.errors import N_
from storefront.core.money import Money
from storefront.notifications.rendering import Mail, Variable, block, mail, render_mail
from storefront.notifications.writing import Fact
from storefront.orders import queries as orders
from storefront.orders.mailing import ORDER_VARIABLES, newest_order, order_facts
from storefront.orders.models import Order
from storefront.payments import transfers
from storefront.payments.models import Dispute, Payment, Refund
from storefront.payments.states import PaymentMethod
from storefront.shop.service import shop_view
from storefront.web.filters import moment
from storefront.web.language import speaking
from storefront.web.links import absolute_url

_AMOUNT = Variable(N_("The amount"), "€19.00")
_TRANSFER = {
    **ORDER_VARIABLES,
    "amount": _AMOUNT,
    "account": Variable(N_("Your bank account, as you have written it"), "IBAN DE00 1234", needed=True),
    "until": Variable(N_("Until when the order waits"), N_("20 Nov 2026")),
}


def _newest_refund() -> dict[str, Any] | None:
    statement = select(Payment.order_id, Refund.id).join(Payment, Payment.id == Refund.payment_id)
    row = db.session().execute(statement.order_by(Refund.id.desc()).limit(1)).one_or_none()
    return {"order_id": row[0], "refund_id": row[1]} if row else None


def _newest_dispute() -> dict[str, Any] | None:
    statement = select(Payment.order_id, Dispute.id).join(Payment, Payment.id == Dispute.payment_id)
    row = db.session().execute(statement.order_by(Dispute.id.desc()).limit(1)).one_or_none()
    return {"order_id": row[0], "dispute_id": row[1]} if row else None


def _newest_transfer() -> dict[str, Any] | None:
    statement = select(Payment.order_id, Payment.id).where(Payment.method == PaymentMethod.TRANSFER)
    row = db.session().execute(statement.order_by(Payment.id.desc()).limit(1)).one_or_none()
    return {"order_id": row[0], "payment_id": row[1]} if row else None


@mail(
    "refund_made",
    title=N_("Part of the money goes back"),
    variables={
        **ORDER_VARIABLES,
        "amount": _AMOUNT,
        "why": WHY,
        "way": Variable(N_("The way that the money takes"), N_("We have sent it by bank transfer.")),
    },
    example=_newest_refund,
)
def refund_made(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a part of the money goes back, and why when it was a rule."""
    refund = db.session().get_one(Refund, args["refund_id"])
    payment = db.session().get_one(Payment, refund.payment_id)
    with speaking(language):
        if payment.method is PaymentMethod.TRANSFER:
            way = gettext("We have sent it by bank transfer.")
        else:
            way = gettext(
                "It goes back the way it came. Depending on your bank it takes some days until you see it."
            )
    return render_mail(
        "refund_made",
        language,
        **order_facts(order_of(args), language),
        amount=Money(refund.amount, refund.currency).format(language),
        why=why_of([refund.reason], language),
        way=way,
    )


@mail(
    "refund_failed",
    title=N_("Refund did not arrive"),
    variables={**ORDER_VARIABLES, "amount": _AMOUNT},
    example=_newest_refund,
)
def refund_failed(args: dict[str, Any], language: str) -> Mail | None:
    """Say that money which was promised does not come."""
    refund = db.session().get_one(Refund, args["refund_id"])
    amount = Money(refund.amount, refund.currency).format(language)
    return render_mail("refund_failed", language, **order_facts(order_of(args), language), amount=amount)


@mail("order_checking", title=N_("Order is being checked"), variables=ORDER_VARIABLES, example=newest_order)
def order_checking(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the money is there and somebody looks at the order first; nothing once that is over."""
    order = order_of(args)
    return render_mail("order_checking", language, **order_facts(order, language)) if order.held_at else None


@mail("comp_given", title=N_("Something was given"), variables=ORDER_VARIABLES, example=newest_order)
def comp_given(args: dict[str, Any], language: str) -> Mail | None:
    """Say that something was given."""
    return render_mail("comp_given", language, **order_facts(order_of(args), language))


@mail(
    "transfer_awaited", title=N_("Where to send the transfer"), variables=_TRANSFER, example=_newest_transfer
)
def transfer_awaited(args: dict[str, Any], language: str) -> Mail | None:
    """Say where to send the money."""
    order = order_of(args)
    return render_mail(
        "transfer_awaited", language, **order_facts(order, language), **_where(order, order.total, language)
    )


@mail(
    "transfer_reminder", title=N_("Reminder of the transfer"), variables=_TRANSFER, example=_newest_transfer
)
def transfer_reminder(args: dict[str, Any], language: str) -> Mail | None:
    """Remind of a transfer that did not come yet; nothing once it is not awaited any more."""
    order = order_of(args)
    payment = transfers.find_transfer(order.id)
    if payment is None or not transfers.is_awaited(payment):
        return None
    missing = Money(payment.amount - transfers.received(payment.id), order.currency)
    return render_mail(
        "transfer_reminder", language, **order_facts(order, language), **_where(order, missing, language)
    )


@mail(
    "transfer_differs",
    title=N_("Another amount came by transfer"),
    variables={
        **ORDER_VARIABLES,
        "what_came": Variable(
            N_("How much came, and how much is missing or too much"),
            N_("€10.00 of your transfer has arrived; €9.00 is missing."),
        ),
        "what_next": Variable(
            N_("What follows: where to send the rest, or that the rest goes back"),
            N_("We send back what is too much."),
        ),
    },
    example=_newest_transfer,
)
def transfer_differs(args: dict[str, Any], language: str) -> Mail | None:
    """Say that another amount came than was asked."""
    order = order_of(args)
    payment = db.session().get_one(Payment, args["payment_id"])
    came = transfers.received(payment.id)
    received = Money(came, order.currency).format(language)
    rest = Money(abs(payment.amount - came), order.currency).format(language)
    with speaking(language):
        if came < payment.amount:
            what = gettext(
                "%(received)s of your transfer has arrived; %(rest)s is missing.",
                received=received,
                rest=rest,
            )
            following = gettext("Please send %(amount)s to this account:", amount=rest)
            following += "\n" + shop_view(language).transfer_details
        else:
            what = gettext(
                "%(received)s has arrived, which is %(rest)s more than your order costs.",
                received=received,
                rest=rest,
            )
            following = gettext("We send back what is too much.")
    return render_mail(
        "transfer_differs", language, **order_facts(order, language), what_came=what, what_next=following
    )


@mail("transfer_expired", title=N_("No transfer came"), variables=ORDER_VARIABLES, example=newest_order)
def transfer_expired(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the order was called off because no money came."""
    return render_mail("transfer_expired", language, **order_facts(order_of(args), language))


@mail(
    "purchases_left",
    title=N_("Purchases moved away"),
    variables={
        "new_email": Variable(N_("The new address, hidden but for its first letter"), "m***@example.org")
    },
    example=newest_order,
)
def purchases_left(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the old address that the purchases have moved; without a link, since they are not there any more."""
    return render_mail("purchases_left", language, new_email=_masked(order_of(args).email))


@mail(
    "purchases_came",
    title=N_("Purchases moved here"),
    variables={
        "purchases": Variable(
            N_("All orders of this address, with links"),
            N_("K7QM-4XRP (20 Nov 2026): A small book\nhttps://shop.example.org/orders/example"),
            needed=True,
        )
    },
    example=newest_order,
)
def purchases_came(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the new address what is there now."""
    found = orders.orders_of_email(order_of(args).email)
    links = [(order, absolute_url(order.path, language)) for order in found]
    return render_mail("purchases_came", language, purchases=block("_purchases", language, links=links))


@mail(
    "dispute_opened",
    title=N_("A bank disputes an order, for you"),
    variables={
        "number": ORDER_VARIABLES["number"],
        "what_happened": Variable(N_("What the bank has done"), N_("A bank has taken €19.00 back for now.")),
        "due": Variable(N_("Until when to answer"), N_("20 Nov 2026")),
        "order_url": Variable(N_("Your page of the order"), "/admin/orders/example"),
    },
    example=_newest_dispute,
)
def dispute_opened(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that a bank asks for the money of an order, and until when to answer."""
    order, dispute = order_of(args), db.session().get_one(Dispute, args["dispute_id"])
    amount = Money(dispute.amount, dispute.currency).format(language)
    with speaking(language):
        if dispute.status.startswith("warning"):
            what = gettext(
                "A bank asks for %(amount)s and has taken nothing yet. The buyer keeps the access.",
                amount=amount,
            )
        else:
            what = gettext(
                "A bank has taken %(amount)s back for now, and what was bought is closed.", amount=amount
            )
        due = moment(dispute.due_at) if dispute.due_at else "–"
    return render_mail(
        "dispute_opened",
        language,
        number=order.number,
        what_happened=what,
        due=due,
        order_url=absolute_url(f"/admin/orders/{order.number}", language),
    )


def _where(order: Order, amount: Money, language: str) -> dict[str, Fact]:
    payment = transfers.find_transfer(order.id)
    with speaking(language):
        until = moment(payment.expires_at) if payment else "–"
    return {
        "amount": amount.format(language),
        "account": shop_view(language).transfer_details,
        "until": until,
    }


def _masked(email: str) -> str:
    """Enough to recognise one's own address, and nothing for a stranger."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}***@{domain}"
