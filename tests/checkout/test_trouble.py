"""Stripe down, slow, broken, or silent after it did what was asked: a patient buyer pays once."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.fulfilment.models import Entitlement
from storefront.gateways.stripe import PaymentRefused, PaymentUnknown, StripeGateway
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from tests.checkout.buying import (
    Work,
    charges,
    come_back,
    complaints,
    count,
    end_faults,
    mails,
    open_sessions,
    orders,
    sell,
    session_id_of,
    stock_of,
    stripe,
)
from tests.fixtures.app import WEBHOOK_SECRET
from tests.selling import Till, check_out, put_into_cart

# What strikes, how often (the SDK tries three times by itself), and whether the first click already finds a way.
FAULTS = [
    ("503", 3, True),
    ("429", 1, True),
    ("drop", 3, False),
    ("timeout", 3, False),
    ("timeout_after_effect", 3, True),
    ("500", 1, True),
    ("500", 3, True),
    ("500_after_effect", 3, True),
    ("slow", 1, True),
]


@pytest.mark.parametrize(("kind", "times", "is_found"), FAULTS)
def test_patient_buyer_pays_once_whatever_stripe_does(
    client: FlaskClient, till: Till, work: Work, kind: str, times: int, is_found: bool
) -> None:
    product = sell(stock=1)
    put_into_cart(client, product)
    till.control(
        "faults", kind=kind, match="^/v1/checkout/sessions$", method="POST", times=times, seconds=0.02
    )
    first = check_out(client)
    assert first.status_code == (303 if is_found else 503)
    if not is_found:
        assert "Nothing was charged; please try again in a minute." in first.text
    again = check_out(client)
    page = again.headers["Location"]
    assert open_sessions(till) == [session_id_of(page)]
    come_back(client, till.pay(page))
    work()
    paid = [order for order in orders() if order.payment_state is PaymentState.PAID]
    assert (len(paid), len(charges(till)), count(Entitlement), mails()) == (1, 1, 1, ["order_paid"])
    assert (open_sessions(till), stock_of(product), complaints()) == ([], (0, 0, 1), {})


def test_stripe_away_for_long_leaves_one_order_and_no_session(client: FlaskClient, till: Till) -> None:
    product = sell(stock=3)
    put_into_cart(client, product)
    till.control("faults", kind="503", match="/v1/", times=1000)
    assert [check_out(client).status_code for _ in range(2)] == [503, 503]
    assert (count(Order), stock_of(product)) == (1, (2, 1, 0))
    end_faults(till)
    page = check_out(client).headers["Location"]
    assert (count(Order), open_sessions(till)) == (1, [session_id_of(page)])


def test_sale_that_stripe_refuses_is_called_off_and_told_to_the_owner(
    app: Flask, client: FlaskClient, till: Till
) -> None:
    product = sell(stock=3)
    put_into_cart(client, product)
    app.extensions["payment_gateway"] = StripeGateway("sk_test_wrong", (WEBHOOK_SECRET,), till.url)
    assert check_out(client).status_code == 503
    (order,) = orders()
    assert (order.state, stock_of(product)) == (OrderState.CANCELLED, (3, 0, 0))
    assert order.attention is not None
    assert order.attention.startswith("Stripe refused to open a payment page")
    del app.extensions["payment_gateway"]
    assert check_out(client).status_code == 303


def test_address_that_only_stripe_refuses_is_said_at_its_field_and_leaves_nothing_behind(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    put_into_cart(client, product)
    for _ in range(2):
        page = check_out(client, "anna@refused.example")
        assert page.status_code == 422
        assert 'id="email-error"' in page.text
        assert 'value="anna@refused.example"' in page.text
        assert "does not accept this e-mail address" in page.text
    assert (stock_of(product), open_sessions(till), mails()) == ((1, 0, 0), [], [])
    assert {(order.state, order.attention) for order in orders()} == {(OrderState.CANCELLED, None)}
    come_back(client, till.pay(check_out(client).headers["Location"]))
    work()
    assert (stock_of(product), mails(), complaints()) == ((0, 0, 1), ["order_paid"], {})


def test_refusals_and_faults_are_told_apart(app: Flask, till: Till) -> None:
    gateway = stripe(app)
    with pytest.raises(PaymentRefused) as refused:
        gateway.get_session("cs_test_nobody")
    assert refused.value.is_missing
    for kind, is_answered in (("503", True), ("429", True), ("drop", False)):
        till.control("faults", kind=kind, match="/v1/checkout", times=3)
        with pytest.raises(PaymentUnknown) as unknown:
            gateway.get_session("cs_test_nobody")
        assert unknown.value.is_answered is is_answered, kind
        end_faults(till)
