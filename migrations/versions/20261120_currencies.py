"""customers choose among the currencies that the shop takes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_currencies"
down_revision = "20261120_shelves"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply this step."""
    op.add_column("shop_profile", sa.Column("other_currencies", _JSON, nullable=True))
    op.add_column("product", sa.Column("other_prices", _JSON, nullable=True))
    op.add_column("cart_line", sa.Column("chosen_currency", sa.String(length=3), nullable=True))


def downgrade() -> None:
    """Take this step back."""
    op.drop_column("cart_line", "chosen_currency")
    op.drop_column("product", "other_prices")
    op.drop_column("shop_profile", "other_currencies")
