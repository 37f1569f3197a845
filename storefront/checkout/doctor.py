"""The invariants: statements that must return no row, whatever died at whatever moment (RELIABILITY of the design)."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, text

from storefront.checkout.models import BrokenInvariant
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.db import UtcDateTime
from storefront.core.errors import N_
from storefront.storage.sweeping import missing_objects

_SHOWN = 20
# How long what is on its way may take before it counts as stuck.
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold: its name, what that means in words, and some of the rows."""

    name: str
    sentence: str
    rows: list[str]


_INVARIANTS: dict[str, tuple[str, str]] = {
    "paid_without_money": (
        N_("An order counts as paid, but no payment came in for it."),
        """SELECT number FROM shop_order o WHERE payment_state IN ('paid', 'partly_refunded', 'refunded', 'disputed') AND total_amount > 0 AND NOT EXISTS
            (SELECT 1 FROM payment p WHERE p.order_id = o.id AND p.captured_amount > 0)""",
    ),
    "money_without_order": (
        N_("Money came in, but its order does not count as paid."),
        """SELECT o.number FROM payment p JOIN shop_order o ON o.id = p.order_id
            WHERE p.captured_amount > 0 AND o.payment_state NOT IN ('paid', 'partly_refunded', 'refunded', 'disputed')""",
    ),
    "wrong_amount_unseen": (
        N_("A payment brought another amount than was asked, and nobody was told."),
        """SELECT o.number FROM payment p JOIN shop_order o ON o.id = p.order_id
           WHERE p.status = 'paid' AND p.captured_amount <> p.amount AND o.attention IS NULL AND NOT EXISTS
           (SELECT 1 FROM journal_entry j WHERE j.topic = 'order:' || o.id AND j.action IN ('order.attention', 'transfer.accepted'))""",
    ),
    "paid_without_access": (
        N_("An order was paid, and its buyer still waits for the goods."),
        """SELECT o.number FROM shop_order o JOIN order_line l ON l.order_id = o.id
           WHERE o.payment_state IN ('paid', 'partly_refunded') AND o.state IN ('open', 'completed')
           AND o.paid_at < :patience AND NOT EXISTS (SELECT 1 FROM entitlement e WHERE e.order_line_id = l.id)""",
    ),
    "access_without_money": (
        N_("Somebody has access without a paid order."),
        """SELECT o.number FROM entitlement e JOIN shop_order o ON o.id = e.order_id
           WHERE e.revoked_at IS NULL AND o.payment_state NOT IN ('paid', 'partly_refunded')
           AND NOT (o.payment_state = 'refunded' AND EXISTS (SELECT 1 FROM refund_line l WHERE l.order_line_id = e.order_line_id
           AND l.access = 'keep'))""",
    ),
    "keys_missing": (
        N_("A buyer has fewer licence keys than were paid for."),
        """SELECT o.number FROM entitlement e JOIN shop_order o ON o.id = e.order_id
           JOIN content c ON c.product_id = e.product_id AND (c.variant_id IS NULL OR c.variant_id = e.variant_id)
           WHERE c.kind = 'licence' AND e.granted_at < :patience AND e.revoked_at IS NULL AND e.parent_id IS NULL
           AND e.quantity > (SELECT count(*) FROM licence_key k JOIN entitlement h ON h.id = k.entitlement_id
           WHERE k.content_id = c.id AND k.position IS NOT NULL
           AND (h.id = e.id OR (h.parent_id = e.id AND h.taken_back_at IS NULL)))
           AND (NOT c.keys_from_pool OR EXISTS (SELECT 1 FROM licence_key f WHERE f.content_id = c.id AND f.state = 'free'))""",
    ),
    "burnt_key_in_use": (
        N_("A licence key that does not count is still in use somewhere."),
        """SELECT o.number FROM activation a JOIN licence_key k ON k.id = a.licence_key_id JOIN entitlement e ON e.id = k.entitlement_id
           JOIN shop_order o ON o.id = e.order_id WHERE k.state NOT IN ('active', 'suspended')""",
    ),
    "key_without_access": (
        N_("A licence key counts, although its buyer has no access any more."),
        """SELECT o.number FROM licence_key k JOIN entitlement e ON e.id = k.entitlement_id
           JOIN shop_order o ON o.id = e.order_id WHERE k.state = 'active' AND e.revoked_at IS NOT NULL""",
    ),
    "too_many_seats": (
        N_("A buyer has given away more places than were bought."),
        """SELECT o.number FROM entitlement e JOIN shop_order o ON o.id = e.order_id
           WHERE e.parent_id IS NULL AND e.quantity < (SELECT count(*) FROM entitlement s
           WHERE s.parent_id = e.id AND s.taken_back_at IS NULL)""",
    ),
    "seat_outlives_purchase": (
        N_("A purchase is closed, but a place that was given away of it is open."),
        """SELECT o.number FROM entitlement s JOIN entitlement e ON e.id = s.parent_id
           JOIN shop_order o ON o.id = e.order_id WHERE s.revoked_at IS NULL AND e.revoked_at IS NOT NULL""",
    ),
    "reserved_stock": (
        N_("The count of reserved units differs from what open orders hold."),
        """SELECT v.sku FROM variant v WHERE v.reserved <>
           (SELECT coalesce(sum(r.quantity), 0) FROM stock_reservation r WHERE r.variant_id = v.id AND r.state = 'held')""",
    ),
    "sold_stock": (
        N_("The count of sold units differs from what orders hold."),
        """SELECT v.sku FROM variant v WHERE v.sold <>
           (SELECT coalesce(sum(r.quantity - r.returned), 0) FROM stock_reservation r WHERE r.variant_id = v.id AND r.state = 'sold')""",
    ),
    "stock_movements": (
        N_("What came and went of a variant does not add up to what it has received."),
        """SELECT v.sku FROM variant v LEFT JOIN (SELECT variant_id, sum(quantity) AS moved FROM stock_movement
           GROUP BY variant_id) m ON m.variant_id = v.id WHERE v.received <> coalesce(m.moved, 0)""",
    ),
    "stale_reservation": (
        N_("Stock is still held for an order that can't be paid any more."),
        """SELECT o.number FROM stock_reservation r JOIN order_line l ON l.id = r.order_line_id
           JOIN shop_order o ON o.id = l.order_id WHERE r.state = 'held' AND r.expires_at < :patience""",
    ),
    "sent_pieces": (
        N_("The count of sent pieces differs from what is in the parcels."),
        """SELECT o.number FROM line_count c JOIN order_line l ON l.id = c.order_line_id JOIN shop_order o ON o.id = l.order_id
           WHERE EXISTS (SELECT 1 FROM shipment s WHERE s.order_id = o.id) AND c.sent <>
           (SELECT coalesce(sum(p.quantity), 0) FROM shipment_line p JOIN shipment s ON s.id = p.shipment_id
            WHERE p.order_line_id = l.id AND s.state <> 'cancelled')""",
    ),
    "returned_pieces": (
        N_("The count of returned pieces differs from the returns."),
        """SELECT o.number FROM line_count c JOIN order_line l ON l.id = c.order_line_id JOIN shop_order o ON o.id = l.order_id
           WHERE c.asked_back <>
           (SELECT coalesce(sum(CASE WHEN r.state IN ('received', 'closed') THEN x.received ELSE x.quantity END), 0)
            FROM return_line x JOIN return_request r ON r.id = x.return_id
            WHERE x.order_line_id = l.id AND r.state NOT IN ('refused', 'withdrawn'))""",
    ),
    "subtotal": (
        N_("The lines of an order do not add up to its subtotal."),
        """SELECT o.number FROM shop_order o WHERE o.subtotal_amount <>
           (SELECT coalesce(sum(l.total_amount), 0) FROM order_line l WHERE l.order_id = o.id)""",
    ),
    "refunded_too_much": (
        N_("More went back than came in."),
        """SELECT o.number FROM payment p JOIN shop_order o ON o.id = p.order_id WHERE p.captured_amount <
           (SELECT coalesce(sum(r.amount), 0) FROM refund r WHERE r.payment_id = p.id
            AND r.status IN ('requested', 'pending', 'requires_action', 'succeeded'))""",
    ),
    "unbalanced_books": (
        N_("The ledger does not say what was paid and refunded on a day, for these orders."),
        """SELECT CAST(day AS TEXT) || ' ' || currency || ' ' || numbers FROM unbalanced_day ORDER BY day DESC""",
    ),
    "refunded_pieces": (
        N_("More pieces of something were refunded than were bought."),
        """SELECT o.number FROM order_line l JOIN shop_order o ON o.id = l.order_id WHERE l.quantity <
           (SELECT coalesce(sum(rl.quantity), 0) FROM refund_line rl JOIN refund r ON r.id = rl.refund_id
            WHERE rl.order_line_id = l.id AND r.status IN ('requested', 'pending', 'requires_action', 'succeeded'))""",
    ),
    "transfer_sums": (
        N_("A payment by transfer is not the sum of what the owner has marked."),
        """SELECT o.number FROM payment p JOIN shop_order o ON o.id = p.order_id WHERE p.method = 'transfer' AND p.status = 'paid'
           AND p.captured_amount <> (SELECT coalesce(sum(t.amount), 0) FROM transfer_receipt t WHERE t.payment_id = p.id)""",
    ),
    "refund_state": (
        N_("All money of an order went back, but it does not count as refunded."),
        """SELECT o.number FROM shop_order o WHERE o.payment_state IN ('paid', 'partly_refunded') AND o.total_amount > 0
           AND (SELECT coalesce(sum(p.captured_amount), 0) FROM payment p WHERE p.order_id = o.id) <=
           (SELECT coalesce(sum(r.amount), 0) FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.order_id = o.id
            AND r.status IN ('pending', 'succeeded'))""",
    ),
    "unjournalled_state": (
        N_("An order changed its state without a line in the journal."),
        """SELECT o.number FROM shop_order o WHERE o.state <> 'pending' AND NOT EXISTS
           (SELECT 1 FROM journal_entry j WHERE j.topic = 'order:' || o.id AND j.action = 'order.state')""",
    ),
    "unhandled_event": (
        N_("An event of Stripe waits and nothing is trying to handle it."),
        """SELECT e.stripe_id FROM incoming_event e WHERE e.handled_at IS NULL AND e.received_at < :patience AND NOT EXISTS
           (SELECT 1 FROM job j WHERE j.unique_key = 'event:' || e.id AND j.done_at IS NULL)""",
    ),
    "overdue_job": (
        N_("Work is due and nobody does it. Is the worker running?"),
        """SELECT kind FROM job WHERE done_at IS NULL AND resting_since IS NULL AND run_after < :patience
           AND (leased_until IS NULL OR leased_until < :patience)""",
    ),
    "silent_message": (
        N_("A mail waits and nothing is trying to send it."),
        """SELECT m.kind FROM message m WHERE m.state = 'queued' AND m.created_at < :patience AND NOT EXISTS
           (SELECT 1 FROM job j WHERE j.kind = 'send_message' AND j.topic = 'message:' || m.id AND j.done_at IS NULL)""",
    ),
    "reviews_counted": (
        N_("What a product says of its reviews differs from the reviews that it has."),
        """SELECT p.slug FROM product p LEFT JOIN (SELECT product_id, count(*) AS number, sum(rating) AS stars
           FROM review WHERE hidden_at IS NULL GROUP BY product_id) r ON r.product_id = p.id
           WHERE p.review_count <> coalesce(r.number, 0) OR p.rating_sum <> coalesce(r.stars, 0)""",
    ),
    "code_uses": (
        N_("The count of a discount code's uses differs from what orders hold."),
        """SELECT c.code FROM discount_code c WHERE c.used <>
           (SELECT count(*) FROM code_use u WHERE u.code_id = c.id AND u.state <> 'released')""",
    ),
    "code_of_unpaid": (
        N_("A discount code is held by an order that was called off, or not by one that was paid."),
        """SELECT o.number FROM code_use u JOIN shop_order o ON o.id = u.order_id
           WHERE (u.state = 'held' AND o.state = 'cancelled') OR (u.state = 'held' AND o.state IN ('open', 'completed'))""",
    ),
    "discounts": (
        N_("What was taken off the lines of an order is not what was taken off the order."),
        """SELECT o.number FROM shop_order o WHERE o.discount_amount <>
           (SELECT coalesce(sum(l.discount_amount), 0) FROM order_line l WHERE l.order_id = o.id)""",
    ),
    "invoice_numbers": (
        N_("A series of invoice numbers has a gap."),
        """SELECT s.prefix || s.year FROM invoice_series s LEFT JOIN (SELECT series_id, count(*) AS number,
           max(sequence) AS last FROM invoice GROUP BY series_id) i ON i.series_id = s.id
           WHERE s.last_number <> coalesce(i.number, 0) OR s.last_number <> coalesce(i.last, 0)""",
    ),
    "credited_too_much": (
        N_("Credit notes give back more than their invoice asked for."),
        """SELECT i.number FROM invoice i WHERE i.kind = 'invoice' AND i.total_amount <
           (SELECT coalesce(sum(c.total_amount), 0) FROM invoice c WHERE c.corrects_id = i.id AND c.kind = 'credit')""",
    ),
    "disabled_session": (
        N_("Somebody whose account is closed is still logged in."),
        """SELECT a.public_id FROM login_session s JOIN account a ON a.id = s.account_id WHERE a.disabled_at IS NOT NULL""",
    ),
}


