"""reviews, and addresses that categories once had"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_reviews"
down_revision = "20261120_library_archive"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "review_opt_out",
        sa.Column("email_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email_sha256", name=op.f("pk_review_opt_out")),
    )
    op.create_table(
        "old_category_slug",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["category.id"],
            name=op.f("fk_old_category_slug_category_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_old_category_slug")),
    )
    op.create_index(
        op.f("ix_old_category_slug_category_id"), "old_category_slug", ["category_id"], unique=False
    )
    op.create_table(
        "review_reminder",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_review_reminder_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_review_reminder")),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_name", sa.String(length=60), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_reason", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(hidden_at IS NULL) = (hidden_reason IS NULL)", name=op.f("ck_review_hidden_with_reason")
        ),
        sa.CheckConstraint("(replied_at IS NULL) = (reply IS NULL)", name=op.f("ck_review_reply_has_time")),
        sa.CheckConstraint("rating >= 1 AND rating <= 5", name=op.f("ck_review_rating_of_five")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_review_account_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_review_order_line_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_review_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("product_id", "email", name=op.f("uq_review_product_id_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_review_public_id")),
    )
    op.create_index("ix_review_account_id", "review", ["account_id"], unique=False)
    op.create_index(op.f("ix_review_order_line_id"), "review", ["order_line_id"], unique=False)
    op.create_index("ix_review_product_id", "review", ["product_id", "id"], unique=False)
    op.create_index(
        "uq_review_product_id_account_id",
        "review",
        ["product_id", "account_id"],
        unique=True,
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_table(
        "review_picture",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("widths", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_picture_review_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_picture")),
        sa.UniqueConstraint("key", name=op.f("uq_review_picture_key")),
    )
    op.create_index(op.f("ix_review_picture_review_id"), "review_picture", ["review_id"], unique=False)
    op.add_column(
        "product", sa.Column("review_count", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "product", sa.Column("rating_sum", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(
        "ix_product_found", "product", ["id", "state", "published_at", "updated_at"], unique=False
    )
    op.add_column(
        "shop_profile",
        sa.Column("review_reminder_days", sa.Integer(), server_default=sa.text("10"), nullable=False),
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_column("shop_profile", "review_reminder_days")
    op.drop_index("ix_product_found", table_name="product")
    op.drop_column("product", "rating_sum")
    op.drop_column("product", "review_count")
    op.drop_index(op.f("ix_review_picture_review_id"), table_name="review_picture")
    op.drop_table("review_picture")
    op.drop_index(
        "uq_review_product_id_account_id",
        table_name="review",
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.drop_index("ix_review_product_id", table_name="review")
    op.drop_index(op.f("ix_review_order_line_id"), table_name="review")
    op.drop_index("ix_review_account_id", table_name="review")
    op.drop_table("review")
    op.drop_table("review_reminder")
    op.drop_index(op.f("ix_old_category_slug_category_id"), table_name="old_category_slug")
    op.drop_table("old_category_slug")
    op.drop_table("review_opt_out")
