"""a random id of the shop, by which it knows its own payments at Stripe"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "20261120_shop_mark"
down_revision = "20261120_facets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    table = op.create_table(
        "shop_mark",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("mark", sa.String(length=22), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_shop_mark_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_mark")),
    )
    op.bulk_insert(table, [{"id": 1, "mark": secrets.token_urlsafe(16)}])


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("shop_mark")
