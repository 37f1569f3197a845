"""what came in, by the time of payment, without reading the orders"""

from alembic import op

revision = "20261120_takings"
down_revision = "20261120_wishlist"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_index("ix_shop_order_paid_at", "shop_order", ["paid_at", "currency", "total_amount"])


def downgrade() -> None:
    """Take this step back."""
    op.drop_index("ix_shop_order_paid_at", table_name="shop_order")
