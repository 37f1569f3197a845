"""refunds by line, bank transfers, risk and reviews, notes, and orders that were given away"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_orders"
down_revision = "20261120_player"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A column's own check is the only one that SQLite can add to a table that is there; each stands on a line of its own.
_COLUMNS = {
    "shop_order": (("is_comp", sa.Boolean(), "DEFAULT {false} NOT NULL", "", ""), ("held_at", _MOMENT, "", "", "")),
    "stock_reservation": (
        ("returned", sa.Integer(), "DEFAULT 0 NOT NULL", "returned_of_sold", "returned >= 0 AND returned <= quantity"),
    ),
    "payment": (
        ("method", sa.String(40), "DEFAULT 'stripe' NOT NULL", "method", "method IN ('stripe', 'transfer')"),
        ("client_address", sa.String(45), "", "", ""),
        ("risk_level", sa.String(20), "", "", ""),
        ("card_fingerprint", sa.String(40), "", "", ""),
        ("card_country", sa.String(2), "", "", ""),
        ("card_label", sa.String(60), "", "", ""),
    ),
    "refund": (("page_key", sa.String(22), "", "", ""),),
    "dispute": (("due_at", _MOMENT, "", "", ""),),
    "incoming_event": (("payment_intent_id", sa.String(120), "", "", ""),),
    "shop_profile": (
        ("transfer_details", sa.Text(), "DEFAULT '' NOT NULL", "", ""),
        ("transfer_days", sa.Integer(), "DEFAULT 7 NOT NULL", "", ""),
    ),
}  # fmt: skip
_INTENT = {
    "sqlite": "json_extract(payload, '$.data.object.payment_intent')",
    "postgresql": "payload #>> '{data,object,payment_intent}'",
}


def upgrade() -> None:
    """Apply this step."""
    for table, columns in _COLUMNS.items():
        _add(table, columns)
    known = sa.text("client_address IS NOT NULL")
    op.create_index(
        "ix_payment_client_address", "payment", ["created_at"], sqlite_where=known, postgresql_where=known
    )
    op.create_index("uq_refund_page_key", "refund", ["page_key", "payment_id"], unique=True)
    op.create_index("ix_incoming_event_object_id", "incoming_event", ["object_id"])
    op.create_index("ix_incoming_event_payment_intent_id", "incoming_event", ["payment_intent_id"])
    intent = _INTENT[op.get_bind().dialect.name]
    op.execute(f"UPDATE incoming_event SET payment_intent_id = {intent} WHERE {intent} LIKE 'pi_%'")  # noqa: S608 - no input
    _create_notes()
    _create_refund_line()
    _create_payment_failure()
    _create_transfer_receipt()
    _create_blocked_buyer()
    _create_review_rules()


def downgrade() -> None:
    """Take this step back."""
    for table in (
        "review_rules",
        "blocked_buyer",
        "transfer_receipt",
        "payment_failure",
        "refund_line",
        "order_note",
    ):
        op.drop_table(table)
    op.drop_index("ix_incoming_event_payment_intent_id", table_name="incoming_event")
    op.drop_index("ix_incoming_event_object_id", table_name="incoming_event")
    op.drop_index("uq_refund_page_key", table_name="refund")
    op.drop_index("ix_payment_client_address", table_name="payment")
    for table, columns in _COLUMNS.items():
        _drop(table, columns)


def _add(table, columns):
    dialect = op.get_bind().dialect
    no = "0" if dialect.name == "sqlite" else "false"
    for name, kind, rest, check, condition in columns:
        type_name = dialect.type_compiler_instance.process(kind)
        own = f"\nCONSTRAINT ck_{table}_{check} CHECK ({condition})\n" if check else "\n"
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {name} {type_name} {rest.format(false=no)}{own}".rstrip(" ")
        )


def _drop(table, columns):
    for name, _, _, check, _ in reversed(columns):
        if check and op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(op.f(f"ck_{table}_{check}"), table, type_="check")
        op.drop_column(table, name)


def _create_notes():
    op.create_table(
        "order_note",
        sa.Column("id", _ID, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_note_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_note")),
    )
    op.create_index("ix_order_note_order_id", "order_note", ["order_id", "id"])


def _create_refund_line():
    op.create_table(
        "refund_line",
        sa.Column("id", _ID, nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("access", sa.String(length=40), nullable=False),
        sa.CheckConstraint("quantity >= 0 AND amount >= 0", name=op.f("ck_refund_line_not_negative")),
        sa.CheckConstraint("access IN ('keep', 'close')", name=op.f("ck_refund_line_access")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refund.id"], name=op.f("fk_refund_line_refund_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["order_line.id"],
            name=op.f("fk_refund_line_order_line_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_line")),
        sa.UniqueConstraint(
            "refund_id", "order_line_id", name=op.f("uq_refund_line_refund_id_order_line_id")
        ),
    )
    op.create_index("ix_refund_line_order_line_id", "refund_line", ["order_line_id"])


def _create_payment_failure():
    op.create_table(
        "payment_failure",
        sa.Column("id", _ID, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_id", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("card_fingerprint", sa.String(length=40), nullable=True),
        sa.Column("risk_level", sa.String(length=20), nullable=True),
        sa.Column("failed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_failure_payment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_failure")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_payment_failure_charge_id")),
    )
    op.create_index("ix_payment_failure_payment_id", "payment_failure", ["payment_id"])


def _create_transfer_receipt():
    op.create_table(
        "transfer_receipt",
        sa.Column("id", _ID, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("page_key", sa.String(length=22), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_receipt_amount_positive")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_transfer_receipt_payment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_receipt")),
        sa.UniqueConstraint("page_key", name=op.f("uq_transfer_receipt_page_key")),
    )
    op.create_index("ix_transfer_receipt_payment_id", "transfer_receipt", ["payment_id"])


def _create_blocked_buyer():
    op.create_table(
        "blocked_buyer",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('email', 'domain', 'network')", name=op.f("ck_blocked_buyer_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocked_buyer")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_blocked_buyer_kind_value")),
    )


def _create_review_rules():
    op.create_table(
        "review_rules",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("from_amount", sa.BigInteger(), nullable=True),
        sa.Column("countries", sa.String(length=800), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=True),
        sa.Column("risk_level", sa.String(length=20), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_review_rules_only_one")),
        sa.CheckConstraint(
            "from_amount IS NULL OR from_amount > 0", name=op.f("ck_review_rules_amount_positive")
        ),
        sa.CheckConstraint(
            "failures IS NULL OR failures > 0", name=op.f("ck_review_rules_failures_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_rules")),
    )
