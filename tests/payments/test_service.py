"""Money in the books: older answers of Stripe never overwrite newer ones."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.core.money import Money
from storefront.gateways.stripe import DisputeView, RefundView
from storefront.payments import service
from storefront.payments.models import Dispute, Payment, Refund
from storefront.payments.states import MOVES, REFUND_MOVES, PaymentStatus, RefundStatus
from tests.checkout.buying import buy, sell
from tests.selling import Till


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(PaymentStatus)
    assert set(REFUND_MOVES) == set(RefundStatus)
    assert MOVES[PaymentStatus.PAID] == frozenset()


def test_refund_and_dispute_follow_what_stripe_said_last(client: FlaskClient, till: Till) -> None:
    buy(client, till, sell(amount=1900))
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
        for status, kept in (
            ("pending", RefundStatus.PENDING),
            ("succeeded", RefundStatus.SUCCEEDED),
            ("pending", RefundStatus.SUCCEEDED),
            ("failed", RefundStatus.FAILED),
            ("succeeded", RefundStatus.FAILED),
        ):
            view = RefundView("re_1", "pi_1", Money(1900, "EUR"), status, None, {})
            assert service.record_refund(payment, view).status is kept
        for said, held in (("under_review", "under_review"), ("won", "won"), ("needs_response", "won")):
            dispute = DisputeView("dp_1", "pi_1", Money(1900, "EUR"), said, "general")
            assert service.record_dispute(payment, dispute).status == held
        assert (len(session.scalars(select(Refund)).all()), len(session.scalars(select(Dispute)).all())) == (
            1,
            1,
        )
        assert service.refundable(payment) == 1900


def test_refund_that_stripe_knows_keeps_its_key(client: FlaskClient, till: Till) -> None:
    buy(client, till, sell(amount=1900))
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
        refund = service.request_refund(payment, 1900, "test")
        first = refund.public_id
        service.renew_refund_key(refund.id)
        session.refresh(refund)
        second = refund.public_id
        view = RefundView("re_1", "pi_1", Money(1, "EUR"), "pending", None, {"refund": second})
        assert service.find_refund(view) is refund
        service.record_refund(payment, view)
        service.renew_refund_key(refund.id)
        session.refresh(refund)
    assert (first != second, refund.public_id) == (True, second)


@pytest.mark.parametrize("status", list(RefundStatus))
def test_refund_that_has_ended_badly_stays_so(status: RefundStatus) -> None:
    is_over = status in (RefundStatus.FAILED, RefundStatus.CANCELED)
    assert (RefundStatus.SUCCEEDED in REFUND_MOVES[status]) is not is_over
