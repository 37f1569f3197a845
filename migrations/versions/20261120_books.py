"""the ledger, and checkouts that may be brought to an end by a mail

What was paid and refunded before is written into the ledger at the day on which it is known to have moved.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_books"
down_revision = "20261120_parcels_and_returns"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = ("payment", "refund", "refund_back", "dispute", "dispute_back")
_OUTCOMES = (
    "sent", "bought", "called_off", "again", "opted_out", "asked_before", "money_back", "blocked", "nothing_left",
    "too_late",
)  # fmt: skip

_COUNT_REFUNDS = (
    "UPDATE refund SET counted_at = created_at WHERE status IN ('pending', 'requires_action', 'succeeded')"
)
_BOOK = """
    INSERT INTO ledger_entry (at, day, kind, amount, currency, order_id, payment_id, key)
    SELECT moved.at, {day}, moved.kind, moved.amount, moved.currency, moved.order_id, moved.payment_id, moved.key FROM (
        SELECT coalesce(settled_at, created_at) AS at, 'payment' AS kind, captured_amount AS amount, currency, order_id,
               id AS payment_id, 'payment:' || id AS key
        FROM payment WHERE captured_amount > 0
        UNION ALL
        SELECT r.counted_at, 'refund', -r.amount, r.currency, p.order_id, p.id, 'refund:' || r.id
        FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.counted_at IS NOT NULL
        UNION ALL
        SELECT d.created_at, 'dispute', -d.amount, d.currency, p.order_id, p.id, 'dispute:' || d.id || '\\:0'
        FROM dispute d JOIN payment p ON p.id = d.payment_id
        WHERE d.status IN ('needs_response', 'under_review', 'lost') AND d.amount > 0
    ) AS moved ORDER BY moved.at"""
_DAY = {"sqlite": "date(moved.at)", "postgresql": "(moved.at AT TIME ZONE 'UTC')::date"}

# The database has the last word: a line of the ledger is never changed and never taken away.
_KEEP = {
    "sqlite": (
        "CREATE TRIGGER ledger_entry_not_changed BEFORE UPDATE ON ledger_entry"
        " BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END",
        "CREATE TRIGGER ledger_entry_not_removed BEFORE DELETE ON ledger_entry"
        " BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION ledger_entry_kept() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the ledger is never changed'; END $$",
        "CREATE TRIGGER ledger_entry_kept BEFORE UPDATE OR DELETE ON ledger_entry"
        " FOR EACH ROW EXECUTE FUNCTION ledger_entry_kept()",
    ),
}


def upgrade() -> None:
    """Apply this step."""
    op.add_column("refund", sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("refund", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    _create_ledger()
    _create_recovery()
    # A check of a new column, which SQLite takes only with the column.
    op.execute(
        "ALTER TABLE shop_profile ADD COLUMN recovery VARCHAR(40) DEFAULT 'off' NOT NULL"
        " CONSTRAINT ck_shop_profile_recovery CHECK (recovery IN ('off', 'consent', 'objection'))"
    )
    op.add_column(
        "shop_profile",
        sa.Column("recovery_hours", sa.Integer(), server_default=sa.text("4"), nullable=False),
    )
    kind = op.get_bind().dialect.name
    op.execute(_COUNT_REFUNDS)
    op.execute(_BOOK.format(day=_DAY[kind]))
    for statement in _KEEP[kind]:
        op.execute(statement)


def downgrade() -> None:
    """Take this step back."""
    op.drop_column("shop_profile", "recovery_hours")
    op.drop_column("shop_profile", "recovery")
    op.drop_table("recovery_opt_out")
    op.drop_table("checkout_recovery")
    op.drop_table("unbalanced_day")
    op.drop_table("ledger_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_entry_kept()")
    op.drop_column("refund", "returned_at")
    op.drop_column("refund", "counted_at")


def _create_ledger() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('payment', 'refund_back', 'dispute_back') AND amount > 0)"
            " OR (kind IN ('refund', 'dispute') AND amount < 0)",
            name=op.f("ck_ledger_entry_sign"),
        ),
        sa.CheckConstraint(_is_one_of("kind", _KINDS), name=op.f("ck_ledger_entry_kind")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_ledger_entry_order_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_ledger_entry_payment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_entry_key")),
    )
    op.create_index(
        "ix_ledger_entry_day", "ledger_entry", ["day", "currency", "kind", "amount"], unique=False
    )
    op.create_index("ix_ledger_entry_order_id", "ledger_entry", ["order_id"], unique=False)
    op.create_index("ix_ledger_entry_payment_id", "ledger_entry", ["payment_id"], unique=False)
    op.create_table(
        "unbalanced_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("expected_amount", sa.BigInteger(), nullable=False),
        sa.Column("booked_amount", sa.BigInteger(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("pk_unbalanced_day")),
    )


def _create_recovery() -> None:
    op.create_table(
        "checkout_recovery",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("mailbox_sha256", sa.String(length=64), nullable=False),
        sa.Column("is_consent", sa.Boolean(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checkout_key", sa.String(length=22), nullable=True),
        sa.Column("recovered_order_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(_is_one_of("outcome", _OUTCOMES), name=op.f("ck_checkout_recovery_outcome")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_checkout_recovery_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recovered_order_id"],
            ["shop_order.id"],
            name=op.f("fk_checkout_recovery_recovered_order_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_checkout_recovery")),
        sa.UniqueConstraint("public_id", name=op.f("uq_checkout_recovery_public_id")),
    )
    op.create_index(
        "ix_checkout_recovery_undecided",
        "checkout_recovery",
        ["noted_at"],
        unique=False,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index(
        "ix_checkout_recovery_mailbox_sha256",
        "checkout_recovery",
        ["mailbox_sha256", "decided_at"],
        unique=False,
    )
    op.create_index(
        "ix_checkout_recovery_outcome", "checkout_recovery", ["outcome", "decided_at"], unique=False
    )
    op.create_index(
        op.f("ix_checkout_recovery_recovered_order_id"),
        "checkout_recovery",
        ["recovered_order_id"],
        unique=False,
    )
    op.create_table(
        "recovery_opt_out",
        sa.Column("mailbox_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailbox_sha256", name=op.f("pk_recovery_opt_out")),
    )


def _is_one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"
