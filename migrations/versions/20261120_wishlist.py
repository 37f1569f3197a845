"""wishlists of visitors and customers"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_wishlist"
down_revision = "20261120_shop_mark"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "wishlist",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("share_id", sa.String(length=22), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_wishlist_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wishlist")),
        sa.UniqueConstraint("account_id", name=op.f("uq_wishlist_account_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_wishlist_public_id")),
        sa.UniqueConstraint("share_id", name=op.f("uq_wishlist_share_id")),
    )
    op.create_index("ix_wishlist_updated_at", "wishlist", ["updated_at"])
    op.create_table(
        "wishlist_entry",
        sa.Column("id", _ID, nullable=False),
        sa.Column("wishlist_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("was_available", sa.Boolean(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT, nullable=True),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_wishlist_entry_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_wishlist_entry_product_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_wishlist_entry_variant_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["wishlist_id"], ["wishlist.id"], name=op.f("fk_wishlist_entry_wishlist_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wishlist_entry")),
        sa.UniqueConstraint(
            "wishlist_id", "product_id", name=op.f("uq_wishlist_entry_wishlist_id_product_id")
        ),
    )
    op.create_index(op.f("ix_wishlist_entry_product_id"), "wishlist_entry", ["product_id"])
    op.create_index(op.f("ix_wishlist_entry_variant_id"), "wishlist_entry", ["variant_id"])


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("wishlist_entry")
    op.drop_table("wishlist")