def findings(*, thorough: bool = False) -> list[Finding]:
    """Return the invariants that do not hold now. ``thorough`` also asks the storage for every file."""
    found = [_look(name, *invariant) for name, invariant in _INVARIANTS.items()]
    if thorough:
        found.append(_missing_files())
    return [finding for finding in found if finding.rows]


def remember(found: list[Finding]) -> None:
    """Write down what was found, for the admin page. Must run within a unit."""
    session = db.session()
    session.execute(delete(BrokenInvariant))
    session.add_all(
        BrokenInvariant(name=one.name, sentence=one.sentence, examples={"rows": one.rows}) for one in found
    )


def remembered() -> list[Finding]:
    """Return what the last look found."""
    rows = db.session().scalars(select(BrokenInvariant).order_by(BrokenInvariant.name))
    return [Finding(row.name, row.sentence, list(row.examples["rows"])) for row in rows]


def _look(name: str, sentence: str, sql: str) -> Finding:
    statement = text(f"{sql} LIMIT {_SHOWN}")
    if ":patience" in sql:
        statement = statement.bindparams(bindparam("patience", now() - _PATIENCE, type_=UtcDateTime()))
    return Finding(name, sentence, [str(row) for row in db.session().scalars(statement)])


def _missing_files() -> Finding:
    sentence = N_("A file that buyers have paid for is not in the storage.")
    return Finding("missing_file", sentence, missing_objects()[:_SHOWN])
