"""Money that comes by bank transfer: what the owner has seen on the shop's account."""

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import date, now
from storefront.journal.service import write as journal
from storefront.payments.models import Payment, TransferReceipt
from storefront.payments.states import PaymentMethod, PaymentStatus


def find_transfer(order_id: int) -> Payment | None:
    """Return the order's last attempt to pay by transfer."""
    statement = select(Payment).where(Payment.order_id == order_id, Payment.method == PaymentMethod.TRANSFER)
    return db.session().scalar(statement.order_by(Payment.attempt.desc()).limit(1))


def note_receipt(payment: Payment, amount: int, received_on: date, page_key: str) -> bool:
    """Write down that so much came (in minor units); False when the page with this key has said so before."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {
        "payment_id": payment.id,
        "amount": amount,
        "received_on": received_on,
        "page_key": page_key,
        "created_at": now(),
    }
    statement = insert(TransferReceipt).values(**row).on_conflict_do_nothing(index_elements=["page_key"])
    if db.session().scalar(statement.returning(TransferReceipt.id)) is None:
        return False
    topic, on = f"order:{payment.order_id}", received_on.isoformat()
    journal(topic, "transfer.received", amount=amount, currency=payment.currency, received_on=on)
    return True


def received(payment_id: int) -> int:
    """Return what has come for one attempt so far, in minor units."""
    statement = select(func.coalesce(func.sum(TransferReceipt.amount), 0))
    return int(db.session().scalar(statement.where(TransferReceipt.payment_id == payment_id)) or 0)


def receipts_of(payment_id: int) -> list[TransferReceipt]:
    """Return what has come for one attempt, first one first."""
    statement = select(TransferReceipt).where(TransferReceipt.payment_id == payment_id)
    return list(db.session().scalars(statement.order_by(TransferReceipt.id)))


def is_awaited(payment: Payment) -> bool:
    """Whether money is still to come by this attempt."""
    return payment.status is PaymentStatus.OPEN and received(payment.id) < payment.amount


def waiting_transfers() -> list[Payment]:
    """Return the attempts that wait for a transfer, the oldest first."""
    statement = select(Payment).where(
        Payment.status == PaymentStatus.OPEN, Payment.method == PaymentMethod.TRANSFER
    )
    return list(db.session().scalars(statement.order_by(Payment.created_at, Payment.id)))
