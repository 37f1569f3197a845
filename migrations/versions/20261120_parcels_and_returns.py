"""parcels, what is in them, and what comes back"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_parcels_and_returns"
down_revision = "20261120_parcels"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "line_count",
        sa.Column("order_line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("ordered", "sent", "kept_back", "asked_back", "came_back")
        ),
        sa.CheckConstraint(
            "sent >= 0 AND kept_back >= 0 AND sent + kept_back <= ordered",
            name=op.f("ck_line_count_not_more_than_ordered"),
        ),
        sa.CheckConstraint(
            "came_back >= 0 AND came_back <= asked_back AND asked_back <= sent",
            name=op.f("ck_line_count_not_more_than_sent"),
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_line_count_order_line_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_line_id", name=op.f("pk_line_count")),
    )
    _shipments()
    _returns()
    _count_what_was_sent()


def downgrade() -> None:
    """Take this step back."""
    for name in ("return_line", "return_request", "shipment_line", "shipment", "line_count"):
        op.drop_table(name)


def _shipments() -> None:
    op.create_table(
        "shipment",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("page_key", sa.String(length=22), nullable=False),
        sa.Column("state", _words("state", "sent", "delivered", "cancelled"), nullable=False),
        sa.Column("is_pickup", sa.Boolean(), nullable=False),
        sa.Column("carrier", sa.String(length=20), nullable=False),
        sa.Column("tracking_number", sa.String(length=80), nullable=False),
        sa.Column("tracking_url", sa.String(length=500), nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("delivered_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "tracking_url = '' OR tracking_url LIKE 'https://%'", name=op.f("ck_shipment_tracking_url_https")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_shipment_order_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_shipment_order_id_number")),
        sa.UniqueConstraint("page_key", name=op.f("uq_shipment_page_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_shipment_public_id")),
    )
    op.create_index(
        "ix_shipment_on_its_way",
        "shipment",
        ["sent_at"],
        sqlite_where=sa.text("state = 'sent'"),
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_shipment_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["order_line.id"],
            name=op.f("fk_shipment_line_order_line_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shipment_id", "order_line_id", name=op.f("pk_shipment_line")),
    )
    op.create_index(op.f("ix_shipment_line_order_line_id"), "shipment_line", ["order_line_id"])


def _returns() -> None:
    states = ("requested", "approved", "refused", "withdrawn", "received", "closed")
    reasons = ("changed_mind", "damaged", "wrong_thing", "not_as_described", "other")
    op.create_table(
        "return_request",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("page_key", sa.String(length=22), nullable=False),
        sa.Column("state", _words("state", *states), nullable=False),
        sa.Column("reason", _words("reason", *reasons), nullable=False),
        sa.Column("wish", _words("wish", "refund", "exchange"), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("outcome", _words("outcome", "refunded", "exchanged", "nothing"), nullable=True),
        sa.Column("exchange_order_id", sa.BigInteger(), nullable=True),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("received_at", _MOMENT, nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_return_request_closed_with_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["exchange_order_id"],
            ["shop_order.id"],
            name=op.f("fk_return_request_exchange_order_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_return_request_order_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_request")),
        sa.UniqueConstraint("exchange_order_id", name=op.f("uq_return_request_exchange_order_id")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_return_request_order_id_number")),
        sa.UniqueConstraint("page_key", name=op.f("uq_return_request_page_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_return_request_public_id")),
    )
    op.create_index("ix_return_request_state", "return_request", ["state", "requested_at"])
    op.create_table(
        "return_line",
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("restocked", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_return_line_quantity_positive")),
        sa.CheckConstraint(
            "received >= 0 AND received <= quantity AND restocked >= 0 AND restocked <= received",
            name=op.f("ck_return_line_received_of_asked"),
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["order_line.id"],
            name=op.f("fk_return_line_order_line_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["return_request.id"], name=op.f("fk_return_line_return_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("return_id", "order_line_id", name=op.f("pk_return_line")),
    )
    op.create_index(op.f("ix_return_line_order_line_id"), "return_line", ["order_line_id"])


def _count_what_was_sent() -> None:
    """Orders that were marked as sent before there were parcels have nothing left to send."""
    op.execute(
        """INSERT INTO line_count (order_line_id, ordered, sent, kept_back, asked_back, came_back)
           SELECT l.id, l.quantity, l.quantity, 0, 0, 0 FROM order_line l JOIN shop_order o ON o.id = l.order_id
           WHERE l.requires_shipping AND o.fulfilment_state IN ('fulfilled', 'delivered')"""
    )


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)
