"""Which steps an order may take, and that each is written down."""

from itertools import permutations

import pytest
from flask.testing import FlaskClient

from storefront.core import db
from storefront.journal import service as journal
from storefront.orders.service import moving
from storefront.orders.service.moving import IllegalMove
from storefront.orders.states import MOVES, FulfilmentState, OrderState, PaymentState, may_move
from tests.checkout.buying import go_to_pay, sell, the_order


def test_every_state_has_its_moves_and_none_leads_out_of_its_kind() -> None:
    assert set(MOVES) == {*OrderState, *PaymentState, *FulfilmentState}
    assert all(type(before) is type(after) for before, targets in MOVES.items() for after in targets)
    assert not may_move(OrderState.PENDING, PaymentState.PAID)


def test_paid_order_never_becomes_unpaid_again() -> None:
    paid = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED, PaymentState.DISPUTED)
    assert not any(may_move(state, PaymentState.UNPAID) for state in paid)


def test_step_is_taken_once_and_a_forbidden_one_is_refused(client: FlaskClient) -> None:
    go_to_pay(client, sell())
    order = the_order()
    with db.unit_of_work():
        held = moving.lock(order.id)
        assert [moving.move(held, PaymentState.PAID) for _ in range(2)] == [True, False]
        refused = [
            (before, after)
            for before, after in permutations(PaymentState, 2)
            if before is held.payment_state and not may_move(before, after)
        ]
        for _, after in refused:
            with pytest.raises(IllegalMove):
                moving.move(held, after)
    written = [
        entry.action for entry in journal.entries_of(order.topic) if entry.action == "order.payment_state"
    ]
    assert len(written) == 1
